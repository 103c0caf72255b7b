/*
 * What a page that is served knows besides the report, and what it sends. The server makes and reads these; see src/view.
 */

/** What goes on with the project, as a served page shows it above the sheet. */
export interface LiveFacts {
  /** Of the run that is on. */
  readonly run?: RunNow | undefined;
  /** How the last run of this server ended. */
  readonly ended?: Told | undefined;
  /** What somebody should know, the worst first. */
  readonly told: readonly Told[];
  /** US dollars that the gateway has reported. */
  readonly paidUsd: number;
  /** US dollars of jobs that have no reported cost yet, by their upper estimates. */
  readonly committedUsd: number;
  /** Milliseconds until what is bought now has ended, when the server looked; absent: not known. */
  readonly leftMs?: number | undefined;
  /** Whether runs of this page stop after each generation of shots for picks. */
  readonly approves: boolean;
}

/** A run that is on. */
export interface RunNow {
  /** In this process, in another one of this machine, or with workers. */
  readonly where: 'here' | 'elsewhere' | 'workers';
  /** Who it is, where that is not this process. */
  readonly who?: string | undefined;
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly isStopping: boolean;
}

/** A sentence for the person who looks, and what to do about it. */
export interface Told {
  readonly kind: 'error' | 'warning' | 'note';
  readonly text: string;
  readonly hint?: string | undefined;
  /** The takes it is about, to be shown. */
  readonly keys?: readonly string[] | undefined;
}

/** Something that passes: it is not kept for a page that was away. */
export interface Passing {
  readonly key: string;
  /** "61 %", "waits for the gateway". */
  readonly words: string;
}

/** A plan as a page asks a person about it. */
export interface AskedPlan {
  /** What a confirmation is bound to. */
  readonly hash: string;
  readonly rows: readonly AskedRow[];
  /** Rows that buy nothing and wait for nobody. */
  readonly others: number;
  readonly expectedUsd: number;
  readonly maxUsd: number;
  readonly unpriced: number;
  readonly laterUsd?: number | undefined;
  readonly spentUsd: number;
  readonly budgetUsd: number | null;
  /** The sandbox charges nothing. */
  readonly isFree: boolean;
  readonly told: readonly Told[];
}

/** What a run would do about a take. */
export interface AskedRow {
  readonly key: string;
  readonly sign: 'buys' | 'fetches' | 'waits' | 'held';
  readonly what: string;
  readonly why: string;
  readonly model: string;
  readonly maxUsd?: number | undefined;
}

/** What a pick lets the next run buy. */
export interface Unblocked {
  readonly unblocks: readonly string[];
  readonly maxUsd?: number | undefined;
  readonly isFree?: boolean | undefined;
}

/** A value of a shot, as the manifest has it. */
export interface AskedValue {
  readonly value: unknown;
  readonly origin: 'shot' | 'defaults' | 'anchor' | 'var' | 'matrix' | 'none';
  /** Of the anchor, the var or the list. */
  readonly name?: string | undefined;
  /** `teaser.yaml:12:9` */
  readonly place?: string | undefined;
  /** Change it where it is written, or override it on the shot. */
  readonly choices: readonly ('there' | 'here')[];
  /** Of the manifest that it was read from. */
  readonly version: string;
}

/** What an edit would do. */
export interface AskedDraft {
  readonly mistakes: readonly Mistake[];
  /** The takes that would ask for something else. */
  readonly changed: readonly string[];
  /** The lines that it touches. */
  readonly lines?: { readonly before: string; readonly after: string } | undefined;
  readonly plan?: AskedPlan | undefined;
}

export interface Mistake {
  readonly text: string;
  readonly hint?: string | undefined;
  readonly place?: string | undefined;
}

/** Why the server did not do something. */
export interface Objection {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}
