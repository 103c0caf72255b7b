import { buys, type PlanDocument, type PlanRow, type PlanTotal } from '../domain/plan.js';
import { count, formatUsd, unpricedWords } from './figures.js';
import { takeKeys } from './names.js';
import type { NextCommands } from './shell.js';
import { clean } from './text.js';

/** Picks as they are, and what they have changed. */
export interface ShownPicks {
  readonly picks: Readonly<Record<string, number>>;
  /** What the next run buys because of them, and what that costs. */
  readonly unblocks: readonly PlanRow[];
  readonly cost: PlanTotal;
  readonly plan?: PlanDocument;
}

const MOST_NAMED = 8;

/** All picks, what the last ones unblock and for how much, and the command to continue with. `isShared`: with workers at a database. */
export function pickLines(
  { picks, unblocks, cost, plan }: ShownPicks,
  { commands, isShared }: { readonly commands: NextCommands; readonly isShared: boolean },
): string[] {
  const rows = Object.entries(picks).map(([shot, take]) => `  ${clean(shot)}@${take}`);
  const told = [...rows, `${count(rows.length, 'shot')} picked`];
  if (!plan) return [...told, `Next  ${commands.plan}  shows what that changes`];
  const key = takeKeys(plan.shots);
  if (unblocks.length > 0) {
    const more = unblocks.length - MOST_NAMED;
    const named = unblocks.slice(0, MOST_NAMED).map(key).join(', ') + (more > 0 ? ` and ${more} more` : '');
    told.push(`Unblocks  ${named}: ${priceWords(cost)}`);
  }
  const waiting = plan.shots.filter((row) => row.waits_for_pick).length;
  if (waiting > 0) told.push(`Waiting   ${count(waiting, 'take')} for other picks`);
  const buying = plan.shots.filter((row) => buys(row.action) && row.blocked_by === undefined).length;
  if (isShared && unblocks.length > 0)
    told.push('Workers   continue by themselves if they have begun the film');
  if (buying === 0) return [...told, ...(unblocks.length > 0 ? [] : ['The next run buys nothing'])];
  const what = `buys ${count(buying, 'take')}, ${priceWords(plan.total)}`;
  return [...told, `Next  ${commands.run}  ${what}`];
}

/** `up to $0.48`, by the prices last seen. */
function priceWords({ max_usd, unpriced }: PlanTotal): string {
  return `up to ${formatUsd(max_usd, { round: 'up' })}${unpricedWords(unpriced, 'take')}`;
}
