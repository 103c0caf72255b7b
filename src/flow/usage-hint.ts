import { dollars, roundUsd, sumUsd } from '../domain/money.js';
import type { Gateway } from '../gateway/gateway.js';
import type { TakeResult } from '../events.js';
import { unlessStopped, warn, type RunContext } from './run-context.js';

/** Asks what the key has used before a run; the answer is looked at only if a submit's answer was lost. */
export type UsageBefore = Promise<number | undefined>;

/** US dollars the key has used in all; undefined where the gateway does not tell. Never rejects. */
export async function usageOf(open: () => Promise<Gateway>, signal: AbortSignal): UsageBefore {
  try {
    return (await unlessStopped((await open()).keyUsage(signal), signal))?.usage_usd;
  } catch {
    return undefined;
  }
}

/**
 * Where an answer was lost, says by how much the key's usage has risen beside what the known jobs cost: a hint for the
 * person who has to settle it. Gateways count late, so it is no more than that.
 */
export async function hintAtUsage(
  context: RunContext,
  before: UsageBefore,
  results: readonly TakeResult[],
): Promise<void> {
  const isUncertain = results.some(({ outcome, job_id }) => outcome === 'held' && job_id === undefined);
  const beforeUsd = isUncertain ? await before : undefined;
  if (beforeUsd === undefined) return;
  const { connections, control } = context;
  const afterUsd = await usageOf(() => connections.current(), control.working);
  if (afterUsd === undefined) return;
  const knownUsd = sumUsd(results.map(({ action, cost_usd }) => (action === 'reuse' ? 0 : (cost_usd ?? 0))));
  const roseUsd = roundUsd(afterUsd - beforeUsd);
  warn(
    context,
    `the key's usage rose by ${dollars(roseUsd)} in this run, and its known jobs cost ${dollars(knownUsd)}: a hint at what was charged`,
  );
}
