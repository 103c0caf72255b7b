import { pickOf, type Picks } from '../domain/picks.js';
import type { InputSource, Take, TakeRef } from '../domain/take.js';

/** The takes whose clips a take is made from: frames, references and the job it continues; each once. */
export function sourcesOf(take: Take, picks: Picks): TakeRef[] {
  if (!hasSources(take)) return [];
  const refs = new Map(pictureSourcesOf(take, picks).map((ref) => [slotKey(ref), ref]));
  if (take.previous_shot !== undefined) {
    const previous = pickedTake(take.previous_shot, picks);
    refs.set(slotKey(previous), previous);
  }
  return [...refs.values()];
}

/** The takes that frames or references come from. */
export function pictureSourcesOf({ frames, references }: Take, picks: Picks): TakeRef[] {
  return [...frames, ...references].flatMap(({ source }) =>
    source.kind === 'shot' ? [sourceTake(source, picks)] : [],
  );
}

/** The shots that a take is made from without naming their take. */
export function sourcesLeftOpen({ frames, references, previous_shot }: Take): string[] {
  const pictures = [...frames, ...references].flatMap(({ source }) =>
    source.kind === 'shot' && source.take === undefined ? [source.shot] : [],
  );
  return previous_shot === undefined ? pictures : [...pictures, previous_shot];
}

/** The take that a `{ from: … }` means: the one it names, else the picked one. */
export function sourceTake(source: Extract<InputSource, { kind: 'shot' }>, picks: Picks): TakeRef {
  return source.take === undefined
    ? pickedTake(source.shot, picks)
    : { shot: source.shot, take: source.take };
}

/** The picked take of a shot; the first if none was picked. */
export function pickedTake(shot: string, picks: Picks): TakeRef {
  return { shot, take: pickOf(picks, shot) ?? 1 };
}

/** The place of a take in the lockfile and the manifest, as one string. */
export function slotKey({ shot, take }: TakeRef): string {
  return `${shot}@${take}`;
}

/** Whether two references mean the same take. */
export function isSameTake(one: TakeRef, other: TakeRef): boolean {
  return one.shot === other.shot && one.take === other.take;
}

/** The takes in an order in which each comes after its sources; otherwise as in the manifest. The graph has no cycles. */
export function inDependencyOrder(takes: readonly Take[], picks: Picks): Take[] {
  if (!takes.some(hasSources)) return [...takes];
  const bySlot = new Map(takes.map((take) => [slotKey(take), take]));
  const ordered = new Set<Take>();
  // An explicit stack: chains can be thousands of shots long.
  for (const root of takes) {
    const stack = [root];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const waiting = sourcesOf(top, picks)
        .map((ref) => bySlot.get(slotKey(ref)))
        .find((source) => source !== undefined && !ordered.has(source));
      if (waiting) stack.push(waiting);
      else {
        ordered.add(top);
        stack.pop();
      }
    }
  }
  return [...ordered];
}

/**
 * The takes by generation: first those that are made from no other take, then those that are made from these, and so on.
 * The graph has no cycles.
 */
export function generations(takes: readonly Take[], picks: Picks): Take[][] {
  if (!takes.some(hasSources)) return [[...takes]];
  const depths = new Map<string, number>();
  const made: Take[][] = [];
  for (const take of inDependencyOrder(takes, picks)) {
    const depth = Math.max(0, ...sourcesOf(take, picks).map((ref) => (depths.get(slotKey(ref)) ?? -1) + 1));
    depths.set(slotKey(take), depth);
    (made[depth] ??= []).push(take);
  }
  return made;
}

/** The takes of a shot and of all shots that it is made from (`--until`). */
export function withAncestors({
  takes,
  roots,
  picks,
}: {
  readonly takes: readonly Take[];
  readonly roots: readonly Take[];
  readonly picks: Picks;
}): Set<Take> {
  const bySlot = new Map(takes.map((take) => [slotKey(take), take]));
  const found = new Set<Take>();
  const queue = [...roots];
  for (let take = queue.pop(); take !== undefined; take = queue.pop()) {
    if (found.has(take)) continue;
    found.add(take);
    for (const ref of sourcesOf(take, picks)) {
      const source = bySlot.get(slotKey(ref));
      if (source) queue.push(source);
    }
  }
  return found;
}

/** Whether a take is made from others. */
export function hasSources(take: Take): boolean {
  const isShot = ({ source }: { readonly source: InputSource }) => source.kind === 'shot';
  return take.previous_shot !== undefined || take.frames.some(isShot) || take.references.some(isShot);
}
