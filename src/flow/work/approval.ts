import { groupBy } from '../../domain/group-by.js';
import { pickOf } from '../../domain/picks.js';
import { slotKey, sourcesOf } from '../../plan/graph.js';
import { isToChoose } from '../../plan/sources.js';
import type { Take } from '../../domain/take.js';
import type { Survey } from '../plan/survey.js';
import type { StopControl } from './stop-control.js';
import type { TakeOutcome } from './take-outcome.js';

/** Ends a run whose next generation of shots waits for a person, and says what to do. */
export function stopForPicks({
  takes,
  survey,
  outcomes,
  control,
}: {
  /** Of the whole manifest. */
  readonly takes: readonly Take[];
  readonly survey: Survey;
  readonly outcomes: ReadonlyMap<string, TakeOutcome>;
  readonly control: StopControl;
}): void {
  const { picks, decisions, context, inScope } = survey;
  if (!context.approve || control.reason) return;
  const isDelivered = (take: Take): boolean => {
    const slot = slotKey(take);
    const outcome = outcomes.get(slot);
    return outcome ? outcome.result.outcome === 'delivered' : decisions.get(slot)?.action === 'reuse';
  };
  const blocked = inScope.filter((take) => outcomes.get(slotKey(take))?.result.outcome === 'blocked');
  const sources = new Set(blocked.flatMap((take) => sourcesOf(take, picks).map(({ shot }) => shot)));
  const choices = groupBy(
    takes.filter((take) => sources.has(take.shot) && isToChoose(take) && isDelivered(take)),
    ({ shot }) => shot,
  );
  const unpicked = [...choices].filter(([shot]) => !isPickHeld(survey, outcomes, shot));
  if (unpicked.length === 0) return;
  const shots = unpicked.map(([shot]) => shot).join(', ');
  control.stop({
    kind: 'approval',
    message: `pick a take of ${shots} before the shots made from it are rendered`,
    hint: 'pick on the contact sheet, or by name with dailies pick; then run again',
    to_pick: unpicked.map(([, found]) => found.map(slotKey)),
  });
}

/** A pick is of the clip that a person has seen: if another clip has replaced it, the pick no longer counts. */
function isPickHeld({ picks }: Survey, outcomes: ReadonlyMap<string, TakeOutcome>, shot: string): boolean {
  const take = pickOf(picks, shot);
  if (take === undefined) return false;
  const outcome = outcomes.get(slotKey({ shot, take }));
  return !outcome || outcome.result.action === 'reuse' || outcome.result.action === 'download';
}
