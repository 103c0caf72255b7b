import type { SheetData, SheetPatch, SheetTake } from './data.js';

export type Stock = ReturnType<typeof makeStock>;

/** What has changed at once. */
export interface Change {
  /** Takes that are not as they were, new ones included. */
  readonly takes: ReadonlySet<SheetTake>;
  /** Whether takes were added, removed or put into another order. */
  readonly isNewList: boolean;
}

/**
 * Keeps the page's data up to date, and tells the parts that show it. A take stays the same object as long as the page is open, so
 * that whoever holds one sees it as it is now; this function alone changes them. A sheet from a disk never changes.
 */
export function makeStock(data: SheetData) {
  type Writable<T> = { -readonly [K in keyof T]: T[K] };
  const own = data as Writable<SheetData>;
  const byKey = new Map(data.takes.map((take) => [take.key, take]));
  const listeners: ((change: Change) => void)[] = [];

  function update({ head, takes = [], order }: SheetPatch): void {
    const changed = new Set(takes.map(takeIn));
    if (head !== undefined) Object.assign(own, head);
    if (order !== undefined) {
      own.takes = order.flatMap((key) => byKey.get(key) ?? []);
      const kept = new Set(order);
      for (const key of byKey.keys()) if (!kept.has(key)) byKey.delete(key);
    }
    const change = { takes: changed, isNewList: order !== undefined };
    for (const listener of listeners) listener(change);
  }

  function takeIn(next: SheetTake): SheetTake {
    const take = byKey.get(next.key);
    if (take === undefined) {
      byKey.set(next.key, next);
      return next;
    }
    const old: Writable<Partial<SheetTake>> = take;
    for (const name of Object.keys(old) as (keyof SheetTake)[])
      if (!(name in next)) Reflect.deleteProperty(old, name);
    Object.assign(take, next);
    return take;
  }

  return {
    update,
    find: (key: string) => byKey.get(key),
    onChange: (listener: (change: Change) => void) => void listeners.push(listener),
  };
}
