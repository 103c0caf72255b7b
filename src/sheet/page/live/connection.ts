import type { SheetPatch } from '../data.js';
import type { Stock } from '../stock.js';
import type { Objection, Passing } from './facts.js';

export type Connection = ReturnType<typeof makeConnection>;

/** Hears from the server what changes, and asks it to do things. `since`: what the page knows already. */
export function makeConnection({ stock, since }: { readonly stock: Stock; readonly since: string }) {
  const listeners: ((isThere: boolean) => void)[] = [];
  const passers: ((passing: Passing) => void)[] = [];
  let isThere = true;

  /** Begins to listen. The browser connects again by itself, and says what it has heard last. */
  function begin(): void {
    const source = new EventSource(`events?since=${encodeURIComponent(since)}`);
    source.addEventListener('patch', ({ data }: MessageEvent<string>) => {
      setThere(true);
      stock.update(JSON.parse(data) as SheetPatch);
    });
    source.addEventListener('passing', ({ data }: MessageEvent<string>) => {
      const passing = JSON.parse(data) as Passing;
      for (const passer of passers) passer(passing);
    });
    source.addEventListener('open', () => setThere(true));
    source.addEventListener('error', () => setThere(false));
  }

  function setThere(next: boolean): void {
    if (next === isThere) return;
    isThere = next;
    for (const listener of listeners) listener(isThere);
  }

  /** Asks the server to do something. Throws an Error with the server's words, and its hint as `cause`. */
  async function ask<T>(name: string, wish: object = {}): Promise<T> {
    const response = await fetch(`do/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wish),
    }).catch(() => {
      throw new Error('The server does not answer. Start dailies view again.');
    });
    const answer = (await response.json().catch(() => ({}))) as T & { readonly error?: Objection };
    if (response.ok) return answer;
    const { message = `The server says ${response.status}.`, hint, code } = answer.error ?? {};
    throw new Error(message, { cause: { hint, code } });
  }

  return {
    begin,
    ask,
    isThere: () => isThere,
    onThere: (listener: (isThere: boolean) => void) => void listeners.push(listener),
    onPassing: (passer: (passing: Passing) => void) => void passers.push(passer),
  };
}
