import type { SheetTake } from './data.js';
import type { Format } from './format.js';

export type Differences = ReturnType<typeof makeDifferences>;

/** A stretch of a prompt, and whether the first take has it, too. */
export interface Stretch {
  readonly text: string;
  readonly isOwn: boolean;
}

/** Says in what the requests of takes side by side differ. */
export function makeDifferences(format: Format) {
  /** Longer prompts are shown as they are: nobody finds a word in them anyway. */
  const MOST_WORDS = 600;

  /** The settings of a take that not all of them have alike, with its values. */
  function settings(take: SheetTake, others: readonly SheetTake[]): string[] {
    const values = (one: SheetTake): Map<string, string> =>
      new Map([...one.settings, ['model', format.model(one.model)], ['seed', String(one.seed ?? '–')]]);
    const all = others.map(values);
    const names = [...new Set(all.flatMap((one) => [...one.keys()]))];
    const apart = names.filter((name) => new Set(all.map((one) => one.get(name) ?? '–')).size > 1);
    const own = values(take);
    return apart.map((name) =>
      name === 'model' ? (own.get(name) ?? '') : `${name} ${own.get(name) ?? '–'}`,
    );
  }

  /** The prompt of a take, with the words marked that the first one does not have; undefined if all prompts are alike. */
  function prompt(take: SheetTake, others: readonly SheetTake[]): Stretch[] | undefined {
    const [first] = others;
    if (first === undefined || others.every((one) => one.prompt === first.prompt)) return undefined;
    const [mine, its] = [wordsOf(take.prompt), wordsOf(first.prompt)];
    if (take === first || mine.length > MOST_WORDS || its.length > MOST_WORDS)
      return [{ text: take.prompt, isOwn: false }];
    const shared = sharedOf(mine, its);
    const stretches: { text: string; isOwn: boolean }[] = [];
    mine.forEach((word, index) => {
      const isOwn = !shared.has(index);
      const last = stretches.at(-1);
      if (last?.isOwn === isOwn) last.text += word;
      else stretches.push({ text: word, isOwn });
    });
    return stretches;
  }

  /** Words with the white space behind them. */
  function wordsOf(text: string): string[] {
    return text.match(/\S+\s*|^\s+/g) ?? [];
  }

  /** The places of the words in a longest common sequence. */
  function sharedOf(mine: readonly string[], its: readonly string[]): Set<number> {
    const same = (a: number, b: number): boolean => mine[a]?.trim() === its[b]?.trim();
    const lengths = Array.from({ length: mine.length + 1 }, () => new Uint16Array(its.length + 1));
    const lengthAt = (a: number, b: number): number => lengths[a]?.[b] ?? 0;
    for (let a = mine.length - 1; a >= 0; a -= 1) {
      const row = lengths[a];
      for (let b = its.length - 1; b >= 0; b -= 1)
        if (row)
          row[b] = same(a, b) ? lengthAt(a + 1, b + 1) + 1 : Math.max(lengthAt(a + 1, b), lengthAt(a, b + 1));
    }
    const shared = new Set<number>();
    for (let a = 0, b = 0; a < mine.length && b < its.length;) {
      if (same(a, b)) {
        shared.add(a);
        a += 1;
        b += 1;
      } else if (lengthAt(a + 1, b) >= lengthAt(a, b + 1)) a += 1;
      else b += 1;
    }
    return shared;
  }

  return { settings, prompt };
}
