import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spentUsd } from '../../../src/cost/budget.js';
import type { Attempt } from '../../../src/domain/attempt.js';
import { readShotState } from '../../helpers/state.js';
import { inspect, type Scene } from '../invariants.js';
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
export async function audit(project: Audited, demand: Demand): Promise<string[]> {
  const attempts = await readShotState(project.lockfile).then(
    (state) => state.attempts(),
    () => [],
  );
  const found = await inspect(project, (prompt) => mayBeBought(prompt, { project, demand, attempts }), {
    sidecarsCount: true,
  });
  const broken = (['paidTwice', 'idsLost', 'torn', 'truncated'] as const).flatMap((kind) =>
    found[kind].map((what) => `${kind}: ${what}`),
  );
  return [...broken, ...spentTooLittle(project, attempts)];
}

/** As often as it was wanted at once, and once more for each job that failed, and each that a person has given up. */
function mayBeBought(
  prompt: string,
  known: { readonly project: Audited; readonly demand: Demand; readonly attempts: readonly Attempt[] },
): number {
  const { project, demand, attempts } = known;
  const { jobs, hasFailed } = project.server;
  const failed = jobs.filter((job) => job.body['prompt'] === prompt && hasFailed(job)).length;
  const freed = attempts.filter(
    ({ request, state }) => request.prompt === prompt && ['not_charged', 'abandoned'].includes(state.kind),
  ).length;
  return (demand.wanted.get(prompt) ?? 0) + (demand.rerendered.get(prompt) ?? 0) + failed + freed;
}

function spentTooLittle({ server }: Audited, attempts: readonly Attempt[]): string[] {
  const spent = spentUsd(attempts);
  let charged = 0;
  for (const { state } of attempts) {
    if ('job' in state && state.kind !== 'abandoned')
      charged += server.chargeOf(state.job.id, 'cost_usd' in state);
  }
  return spent + 1e-9 < charged ? [`counts $${spent} as spent, and was charged $${charged}`] : [];
}

/** Clips that were paid for and lie nowhere, in words. `isMissed` says which attempts' clips should be there. */
export async function missingClips(
  { lockfile, output, server }: Audited,
  isMissed: (attempt: Attempt) => boolean,
): Promise<string[]> {
  const names = (await readdir(output, { recursive: true })).filter((name) => name.endsWith('.mp4'));
  const there = new Set<string>();
  for (const name of names) there.add(sha256(await readFile(join(output, name))));
  const attempts = (await readShotState(lockfile)).attempts().filter(isMissed);
  return attempts.flatMap(({ owner, state }) => {
    if (!('job' in state) || state.kind === 'abandoned') return [];
    const job = server.jobs.find(({ id }) => id === state.job.id);
    if (!job || server.hasFailed(job) || there.has(sha256(server.clipOf(job)))) return [];
    return [`the clip of ${job.id}, bought for ${owner.shot}@${owner.take} and ${state.kind}, is nowhere`];
  });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
