import type { ApiFieldName, ApiValue } from '../../domain/fields.js';
import type { FramePosition, ShotType } from '../../domain/take.js';

/** A frame as the manifest has it. */
export interface RawClipFrame {
  readonly from: string;
  readonly at?: FramePosition;
  readonly take?: number;
}

/** A reference as the manifest has it; exactly one of the first four. */
export interface RawReference extends Partial<RawClipFrame> {
  readonly image?: string;
  readonly video?: string;
  readonly audio?: string;
}

/** What a shot and the defaults may both say. `null` unsets a default. */
export type RawFields = { readonly [K in ApiFieldName]?: ApiValue<K> | null } & {
  readonly type?: ShotType | null;
  readonly first_frame?: string | RawClipFrame | null;
  readonly last_frame?: string | RawClipFrame | null;
  readonly references?: readonly (string | RawReference)[] | null;
  readonly takes?: number | null;
  readonly previous_job?: string | null;
  readonly tags?: readonly string[] | null;
  readonly captions?: Readonly<Record<string, string>> | null;
};

export type FieldName = keyof RawFields;

/** Values of vars, as written. */
export type RawVars = Readonly<Record<string, string | number | boolean>>;

/** Values that a matrix gives together: of fields and of vars. */
export type RawCombination = Readonly<Record<string, unknown>>;

/** A matrix: lists of values by field or var, besides `include` and `exclude`. */
export type RawMatrix = Readonly<Record<string, readonly unknown[]>> & {
  readonly include?: readonly RawCombination[];
  readonly exclude?: readonly RawCombination[];
  /** The name of a table whose rows take part as one list of maps. */
  readonly from?: string;
};

/** The defaults, and all of a shot but its id. */
export interface RawShared extends RawFields {
  readonly vars?: RawVars | null;
  readonly matrix?: RawMatrix | null;
}

export interface RawShot extends RawShared {
  readonly id: string;
}

/** The manifest's top level as far as the schema holds; defaults and shots are checked by themselves. */
export interface RawManifest {
  readonly version?: 1;
  readonly project?: string;
  readonly gateway?:
    'openrouter' | 'modelgates' | 'sandbox' | { readonly base_url: string; readonly api_key_env?: string };
  readonly clips?: string;
  readonly output?: string | { readonly dir?: string; readonly name?: string };
  readonly concurrency?:
    | number
    | {
        readonly jobs?: number;
        readonly downloads?: number;
        readonly per_model?: Readonly<Record<string, number>>;
      };
  readonly budget_usd?: number;
  readonly poll?: { readonly interval?: number; readonly timeout?: number };
  readonly retries?: number;
  readonly on_uncertain?: 'hold' | 'resubmit';
  readonly approve?: boolean;
  readonly vars?: RawVars | null;
  readonly defaults?: unknown;
  readonly shots?: readonly unknown[] | Readonly<Record<string, unknown>>;
}
