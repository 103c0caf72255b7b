/** One track of a clip, as its container describes it. */
export interface ClipTrack {
  readonly kind: 'video' | 'audio' | 'other';
  /** The container's own code: `avc1`, `V_VP9`, … */
  readonly codec: string;
  /** Pixels as shown, rotation and pixel shape applied; zero for what is no picture. */
  readonly width: number;
  readonly height: number;
  /** Frames or packets. */
  readonly frames: number;
  /** All frames end to end, and the part of them that is shown where an edit list hides some. Seconds. */
  readonly mediaS: number;
  readonly shownS: number;
}

/** Why a file is not a whole clip: a clause to be put after "the file is" or "it is". */
export interface NotWhole {
  readonly ok: false;
  readonly reason: string;
}

/** The tracks of a container that is whole, or why it is not. */
export type Walked = { readonly ok: true; readonly tracks: readonly ClipTrack[] } | NotWhole;

export function notWhole(reason: string): NotWhole {
  return { ok: false, reason };
}
