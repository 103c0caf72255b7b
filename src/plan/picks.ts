import { identityOf, outputsOf, type Attempt } from '../domain/attempt.js';
import { pickOf, type PickedTake, type Picks } from '../domain/picks.js';
import type { Take } from '../domain/take.js';
import type { Decision } from './decision.js';
import { slotKey } from './graph.js';

/**
 * The picks as they apply now: each follows the clip it was made for, to the take that the clip serves. A pick
 * whose clip no longer serves a take stays where it was. `picks` are the recorded ones.
 */
export function followPicks(decisions: ReadonlyMap<string, Decision>, picks: Picks): Picks {
  const clipAt = ({ shot, take }: { readonly shot: string; readonly take: number }) =>
    clipOf(decisions.get(slotKey({ shot, take }))?.attempt);
  const wanted = new Set(
    Object.entries(picks).flatMap(([shot, { take, clip }]) =>
      clip === undefined || clipAt({ shot, take }) === clip ? [] : [clip],
    ),
  );
  if (wanted.size === 0) return picks;
  const moved = [...decisions.values()].flatMap(({ take, attempt }) => {
    const clip = clipOf(attempt);
    return clip !== undefined && wanted.has(clip) ? [{ clip, take }] : [];
  });
  const found = new Set(moved.map(({ clip }) => clip));
  return Object.fromEntries([
    ...Object.entries(picks).filter(([, { clip }]) => clip === undefined || !found.has(clip)),
    ...moved.map(({ clip, take }) => [take.shot, { take: take.take, clip }] as const),
  ]);
}

/** A pick of a take in its present state. */
export function pickNow(
  { shot, take }: Pick<Take, 'shot' | 'take'>,
  decisions: ReadonlyMap<string, Decision>,
): PickedTake {
  const clip = clipOf(decisions.get(slotKey({ shot, take }))?.attempt);
  return clip === undefined ? { take } : { take, clip };
}

/** The sha256 of an attempt's clip; undefined if it has none. */
function clipOf(attempt: Attempt | undefined): string | undefined {
  const [clip] = attempt ? outputsOf(attempt) : [];
  return clip && identityOf(clip);
}

/**
 * The picks that purchases reveal if the lockfile is gone: if a shot names no take of its source, the take it was
 * made from.
 */
export function picksBehind(attempts: readonly Attempt[], takes: readonly Take[]): Picks {
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
        ? [[input.from, { take: input.take, clip: input.clip_sha256 }] as const]
        : [],
    );
  });
  return Object.fromEntries(picks);
}

/** Whether two picks are the same. */
export function arePicksAlike(one: Picks, other: Picks): boolean {
  const shots = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...shots].every(
    (shot) => pickOf(one, shot) === pickOf(other, shot) && one[shot]?.clip === other[shot]?.clip,
  );
}
