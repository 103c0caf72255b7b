import { nearest } from '../domain/nearest.js';

/** The name that a mistyped one most likely meant, or undefined. */
export type Suggest = (word: string, candidates: () => Iterable<string>) => string | undefined;

/** Comparisons of names that one manifest is worth: a second or so. */
const MOST_COMPARISONS = 300_000;

/**
 * Suggests names until that has become dear: ten thousand mistakes among ten thousand names would take minutes,
 * and nobody reads the ten thousandth suggestion.
 */
export function suggester(): Suggest {
  const known = new Map<string, string | undefined>();
  let comparisons = 0;
  return (word, candidates) => {
    if (known.has(word)) return known.get(word);
    if (comparisons > MOST_COMPARISONS) return undefined;
    const names = [...candidates()];
    comparisons += names.length;
    const meant = nearest(word, names);
    known.set(word, meant);
    return meant;
  };
}
