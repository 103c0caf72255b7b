import { DailiesError } from '../errors.js';

/** What a page has sent: nothing in it is known to be what it should be. */
export type Wish = Readonly<Record<string, unknown>>;

/** A text of a wish that is not empty. Throws `usage`. */
export function text(wish: Wish, name: string): string {
  const value = wish[name];
  if (typeof value === 'string' && value.length > 0) return value;
  throw unreadable(name);
}

/** What to throw where a page sends something else than ours does. */
export function unreadable(name: string): DailiesError {
  return new DailiesError('usage', `the page sent no ${name} that can be read`, {
    hint: 'load the page again: it may be of an older version',
  });
}
