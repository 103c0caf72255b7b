/*
 * What the page is given: the report, reduced to what is shown. render.ts makes it and the page reads it,
 * so that text of the gateway or the manifest is only ever shown as text.
 */

import type { LiveFacts } from './live/facts.js';

/** How the page sorts the states of an attempt: one glyph, one colour, one filter each. */
export type StateGroup = 'delivered' | 'failed' | 'held' | 'active' | 'blocked' | 'missing';

/** One clip of a take. */
export interface SheetClip {
  /** URL-encoded, relative to the page or `file:`. */
  readonly src: string;
  /** The path as a person reads it. */
  readonly path: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  /** Codecs and frame rate: "h264, 24 fps, aac". */
  readonly codecs: string;
  /** Absent if the file does not tell. */
  readonly fps?: number | undefined;
  readonly warnings: readonly string[];
  /** What is to be read: a language, and the URL of a WebVTT that is whole in itself. */
  readonly captions: readonly (readonly [language: string, src: string])[];
  /** What the clip is known by, wherever it lies. */
  readonly sha256: string;
  /** In the order of the clip. */
  readonly notes: readonly SheetNote[];
}

/** What somebody has written about a moment of a clip. */
export interface SheetNote {
  readonly id: string;
  readonly seconds: number;
  readonly text: string;
}

/** A label and its value. */
export type Fact = readonly [label: string, value: string];

/** A clip that was made for a take before, with what was asked for then. */
export type EarlierTake = Pick<
  SheetTake,
  | 'prompt'
  | 'model'
  | 'brief'
  | 'settings'
  | 'seed'
  | 'costUsd'
  | 'estimateUsd'
  | 'costWords'
  | 'clips'
  | 'times'
>;

/** One take: a card, a bar in the timeline, a place in the screening. */
export interface SheetTake {
  /** Unique. */
  readonly key: string;
  /** The expanded id: what a pick is kept under. */
  readonly shot: string;
  /** The id in the manifest: takes and expansions of one are shown side by side. */
  readonly group: string;
  readonly take: number;
  readonly takes: number;
  readonly tags: readonly string[];
  /** The values that the matrix gave to this expansion, other than the model. */
  readonly matrix: readonly Fact[];
  /** The prompt of the clip, or of the shot if there is no clip. */
  readonly prompt: string;
  /** The shot's current prompt, if the clip was made from another one. */
  readonly wanted?: string | undefined;
  readonly model: string;
  /** The line under the prompt: length, size, shape, sound. */
  readonly brief: readonly string[];
  /** Every setting. */
  readonly settings: readonly Fact[];
  readonly seed?: number | undefined;
  readonly state: StateGroup;
  /** The exact state, in words. */
  readonly stateWords: string;
  /** Why it was not delivered, even if an earlier clip is shown. */
  readonly reason?: string | undefined;
  readonly job?: string | undefined;
  readonly generation?: string | undefined;
  readonly servedBy?: string | undefined;
  /** As reported by the gateway, including that of an earlier clip if one is shown. */
  readonly costUsd?: number | undefined;
  /** The expected cost, if the gateway reported none and the attempt may have been charged. */
  readonly estimateUsd?: number | undefined;
  /** What to say of the cost if there is no number; empty if there is. */
  readonly costWords: string;
  /** What to do about it, where the next run alone does not help. */
  readonly remedy?: string | undefined;
  /** Other clips of the take, made before; a page that is served has them. */
  readonly earlier?: readonly EarlierTake[] | undefined;
  /** Milliseconds that such jobs usually take, for a job in flight. */
  readonly expectedMs?: number | undefined;
  /** What a person has to settle. */
  readonly settle?: 'unanswered' | 'lost' | undefined;
  /** As the report has it. */
  readonly picked: boolean;
  readonly clips: readonly SheetClip[];
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly times: {
    readonly submitted?: number | undefined;
    readonly started?: number | undefined;
    readonly completed?: number | undefined;
    readonly delivered?: number | undefined;
  };
  /** Expanded ids of the shots it waited for. */
  readonly waitsFor: readonly string[];
}

/** What has changed since a page was last told. */
export interface SheetPatch {
  readonly head?: SheetHead | undefined;
  readonly takes?: readonly SheetTake[] | undefined;
  /** The keys of all takes, where some came, went or moved. */
  readonly order?: readonly string[] | undefined;
}

/** Everything the page is made from. */
export interface SheetData extends SheetHead {
  readonly takes: readonly SheetTake[];
}

/** What is known of all takes together. */
export interface SheetHead {
  /** What goes on; a page that is served has it. */
  readonly live?: LiveFacts | undefined;
  readonly project: string;
  readonly gateway: string;
  /** The sandbox charges nothing: costs are prices. */
  readonly isOnPaper: boolean;
  /** Milliseconds since 1970. */
  readonly generatedAt: number;
  readonly spentUsd: number;
  /** How many jobs it leaves out. */
  readonly spentUnpriced: number;
  readonly budgetUsd: number | null;
  /** Width by height of the frames on the sheet: the shape that most clips have. */
  readonly shape: number;
}
