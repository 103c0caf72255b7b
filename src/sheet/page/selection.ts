import type { SheetData, SheetTake, StateGroup } from './data.js';
import type { Picks } from './picks.js';
import type { Stock } from './stock.js';

export type Selection = ReturnType<typeof makeSelection>;
export type SortKey = 'order' | 'cost' | 'length';
/** The meaning of a filter chip. */
export type Trait = StateGroup | 'warned' | 'picked';

/** What the reader asked to see. */
export interface Query {
  readonly words: string;
  /** A take is shown that has any of the states, and each of `warned` and `picked`; empty: all. */
  readonly traits: ReadonlySet<Trait>;
  /** Empty: all. */
  readonly model: string;
  /** Empty: all. */
  readonly tag: string;
  readonly sort: SortKey;
  readonly descending: boolean;
}

/** Chooses and orders takes. */
export function makeSelection(
  data: SheetData,
  { picks, stock }: { readonly picks: Picks; readonly stock: Stock },
) {
  const haystacks = new Map<SheetTake, string>();
  let places = placesNow();

  stock.onChange(({ takes, isNewList }) => {
    for (const take of takes) haystacks.delete(take);
    if (isNewList) places = placesNow();
  });

  function placesNow(): Map<SheetTake, number> {
    return new Map(data.takes.map((take, index) => [take, index]));
  }

  /** The takes that match a query, in its order. */
  function select(query: Query): SheetTake[] {
    const words = query.words.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = data.takes.filter((take) => {
      return (
        hasWords(take, words) &&
        hasTraits(take, query.traits) &&
        (query.model === '' || take.model === query.model) &&
        (query.tag === '' || take.tags.includes(query.tag))
      );
    });
    const sign = query.descending ? -1 : 1;
    return shown.sort((a, b) => {
      const [left, right] = [valueOf(a, query.sort), valueOf(b, query.sort)];
      // Takes without a cost or length come last in either direction.
      if (left === undefined || right === undefined)
        return Number(left === undefined) - Number(right === undefined);
      return sign * (left - right);
    });
  }

  function hasWords(take: SheetTake, words: readonly string[]): boolean {
    if (words.length === 0) return true;
    const text = haystacks.get(take) ?? haystack(take);
    haystacks.set(take, text);
    return words.every((word) => text.includes(word));
  }

  function hasTraits(take: SheetTake, traits: ReadonlySet<Trait>): boolean {
    if (traits.has('warned') && !isWarned(take)) return false;
    if (traits.has('picked') && picks.pickOf(take.shot) !== take.take) return false;
    const states = [...traits].filter((trait) => trait !== 'warned' && trait !== 'picked');
    return states.length === 0 || states.includes(take.state);
  }

  function valueOf(take: SheetTake, sort: SortKey): number | undefined {
    if (sort === 'cost') return take.costUsd ?? take.estimateUsd;
    if (sort === 'length') return take.clips.length === 0 ? undefined : lengthOf([take]);
    return places.get(take);
  }

  function haystack(take: SheetTake): string {
    const facts = [...take.matrix, ...take.settings].flat();
    return [
      take.key,
      take.group,
      take.prompt,
      take.wanted,
      take.model,
      take.stateWords,
      take.reason,
      take.job,
      take.seed,
    ]
      .concat(take.tags, take.brief, facts)
      .join('\n')
      .toLowerCase();
  }

  function isWarned(take: SheetTake): boolean {
    return take.clips.some((clip) => clip.warnings.length > 0);
  }

  /** Seconds of all clips of these takes. */
  function lengthOf(takes: readonly SheetTake[]): number {
    return takes.flatMap(({ clips }) => clips).reduce((sum, { seconds }) => sum + seconds, 0);
  }

  /** Seconds of a film of these takes: of a job with several clips, the first counts. */
  function filmOf(takes: readonly SheetTake[]): number {
    return takes.reduce((sum, { clips }) => sum + (clips[0]?.seconds ?? 0), 0);
  }

  /** What these takes have cost in US dollars, or are expected to cost if the gateway does not say. */
  function costOf(takes: readonly SheetTake[]): number {
    return takes.reduce((sum, { costUsd, estimateUsd = 0 }) => sum + (costUsd ?? estimateUsd), 0);
  }

  return { select, isWarned, lengthOf, filmOf, costOf };
}
