/** A finite number, also where it is written as a decimal text; undefined for everything else. */
export function decimal(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\s*-?\d+(\.\d+)?(e[+-]?\d+)?\s*$/i.test(value))
    return decimal(Number(value));
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
