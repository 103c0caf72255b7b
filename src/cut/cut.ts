import type { FrameRate } from '../domain/frame-rate.js';

/** A clip as an editor needs it: where it is, and how long, to the frame, at its own rate. */
export interface CutClip {
  /** As the report has it: relative to the output folder, or absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly frames: number;
  readonly rate: FrameRate;
  readonly width: number;
  readonly height: number;
  readonly hasSound: boolean;
  readonly container: 'mp4' | 'webm';
}

/** A remark that an editor sees at a time of a clip. */
export interface CutMarker {
  /** The take's key. */
  readonly take: string;
  readonly at_seconds: number;
  readonly text: string;
}

/** A take of a shot, with what it was made from. */
export interface CutTake {
  /** `sea`, `sea@2`. */
  readonly key: string;
  readonly take: number;
  readonly picked: boolean;
  readonly state: string;
  readonly model: string;
  readonly prompt?: string;
  readonly seed?: number;
  readonly job?: string;
  readonly cost_usd?: number;
  readonly clip?: CutClip;
  readonly markers: readonly CutMarker[];
}

/** A take that has a clip. */
export type ShownTake = CutTake & { readonly clip: CutClip };

/** A shot in the cut: one of its takes, or a gap. */
export interface CutShot {
  readonly shot: string;
  /** The take that is shown; absent: a gap. */
  readonly shown?: ShownTake;
  readonly takes: readonly CutTake[];
  /** Where it begins, and how long it is, in frames of the sequence. */
  readonly start: number;
  readonly length: number;
}

/** The format of a timeline. */
export interface Sequence {
  readonly width: number;
  readonly height: number;
  readonly rate: FrameRate;
}

/** A film as it stands: its shots in the manifest's order. */
export interface Cut {
  readonly project: string;
  readonly sequence: Sequence;
  readonly shots: readonly CutShot[];
  /** In frames of the sequence. */
  readonly length: number;
  /** What an editor should know before: mixed rates and sizes, gaps, clips out of date. */
  readonly notes: readonly string[];
}

/** Writes a cut down. `placeOf`: a clip's path, or its URL where the format has URLs, as the file is to name it. */
export type WriteCut = (cut: Cut, placeOf: (take: ShownTake) => string) => string;

/** The takes of a shot that are not shown, and have clips. */
export function otherTakes({ shown, takes }: CutShot): ShownTake[] {
  return takes.filter((take): take is ShownTake => take.clip !== undefined && take.key !== shown?.key);
}

/** What a take was made from, under the names that every format gives it. */
export function detailsOf(
  shot: string,
  { key: _, clip, markers: __, ...take }: CutTake,
): Readonly<Record<string, string | number | boolean>> {
  return { shot, ...take, ...(clip && { sha256: clip.sha256 }) };
}
