import type { Attempt } from '../domain/attempt.js';
import type { Decision } from './decision.js';
import { pickOf, slotKey, type Picks } from './graph.js';

/**
 * The picks as they are to be read now: each goes with the clip it was made for, to whatever take that serves. `picks`
 * are those on record; `isAside` tells clips that others have replaced, which nobody means.
 */
export function followPicks(
  decisions: ReadonlyMap<string, Decision>,
  { picks, isAside }: { readonly picks: Picks; readonly isAside: (attempt: Attempt) => boolean },
): Picks {
  const moved = [...decisions.values()].flatMap(({ take, attempt }) => {
    if (!attempt || attempt.state.kind !== 'delivered' || isAside(attempt)) return [];
    const { owner } = attempt;
    const isOfIt = pickOf(picks, owner.shot) === owner.take;
    const isStillIts = decisions.get(slotKey(owner))?.attempt?.owner;
    if (!isOfIt || slotKey(owner) === slotKey(take)) return [];
    return isStillIts && slotKey(isStillIts) === slotKey(owner) ? [] : [{ from: owner.shot, take }];
  });
  const left = new Set(moved.map(({ from }) => from));
  return Object.fromEntries([
    ...Object.entries(picks).filter(([shot]) => !left.has(shot)),
    ...moved.map(({ take }) => [take.shot, take.take] as const),
  ]);
}

/** Whether two say the same. */
export function arePicksAlike(one: Picks, other: Picks): boolean {
  const shots = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...shots].every((shot) => pickOf(one, shot) === pickOf(other, shot));
}
