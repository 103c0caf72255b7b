import type { Attempt } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
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

/** The picks that purchases tell of where the lockfile is gone: of shots without a word on the take, the one they were made from. */
export function picksBehind(attempts: readonly Omit<Attempt, 'id'>[], takes: readonly Take[]): Picks {
  const bySlot = new Map(takes.map((take) => [slotKey(take), take]));
  const picks = attempts.flatMap(({ owner, request }) => {
    const take = bySlot.get(slotKey(owner));
    const sources = [...(take?.frames ?? []), ...(take?.references ?? [])].map(({ source }) => source);
    const leftOpen = new Set(
      sources.flatMap((source) => (source.kind === 'shot' && source.take === undefined ? [source.shot] : [])),
    );
    return [...(request.frame_images ?? []), ...(request.input_references ?? [])].flatMap(({ input }) =>
      'from' in input &&
      leftOpen.has(input.from) &&
      bySlot.has(slotKey({ shot: input.from, take: input.take }))
        ? [[input.from, input.take] as const]
        : [],
    );
  });
  return Object.fromEntries(picks);
}

/** Whether two say the same. */
export function arePicksAlike(one: Picks, other: Picks): boolean {
  const shots = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...shots].every((shot) => pickOf(one, shot) === pickOf(other, shot));
}
