import type { Attempt, Output } from '../domain/attempt.js';
import { isDelivered, type DeliveredAttempt } from '../domain/standing.js';
import type { Take, TakeRef } from '../domain/take.js';
import type { Decision } from './decision.js';
import { slotKey } from './graph.js';

/** One clip of a take, and the name that it should have. */
export interface NamedClip {
  /** In the output folder, with `/`. */
  readonly name: string;
  /** The take that the name belongs to. */
  readonly take: TakeRef;
  readonly output: Output;
  readonly attempt: DeliveredAttempt;
}

/** All names that the clips of a project should have, regardless of the files on disk. */
export type View = ReadonlyMap<string, NamedClip>;

/** The data for a view. */
export interface Viewed {
  readonly takes: readonly Take[];
  /** By slot key. */
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Everything that a take owns and no other take claims, oldest first. */
  readonly ownedBy: (take: Take) => readonly Attempt[];
  /** The name of a take's clips, without extension. */
  readonly stemOf: (take: Take) => string;
}

/**
 * The names that clips should have. The names of each take go to the clips that serve it; while there are none, to the last clips
 * that were made for it.
 */
export function viewOf(viewed: Viewed): View {
  const view = new Map<string, NamedClip>();
  for (const take of viewed.takes) {
    const attempt = shownAttempt(take, viewed);
    if (!attempt) continue;
    for (const named of namedClips(attempt, take, viewed.stemOf(take)))
      if (!view.has(named.name)) view.set(named.name, named);
  }
  return view;
}

/** The clips of a delivered purchase, under the names that they should have for a take. */
export function namedClips(attempt: DeliveredAttempt, { shot, take }: TakeRef, stem: string): NamedClip[] {
  return attempt.state.outputs.map((output, index) => {
    const name = clipName(stem, index, output.media.container);
    return { name, take: { shot, take }, output, attempt };
  });
}

/** The delivered purchase whose clips a take shows. */
function shownAttempt(take: Take, { decisions, ownedBy }: Viewed): DeliveredAttempt | undefined {
  const serving = decisions.get(slotKey(take))?.attempt;
  if (serving && isDelivered(serving)) return serving;
  return ownedBy(take).findLast((own): own is DeliveredAttempt => isDelivered(own) && !own.state.pruned);
}

/** The name of one clip; `index` counts the outputs of a job from 0: `<stem>.mp4`, `<stem>.2.mp4`, … */
export function clipName(stem: string, index: number, container: 'mp4' | 'webm'): string {
  return `${stem}${index === 0 ? '' : `.${index + 1}`}.${container}`;
}
