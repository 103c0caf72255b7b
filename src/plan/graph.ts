import type { InputSource, Take, TakeRef } from '../domain/take.js';

/** The picked take of each shot, by expanded id. */
export type Picks = Readonly<Record<string, number>>;

/** The takes whose clips a take is made from: frames, references and the job it continues; each once. */
export function sourcesOf(take: Take, picks: Picks): TakeRef[] {
  const refs = new Map<string, TakeRef>();
  const add = (ref: TakeRef) => refs.set(slotKey(ref), ref);
  for (const { source } of take.frames) if (source.kind === 'shot') add(sourceTake(source, picks));
  for (const { source } of take.references) if (source.kind === 'shot') add(sourceTake(source, picks));
  if (take.previous_shot !== undefined) add(pickedTake(take.previous_shot, picks));
  return [...refs.values()];
}

/** The take that a `{ from: … }` means: the one it names, else the picked one. */
export function sourceTake(source: Extract<InputSource, { kind: 'shot' }>, picks: Picks): TakeRef {
  return source.take === undefined
    ? pickedTake(source.shot, picks)
    : { shot: source.shot, take: source.take };
}

/** The picked take of a shot; the first where none was picked. */
export function pickedTake(shot: string, picks: Picks): TakeRef {
  return { shot, take: picks[shot] ?? 1 };
}

/** The place of a take in the lockfile and the manifest, as one string. */
export function slotKey({ shot, take }: TakeRef): string {
  return `${shot}@${take}`;
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

/** The takes of a shot and of all it is made from (`--until`). */
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

function hasSources(take: Take): boolean {
  const isShot = ({ source }: { readonly source: InputSource }) => source.kind === 'shot';
  return take.previous_shot !== undefined || take.frames.some(isShot) || take.references.some(isShot);
}
