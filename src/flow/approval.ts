import type { Take } from '../domain/take.js';
import { pickOf, slotKey, sourcesOf } from '../plan/graph.js';
import type { RunContext } from './run-context.js';
import type { TakeOutcome } from './take-outcome.js';

/** A pick is of the clip that a person has seen: when another takes its place, it does not hold any more. */
export async function dropPick({ store, survey }: RunContext, { shot, take }: Take): Promise<void> {
  const { [shot]: picked, ...others } = store.picks();
  if (survey.context.approve && picked === take) await store.setPicks(others);
}

/** Ends a run whose next generation of shots waits for a person, and says what to do. */
export function stopForPicks(context: RunContext, outcomes: ReadonlyMap<string, TakeOutcome>): void {
  const { survey, store, control, project } = context;
  if (!survey.context.approve || control.reason) return;
  const picks = store.picks();
  const blocked = survey.inScope.filter((take) => outcomes.get(slotKey(take))?.result.outcome === 'blocked');
  const sources = new Set(blocked.flatMap((take) => sourcesOf(take, survey.picks).map(({ shot }) => shot)));
  const delivered = new Set(
    project.manifest.takes.filter((take) => isDelivered(context, outcomes, take)).map(({ shot }) => shot),
  );
  const unpicked = [...sources].filter((shot) => pickOf(picks, shot) === undefined && delivered.has(shot));
  if (unpicked.length === 0) return;
  control.stop({
    kind: 'approval',
    message: `a take of ${unpicked.join(', ')} is to be picked before the shots that grow out of it are rendered`,
    hint: 'pick on the contact sheet, export the picks, and take them in with dailies pick; then run again',
  });
}

function isDelivered(
  { survey }: RunContext,
  outcomes: ReadonlyMap<string, TakeOutcome>,
  take: Take,
): boolean {
  const slot = slotKey(take);
  const outcome = outcomes.get(slot);
  return outcome ? outcome.result.outcome === 'delivered' : survey.decisions.get(slot)?.action === 'reuse';
}
