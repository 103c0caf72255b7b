import type { ShotSettings } from './fields.js';

/** How a shot is made: from words, between frames, or guided by references. */
export type ShotType = 'text' | 'image-to-video' | 'reference';

export type FrameType = 'first_frame' | 'last_frame';
export type MediaKind = 'image' | 'video' | 'audio';

/** The frame of a clip: its first, its last as shown, or the one shown at a number of seconds. */
export type FramePosition = 'first' | 'last' | number;

/** Where an input comes from. */
export type InputSource =
  /** A local file; `path` as the manifest has it (after vars), with `/`, relative to the manifest's folder. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }
  /** A frame of another shot; without `take`, of its picked take. `shot` is an expanded id. */
  | { readonly kind: 'shot'; readonly shot: string; readonly at: FramePosition; readonly take?: number };

export interface FrameInput {
  readonly frame_type: FrameType;
  readonly source: InputSource;
}

export interface ReferenceInput {
  readonly media: MediaKind;
  readonly source: InputSource;
}

/** One job to do: a shot after defaults, vars and matrix, with the number of its take. */
export interface Take {
  /** `<shot>` where the shot has one take, else `<shot>@<take>`; unique in the manifest. */
  readonly key: string;
  /** The expanded id; equal to `manifest_id` where no matrix made several. */
  readonly shot: string;
  /** The id as the manifest has it. */
  readonly manifest_id: string;
  /** Counts from 1. */
  readonly take: number;
  /** How many takes the shot has. */
  readonly takes: number;
  /** Index of the shot in the manifest's `shots`, for places. */
  readonly shot_index: number;
  /** Where the shots are the rows of a table: its row, counted from 0. */
  readonly row?: number;
  readonly type: ShotType;
  readonly tags: readonly string[];
  /** What is to be read while it is shown, by language. Shapes no picture. */
  readonly captions?: Readonly<Record<string, string>>;
  /** The values the matrix gave to this expansion, for the sheet and the file names. */
  readonly matrix: Readonly<Record<string, unknown>>;
  /** The vars, and texts and numbers of the matrix, that the naming template asks for; absent if it asks for none. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly settings: ShotSettings;
  readonly frames: readonly FrameInput[];
  readonly references: readonly ReferenceInput[];
  /** Expanded id of the shot that this one continues (`previous_job`). */
  readonly previous_shot?: string;
}

/** Names a take within the lockfile and the manifest. */
export interface TakeRef {
  readonly shot: string;
  readonly take: number;
}

/** What a take is called if the number of takes is unknown: a purchase outlives its manifest. */
export function takeName({ shot, take }: TakeRef): string {
  return take === 1 ? shot : `${shot}@${take}`;
}

/** The assumed length of a clip if the model chooses it; rough on purpose. */
export const USUAL_SECONDS = 8;
