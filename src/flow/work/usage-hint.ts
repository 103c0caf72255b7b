import { isoNow, type Clock } from '../../clock.js';
import type { UsageBefore } from '../../domain/attempt.js';
import { dollars, roundUsd } from '../../domain/money.js';
import { isUncertain } from '../../domain/standing.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { Connections } from '../project/connections.js';
import type { Project } from '../project/project.js';
import { reportedUsd, type TakeOutcome } from './take-outcome.js';
import { unlessStopped, warn, type WorkTools } from './tools.js';

/** Asks what the key has used before a run. The answer is looked at only if a submit's answer was lost, and never waited for. */
export function usageBefore(asked: Promise<number | undefined>, clock: Clock): () => UsageBefore | undefined {
  const at = isoNow(clock);
  let before: UsageBefore | undefined;
  void asked.then((usd) => (before = usd === undefined ? undefined : { usd, at }));
  return () => before;
}

/** US dollars the key has used in all; undefined if the gateway does not tell. Never rejects. */
export async function usageOf(
  open: () => Promise<Gateway>,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    return (await unlessStopped((await open()).keyUsage(signal), signal))?.usage_usd;
  } catch {
    return undefined;
  }
}

/** The same of a project's key, if it is one that may be used; a sandbox has none. Takes no lock. */
export async function usageOfKey(
  { target }: Pick<Project, 'target'>,
  { connections, signal }: { readonly connections: Connections; readonly signal: AbortSignal },
): Promise<number | undefined> {
  const asks = target.kind !== 'sandbox' && target.apiKey !== undefined && connections.usesKey;
  return asks ? usageOf(() => connections.current(), signal) : undefined;
}

/**
 * If this run has lost an answer, says by how much the key's usage has risen beside what the run's known jobs cost: a
 * hint for the person who has to settle it. Gateways count late, so it is only a hint; and it says nothing about answers that an
 * earlier run has lost.
 */
export async function hintAtUsage(
  tools: WorkTools,
  {
    outcomes,
    before,
    now,
  }: {
    readonly outcomes: ReadonlyMap<string, TakeOutcome>;
    readonly before: Promise<number | undefined>;
    readonly now: () => Promise<number | undefined>;
  },
): Promise<void> {
  const owners = [...outcomes.values()].map(({ result: { id, take } }) => ({ shot: id, take }));
  const bought = owners.flatMap((owner) => tools.attempts.begunFor(owner));
  const beforeUsd = bought.some(isUncertain) ? await before : undefined;
  const afterUsd = beforeUsd === undefined ? undefined : await now();
  if (beforeUsd === undefined || afterUsd === undefined) return;
  const knownUsd = reportedUsd(bought) ?? 0;
  const roseUsd = roundUsd(afterUsd - beforeUsd);
  warn(
    tools,
    `the key's usage rose by ${dollars(roseUsd)} in this run, and its known jobs cost ${dollars(knownUsd)}: a hint at what was charged`,
  );
}
