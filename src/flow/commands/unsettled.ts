import type { Attempt } from '../../domain/attempt.js';
import { defined } from '../../domain/defined.js';
import { sumUsd } from '../../domain/money.js';
import type { Generation, Unsettled, UsageSince } from '../../domain/unsettled.js';
import { mayBe } from '../../domain/unsettled.js';
import { DailiesError } from '../../errors.js';
import { slotKey } from '../../plan/graph.js';
import { openState } from '../batch/state.js';
import { connect, gatewayIdentity, type Connections } from '../project/connections.js';
import { keyUnnamed, mayUseKey } from '../project/name-key.js';
import type { Project } from '../project/project.js';
import { usageOfKey } from '../work/usage-hint.js';
import { chooseOpen, findOpen } from './open-attempts.js';

/** Attempts to settle, with everything that helps to find out what became of them. It settles nothing. */
export interface UnsettledAccount {
  readonly unsettled: readonly Unsettled[];
  /** US dollars the key has used in all, if the gateway tells. */
  readonly usage_usd?: number;
  /** What the gateway's accounts say of a request that was asked for. */
  readonly generation?: AskedGeneration;
}

/** An answer of the accounts about one id. `may_be`: the takes whose submit it can be. */
export type AskedGeneration =
  | (Generation & { readonly found: true; readonly may_be: readonly string[] })
  /** It proves nothing: gateways enter requests late, and some enter no videos. */
  | { readonly found: false; readonly id: string; readonly message: string };

/**
 * Tells when uncertain submits and lost jobs were sent, what was asked for, and what the key has used since; and what
 * the gateway's accounts say of `generation`. `shots` as for `resolveShots`; none: all there are.
 * Throws `usage` if a shot has nothing to settle, and `key-unnamed` if the accounts cannot be asked.
 */
export async function unsettledShots(
  project: Project,
  request: {
    readonly shots: readonly string[];
    readonly generation?: string | undefined;
    /** Send the key also to a gateway that only the manifest names. */
    readonly withKey?: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<UnsettledAccount> {
  const { shots, generation: id, withKey } = request;
  const { target } = project;
  const signal = request.signal ?? new AbortController().signal;
  const { attempts: store, close } = await openState(project);
  const connections = connect(project, { usesKey: mayUseKey(target, withKey) });
  try {
    const open = await findOpen(project, store, { lost: true });
    const chosen = shots.length === 0 ? open : chooseOpen(open, shots);
    const usage_usd = await usageOfKey(project, { connections, signal });
    const here = gatewayIdentity(target);
    const unsettled = chosen.map(({ attempt }) =>
      describe(attempt, store.attempts(), attempt.gateway === here ? usage_usd : undefined),
    );
    const generation =
      id === undefined ? undefined : await ask(id, { project, connections, unsettled, signal });
    return { unsettled, ...defined({ usage_usd, generation }) };
  } finally {
    await connections.close();
    await close();
  }
}

function describe(attempt: Attempt, all: readonly Attempt[], nowUsd: number | undefined): Unsettled {
  const { owner, gateway, estimate, state, times } = attempt;
  const { frame_images, input_references, previous_job_id, ...request } = attempt.request;
  const isUncertain = state.kind === 'uncertain';
  return {
    ...{ owner, gateway, estimate, request },
    state: isUncertain ? 'uncertain' : 'lost',
    message: wordsOf(attempt),
    ...defined({
      job_id: 'job' in state ? state.job.id : undefined,
      submitted_at: times.submitted === undefined ? undefined : new Date(times.submitted).toISOString(),
      lost_at: isUncertain ? state.since : undefined,
      usage: isUncertain ? usageSince(attempt, all, nowUsd) : undefined,
    }),
  };
}

function wordsOf({ state }: Attempt): string {
  if (state.kind === 'delivered') return state.lost ?? '';
  return 'message' in state ? state.message : '';
}

function usageSince(
  { state, gateway }: Attempt,
  all: readonly Attempt[],
  nowUsd: number | undefined,
): UsageSince | undefined {
  const before = state.kind === 'uncertain' ? state.usage_before : undefined;
  if (!before) return undefined;
  const since = Date.parse(before.at);
  const ended = all.filter((other) => other.gateway === gateway && (other.times.completed ?? 0) >= since);
  const costs = ended.flatMap((other) => ('cost_usd' in other.state ? (other.state.cost_usd ?? []) : []));
  const known = { before_usd: before.usd, asked_at: before.at, known_usd: sumUsd(costs) };
  return { ...known, ...defined({ now_usd: nowUsd }) };
}

async function ask(
  id: string,
  {
    project: { target },
    connections,
    unsettled,
    signal,
  }: {
    readonly project: Project;
    readonly connections: Connections;
    readonly unsettled: readonly Unsettled[];
    readonly signal: AbortSignal;
  },
): Promise<AskedGeneration> {
  if (id.trim() === '')
    throw new DailiesError('usage', 'the id is empty', { hint: 'name it with --generation' });
  if (target.unnamed && !connections.usesKey) throw keyUnnamed(target.unnamed);
  const outcome = await (await connections.current()).generation(id, signal);
  if (outcome.kind === 'unknown') return { found: false, id, message: outcome.message };
  const here = gatewayIdentity(target);
  const fits = unsettled.filter((open) => open.gateway === here && mayBe(outcome.generation, open));
  return { found: true, ...outcome.generation, may_be: fits.map(({ owner }) => slotKey(owner)) };
}
