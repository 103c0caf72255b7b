import { leastBy, parseRatio, parseSize, shortSide } from '../domain/dimensions.js';

/** The supported lengths nearest to the one asked for: one, or two that are equally near. */
export function nearestDurations(wanted: number, supported: readonly number[]): readonly number[] {
  const least = Math.min(...supported.map((seconds) => Math.abs(seconds - wanted)));
  return supported.filter((seconds) => Math.abs(seconds - wanted) === least).sort((a, b) => a - b);
}

/** The supported resolution nearest to the one asked for. */
export function nearestResolution(wanted: string, supported: readonly string[]): string | undefined {
  return nearestBy(wanted, supported, (resolution) => [shortSide(resolution)]);
}

/** The supported aspect ratio nearest to the one asked for. */
export function nearestRatio(wanted: string, supported: readonly string[]): string | undefined {
  return nearestBy(wanted, supported, (ratio) => [parseRatio(ratio)]);
}

/** The supported size whose width and height come nearest to those asked for. */
export function nearestSize(wanted: string, supported: readonly string[]): string | undefined {
  return nearestBy(wanted, supported, (size) => [parseSize(size)?.width, parseSize(size)?.height]);
}

/** The candidate at the least distance on a logarithmic scale; undefined if the wanted value cannot be read. */
function nearestBy(
  wanted: string,
  candidates: readonly string[],
  measure: (value: string) => readonly (number | undefined)[],
): string | undefined {
  const target = measure(wanted);
  const far = (value: number | undefined, index: number): number =>
    Math.abs(Math.log((value ?? NaN) / (target[index] ?? NaN)));
  return leastBy(candidates, (candidate) =>
    measure(candidate).reduce<number>((sum, value, index) => sum + far(value, index), 0),
  );
}
