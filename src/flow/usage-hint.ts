import { dollars, roundUsd } from '../domain/money.js';
import type { Gateway } from '../gateway/gateway.js';
import { isUncertain } from '../plan/standing.js';
import { unlessStopped, warn, type RunContext } from './run-context.js';
import { reportedUsd } from './take-outcome.js';

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
 * Where this run has lost an answer, says by how much the key's usage has risen beside what the run's known jobs cost: a
 * hint for the person who has to settle it. Gateways count late, so it is no more than that; and it says nothing of what an
 * earlier run has lost.
 */
export async function hintAtUsage(context: RunContext, before: UsageBefore): Promise<void> {
  const bought = [...context.begun.values()].flat().map((id) => context.store.get(id));
  const beforeUsd = bought.some(isUncertain) ? await before : undefined;
  if (beforeUsd === undefined) return;
  const { connections, control } = context;
  const afterUsd = await usageOf(() => connections.current(), control.working);
  if (afterUsd === undefined) return;
  const knownUsd = reportedUsd(bought) ?? 0;
  const roseUsd = roundUsd(afterUsd - beforeUsd);
  warn(
    context,
    `the key's usage rose by ${dollars(roseUsd)} in this run, and its known jobs cost ${dollars(knownUsd)}: a hint at what was charged`,
  );
}
