import { basename } from 'node:path';
import { spentUsd } from '../../../src/cost/budget.js';
import type { Attempt } from '../../../src/domain/attempt.js';
import { readShotState } from '../../helpers/state.js';
import { clipsBelow, inspect, sha256, type Known, type Scene } from '../invariants.js';
import type { GatewayOfFates } from './gateway-of-fates.js';

/** A project at one moment, and the gateway it buys from. */
export interface Audited extends Omit<Scene, 'server'> {
  readonly server: GatewayOfFates;
}

/** How often each prompt was wanted at once, and how often it was ordered anew on purpose. */
export interface Demand {
  readonly wanted: ReadonlyMap<string, number>;
  readonly rerendered: ReadonlyMap<string, number>;
}

/** What must never be found, at whatever moment one looks; in words. */
export async function audit(
  project: Audited,
  { demand, ...known }: Omit<Known, 'wanted'> & { readonly demand: Demand },
): Promise<string[]> {
  const attempts = await readShotState(project.lockfile, known.home).then(
    (state) => state.attempts(),
    () => [],
  );
  const wanted = (prompt: string) => mayBeBought(prompt, { server: project.server, demand, attempts });
  const found = await inspect(project, { wanted, ...known });
  const broken = (['paidTwice', 'idsLost', 'torn', 'truncated'] as const).flatMap((kind) =>
    found[kind].map((what) => `${kind}: ${what}`),
  );
  return [...broken, ...spentTooLittle(project, attempts)];
}

/** As often as it was wanted at once, and once more for each job that failed, and each that a person has given up. */
export function mayBeBought(
  prompt: string,
  known: { readonly server: GatewayOfFates; readonly demand: Demand; readonly attempts: readonly Attempt[] },
): number {
  const { server, demand, attempts } = known;
  const { jobs, hasFailed } = server;
  const failed = jobs.filter((job) => job.body['prompt'] === prompt && hasFailed(job)).length;
  const freed = attempts.filter(
    ({ request, state }) => request.prompt === prompt && ['not_charged', 'abandoned'].includes(state.kind),
  ).length;
  return (demand.wanted.get(prompt) ?? 0) + (demand.rerendered.get(prompt) ?? 0) + failed + freed;
}

export function spentTooLittle({ server }: Pick<Audited, 'server'>, attempts: readonly Attempt[]): string[] {
  const spent = spentUsd(attempts);
  let charged = 0;
  for (const { state } of attempts) {
    if ('job' in state && state.kind !== 'abandoned')
      charged += server.chargeOf(state.job.id, 'cost_usd' in state);
  }
  return spent + 1e-9 < charged ? [`counts $${spent} as spent, and was charged $${charged}`] : [];
}

/** Clips that were paid for and are not in the store, in words. */
export async function missingClips(
  { store, server }: Pick<Audited, 'store' | 'server'>,
  attempts: readonly Attempt[],
): Promise<string[]> {
  const there = new Set((await clipsBelow(store)).map((name) => basename(name, '.mp4')));
  return attempts.flatMap(({ owner, state }) => {
    if (!('job' in state) || state.kind === 'abandoned') return [];
    const job = server.jobs.find(({ id }) => id === state.job.id);
    if (!job || server.hasFailed(job) || there.has(sha256(server.clipOf(job)))) return [];
    return [
      `the clip of ${job.id}, bought for ${owner.shot}@${owner.take} and ${state.kind}, is not in the store`,
    ];
  });
}
