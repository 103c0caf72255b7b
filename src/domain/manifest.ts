import type { SourceRange } from './diagnostic.js';
import type { Checks } from './finding.js';
import type { Take } from './take.js';

/** The gateway as the manifest (or `--gateway`) names it. */
export type GatewaySetting =
  | { readonly kind: 'openrouter' | 'modelgates' | 'sandbox' }
  /** `api_key_env` absent: the key is taken from DAILIES_API_KEY. */
  | { readonly kind: 'custom'; readonly base_url: string; readonly api_key_env?: string };

export type OnUncertain = 'hold' | 'resubmit';

/** A checked and expanded manifest: every take to make, and the settings of the run. */
export interface Manifest {
  readonly project: string;
  /** Absent: openrouter. */
  readonly gateway: GatewaySetting;
  readonly output: {
    readonly dir?: string;
    /** The naming template, without extension. */ readonly name?: string;
  };
  /** The folder for clips and receipts, inside the manifest's; absent: `.dailies`. */
  readonly clips?: string;
  readonly concurrency: {
    readonly jobs: number;
    readonly downloads: number;
    readonly per_model: Readonly<Record<string, number>>;
  };
  readonly budget_usd?: number;
  readonly poll: { readonly intervalMs: number; readonly timeoutMs: number };
  readonly retries: number;
  readonly on_uncertain: OnUncertain;
  /** Stop after each generation of the graph until the takes that the next one is made from are picked. */
  readonly approve: boolean;
  /** What to look for in delivered clips; absent: nothing. */
  readonly checks?: Checks;
  /** In manifest order: shot by shot, expansion by expansion, take by take. */
  readonly takes: readonly Take[];
}

/** The fields of a shot that a diagnostic may want to point at. */
export type ShotField = string;

/** Finds the place of a shot's field: on the shot, otherwise in its matrix, otherwise in the defaults, otherwise the shot itself. */
export type LocateField = (take: Take, field?: ShotField) => SourceRange | undefined;
