import type { Model } from '../domain/catalogue.js';

/** "4, 6 or 8". */
export function eitherOf(values: readonly (string | number)[]): string {
  return joined(values, 'or');
}

/** "16:9 and 9:16". */
export function allOf(values: readonly (string | number)[]): string {
  return joined(values, 'and');
}

/** The lengths that a model makes: "4, 6 or 8 s", or "any length from 4 to 15 s". */
export function lengths(seconds: readonly number[]): string {
  const sorted = [...seconds].sort((a, b) => a - b);
  const first = sorted[0];
  const last = sorted.at(-1);
  const isGapless = sorted.every((value, index) => value === (first ?? 0) + index);
  if (sorted.length > 3 && isGapless) return `any length from ${first ?? 0} to ${last ?? 0} s`;
  return `${eitherOf(sorted)} s`;
}

/** A value in a sentence: in quotes if its ends would not show. */
export function quotedIfOdd(value: string): string {
  return /^\S+$/.test(value) ? value : JSON.stringify(value);
}

/** What an upscaler does: "1.5 to 3 times". */
export function enlargement({ min, max }: { readonly min?: number; readonly max?: number }): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max} times`;
  if (max !== undefined) return `up to ${max} times`;
  return min === undefined ? 'by any factor' : `${min} times and more`;
}

/** The first few of the models' ids, and how many more there are. */
export function someOf(models: readonly Model[]): string {
  const ids = models.slice(0, 6).map((model) => model.id);
  const more = models.length - ids.length;
  return more > 0 ? `${ids.join(', ')} and ${more} more (\`dailies models\` lists them)` : allOf(ids);
}

function joined(values: readonly (string | number)[], conjunction: string): string {
  const last = values.at(-1) ?? '';
  return values.length < 2 ? String(last) : `${values.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}
