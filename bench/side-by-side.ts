import { measure } from './measure.js';
import type { Usage } from './probe.js';
import { withFolder, type Client, type Work } from './work.js';

/** What one client used, round by round. */
export type Rounds = readonly Usage[];

/**
 * Measures clients at the same work, turn by turn, so that whatever else the machine does meets them all.
 */
export async function measureSideBySide(
  clients: readonly Client[],
  { work, rounds }: { readonly work: Work; readonly rounds: number },
): Promise<ReadonlyMap<Client, Rounds>> {
  const results = new Map<Client, Usage[]>(clients.map((client) => [client, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [client, usages] of results) {
      usages.push(await withFolder(async (folder) => measure(await client.prepare(work, folder))));
    }
  }
  return results;
}

/** The least of a quantity over the rounds: what it takes when nothing else is in the way. */
export function least(rounds: Rounds, quantity: keyof Usage): number {
  return Math.min(...rounds.map((usage) => usage[quantity]));
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
