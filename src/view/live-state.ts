import type { SheetHead, SheetPatch, SheetTake } from '../sheet/page/index.js';

/** A patch, and what the page then knows. */
export interface Revised {
  readonly revision: number;
  readonly patch: SheetPatch;
}

/** What is shown at this moment, and what of it a page does not know yet. */
export interface LiveState {
  readonly revision: number;
  head(): SheetHead | undefined;
  takes(): readonly SheetTake[];
  /** Takes in what is to be shown now; gives what has changed, or undefined if that is nothing. */
  publish(next: { readonly head: SheetHead; readonly takes: readonly SheetTake[] }): Revised | undefined;
  /** What a page that knows a revision has missed; all of it for one that knows none. */
  since(revision: number): SheetPatch;
}

/**
 * Counts revisions, and keeps at which each take has changed last: so a page that slept for an hour is given just the takes that are
 * not as it knows them, and nobody keeps a history.
 */
export function createLiveState(): LiveState {
  let revision = 0;
  let order: readonly string[] = [];
  let orderedAt = 0;
  let head: SheetHead | undefined;
  let headText = '';
  let headAt = 0;
  const known = new Map<string, { readonly text: string; readonly take: SheetTake; readonly at: number }>();

  return {
    get revision() {
      return revision;
    },
    head: () => head,
    takes: () => order.flatMap((key) => known.get(key)?.take ?? []),

    publish(next) {
      const at = revision + 1;
      const changed: SheetTake[] = [];
      for (const take of next.takes) {
        const text = JSON.stringify(take);
        if (known.get(take.key)?.text === text) continue;
        known.set(take.key, { text, take, at });
        changed.push(take);
      }
      const keys = next.takes.map(({ key }) => key);
      const isReordered = keys.length !== order.length || keys.some((key, index) => key !== order[index]);
      // The moment of the look alone is no news.
      const text = JSON.stringify({ ...next.head, generatedAt: 0 });
      const isNewHead = text !== headText;
      if (changed.length === 0 && !isReordered && !isNewHead) return undefined;
      revision = at;
      head = next.head;
      if (isNewHead) [headText, headAt] = [text, at];
      if (isReordered) {
        [order, orderedAt] = [keys, at];
        const kept = new Set(keys);
        for (const key of known.keys()) if (!kept.has(key)) known.delete(key);
      }
      return {
        revision,
        patch: { head, takes: changed, ...(isReordered ? { order } : {}) },
      };
    },

    since(before) {
      const takes = [...known.values()].filter(({ at }) => at > before).map(({ take }) => take);
      return {
        takes,
        ...(headAt > before || takes.length > 0 ? { head } : {}),
        ...(orderedAt > before ? { order } : {}),
      };
    },
  };
}
