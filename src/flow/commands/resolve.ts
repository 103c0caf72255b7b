import { isoNow } from '../../clock.js';
import type { Attempt, AttemptEvent } from '../../domain/attempt.js';
import { takeName, type TakeRef } from '../../domain/take.js';
import { DailiesError } from '../../errors.js';
import type { Gateway } from '../../gateway/gateway.js';
import { slotKey } from '../../plan/graph.js';
import type { ProjectAttempts } from '../../store/attempt-store.js';
import { openState } from '../batch/state.js';
import { connect, gatewayIdentity, type Connections } from '../project/connections.js';
import { keyUnnamed, mayUseKey } from '../project/name-key.js';
import type { Project } from '../project/project.js';
import { takenJob } from '../../store/settlement.js';
import { usageOfKey } from '../work/usage-hint.js';
import { chooseOpen, findOpen } from './open-attempts.js';

/** How an uncertain submit is settled. */
export type Settlement =
  /** The gateway did take it: this is its job. */
  | { readonly as: 'job'; readonly jobId: string }
  /** The gateway did not take it: the shot is free again. */
  | { readonly as: 'not_charged' }
  /** It is given up, charged or not; its estimate stays counted as spent. Lost jobs too. */
  | { readonly as: 'abandoned' };

/** One attempt that was settled. */
export interface Settled {
  readonly owner: TakeRef;
  readonly as: Settlement['as'];
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** What `dailies resolve` has done, and what the gateway says of the key, to help judge what was charged. */
export interface Resolution {
  readonly settled: readonly Settled[];
  /** US dollars the key has used in all, if the gateway tells. */
  readonly usage_usd?: number;
}

/**
 * Settles uncertain submits, and gives up lost jobs. `shots` are shot ids, manifest ids or take keys; `all` means every one
 * there is.
 * Throws `usage` if a shot has nothing to settle, `job-unknown` if the gateway does not know the job,
 * `key-unnamed`, `key-refused` and `gateway-unreachable` if the gateway cannot be asked.
 */
export async function resolveShots(
  project: Project,
  request: {
    readonly shots: readonly string[];
    readonly all?: boolean;
    readonly settlement: Settlement;
    /** Send the key also to a gateway that only the manifest names. */
    readonly withKey?: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<Resolution> {
  const { withKey } = request;
  const { target } = project;
  const signal = request.signal ?? new AbortController().signal;
  const connections = connect(project, { usesKey: mayUseKey(target, withKey) });
  try {
    const settled = await settleOpen(project, { ...request, connections, signal });
    // Asked without the lock: a person who settles the next submit does not wait for it.
    const usage = await usageOfKey(project, { connections, signal });
    return { settled, ...(usage === undefined ? {} : { usage_usd: usage }) };
  } finally {
    await connections.close();
  }
}

async function settleOpen(
  project: Project,
  request: Pick<Parameters<typeof resolveShots>[1], 'shots' | 'all' | 'settlement'> & {
    readonly connections: Connections;
    readonly signal: AbortSignal;
  },
): Promise<readonly Settled[]> {
  const { settlement, connections, signal } = request;
  const { attempts: store, close } = await openState(project);
  try {
    const open = await findOpen(project, store, { lost: settlement.as === 'abandoned' });
    const chosen = request.all
      ? open.map(({ attempt }) => attempt)
      : chooseOpen(open, request.shots).map(({ attempt }) => attempt);
    const event = await eventOf(settlement, { project, chosen, store, connections, signal });
    const settled: Settled[] = [];
    for (const attempt of chosen) {
      const at = isoNow(project.clock);
      await store.record(attempt, { ...event, at });
      settled.push({ owner: attempt.owner, as: settlement.as, at });
    }
    return settled;
  } finally {
    await close();
  }
}

type Undated<E = Extract<AttemptEvent, { type: 'resolved' }>> = E extends unknown ? Omit<E, 'at'> : never;

/** The events that settle the chosen attempts. A given job has to be one that can be theirs. */
async function eventOf(
  settlement: Settlement,
  about: {
    readonly project: Project;
    readonly chosen: readonly Attempt[];
    readonly store: ProjectAttempts;
    readonly connections: Connections;
    readonly signal: AbortSignal;
  },
): Promise<Undated> {
  const { project, chosen, store, connections, signal } = about;
  if (settlement.as !== 'job') return { type: 'resolved', as: settlement.as };
  const { jobId } = settlement;
  if (jobId.trim() === '')
    throw new DailiesError('usage', 'the job id is empty', { hint: 'name it with --job-id' });
  const [attempt, ...others] = chosen;
  if (!attempt || others.length > 0) {
    const names = chosen.map(({ owner }) => slotKey(owner)).join(', ');
    throw new DailiesError('usage', 'a job belongs to one shot', {
      hint: names === '' ? 'no shot has anything to settle' : `name one of these with --job-id: ${names}`,
    });
  }
  const { unnamed } = project.target;
  if (unnamed && !connections.usesKey && attempt.gateway === gatewayIdentity(project.target))
    throw keyUnnamed(unnamed);
  const gateway = await connections.of(attempt);
  if (!gateway) {
    throw new DailiesError('usage', `the submit of ${takeName(attempt.owner)} went to ${attempt.gateway}`, {
      hint: `resolve it with --gateway ${attempt.gateway}: only that gateway knows its job`,
    });
  }
  await assertJob({ gateway, store, attempt, jobId, signal });
  return { type: 'resolved', as: 'job', job: { id: jobId } };
}

/** A job is taken in only if the gateway knows it, and no other attempt is it. */
async function assertJob(about: {
  readonly gateway: Gateway;
  readonly store: ProjectAttempts;
  /** The attempt that gets the job. */
  readonly attempt: Attempt;
  readonly jobId: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { gateway, store, attempt, jobId, signal } = about;
  const sameGateway = store.attempts().filter(({ gateway }) => gateway === attempt.gateway);
  const holder = sameGateway.find(({ state }) => 'job' in state && state.job.id === jobId);
  if (holder) throw takenJob(jobId, holder);
  const outcome = await gateway.poll({ id: jobId }, signal);
  switch (outcome.kind) {
    case 'not_found':
      throw new DailiesError('job-unknown', `the gateway knows no job ${jobId}: ${outcome.message}`, {
        hint: 'check the id; if there is no job, settle the shot with --not-charged',
      });
    case 'key_refused':
      throw new DailiesError('key-refused', outcome.message, { hint: gateway.keyHint });
    case 'unavailable':
      throw new DailiesError(
        'gateway-unreachable',
        `the gateway could not be asked for job ${jobId}: ${outcome.message}`,
        { hint: 'try again later: nothing has changed' },
      );
    default:
  }
}
