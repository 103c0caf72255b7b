import type { Clock } from '../clock.js';
import { count } from '../ui/figures.js';
import { REFUSALS } from '../ui/refusals.js';

/** Whoever tries things at the port fills no log. */
const QUIET_MS = 60_000;

/** Logs refused webhooks: the first of each reason at once, and then how many there were, once a minute at most. */
export function refusalLog(clock: Clock, log: (message: string) => void): (outcome: string) => void {
  const reasons = new Map<string, { sinceMs: number; untold: number }>();
  return (outcome) => {
    if (outcome === 'heard') return;
    const reason = reasons.get(outcome) ?? { sinceMs: -Infinity, untold: 0 };
    reasons.set(outcome, reason);
    reason.untold += 1;
    if (clock.elapsed() - reason.sinceMs < QUIET_MS) return;
    log(`${count(reason.untold, 'webhook')} refused: ${REFUSALS[outcome] ?? outcome}`);
    reason.sinceMs = clock.elapsed();
    reason.untold = 0;
  };
}
