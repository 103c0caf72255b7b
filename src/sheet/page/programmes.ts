import type { SheetData, SheetTake } from './data.js';
import type { Differences } from './differences.js';
import type { Format } from './format.js';

/** The takes that are on the screen at one time; of an earlier clip of a take, how many came after it. */
export type Programme = readonly (SheetTake & { readonly before?: number })[];
export type Programmes = ReturnType<typeof makeProgrammes>;

/** Sorts takes into what a screening shows one after the other. */
export function makeProgrammes(
  data: SheetData,
  { format, differences }: { readonly format: Format; readonly differences: Differences },
) {
  /** More clips at once cannot be seen or decoded. */
  const MOST_AT_ONCE = 9;

  /** Each take that has a clip, alone. */
  function single(asked: readonly SheetTake[]): Programme[] {
    return asked.filter(hasClip).map((take) => [take]);
  }

  /** All takes and expansions of each shot together, those that a filter hides among them. */
  function sideBySide(asked: readonly SheetTake[]): Programme[] {
    const groups = new Map<string, SheetTake[]>();
    for (const { group } of asked) groups.set(group, []);
    for (const take of data.takes) if (hasClip(take)) groups.get(take.group)?.push(take);
    return [...groups.values()].flatMap((group) =>
      Array.from({ length: Math.ceil(group.length / MOST_AT_ONCE) }, (_, page) =>
        group.slice(page * MOST_AT_ONCE, (page + 1) * MOST_AT_ONCE),
      ),
    );
  }

  /** A take beside the clips that were made for it before, the newest first. */
  function withEarlier(take: SheetTake): Programme {
    const older = (take.earlier ?? []).toReversed().map((earlier, index) => ({
      ...{
        ...take,
        ...earlier,
        seed: earlier.seed,
        costUsd: earlier.costUsd,
        estimateUsd: earlier.estimateUsd,
      },
      ...{ picked: false, wanted: undefined, before: index + 1 },
    }));
    return [take, ...older].filter(hasClip).slice(0, MOST_AT_ONCE);
  }

  /** The programme that has a take, else one of the same shot, else the first. */
  function placeOf(take: SheetTake | undefined, programmes: readonly Programme[]): number {
    const exact = programmes.findIndex((programme) => programme.some((other) => other === take));
    const near = programmes.findIndex((programme) => programme.some(({ group }) => group === take?.group));
    return Math.max(0, exact === -1 ? near : exact);
  }

  /** What distinguishes a take from those beside it. */
  function apart(take: Programme[number], programme: Programme): string {
    const words = take.matrix.map(([, value]) => value);
    if (take.before !== undefined)
      words.unshift(take.before === 1 ? 'the one before' : `${take.before} before`);
    words.push(...differences.settings(take, programme));
    if (take.costUsd !== undefined) words.push(format.usd(take.costUsd));
    return [...new Set(words)].join(' · ');
  }

  function hasClip({ clips }: SheetTake): boolean {
    return clips.length > 0;
  }

  return { single, sideBySide, withEarlier, placeOf, apart, promptApart: differences.prompt };
}
