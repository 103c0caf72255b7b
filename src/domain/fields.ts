import type { JsonSchema } from './json-schema.js';
import { fieldSchemas } from './manifest-schema.js';

/** What a field can hold, by the `type` of its schema. */
interface Values {
  readonly string: string;
  /** A whole number. */
  readonly integer: number;
  readonly number: number;
  readonly boolean: boolean;
  readonly object: Readonly<Record<string, unknown>>;
}

/** What a request says to providers and about them. */
interface ProviderSettings {
  /** Parameters that are handed through to a provider, by its slug. */
  readonly options?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Which providers may serve the request, and whatever else a gateway may know; sent as written. */
  readonly [preference: string]: unknown;
}

/** One field of the request, as the video API and the manifest both have it. */
interface ApiField {
  /** Of its values in the request; in the manifest it may be `null` too, which unsets a default. */
  readonly type: keyof Values;
  /**
   * Whether it shapes the picture. What does counts in the fingerprint, and lockfile, metadata and report keep it.
   * The rest is sent, and stored nowhere unless it is `kept`.
   */
  readonly shapes: boolean;
  /** It shapes no picture, but lockfile, metadata and report keep it. */
  readonly kept?: true;
  /** The only part of its value that shapes the picture; the rest of it is kept. */
  readonly shapingPart?: string;
  /** Its texts may be signed addresses; their signatures neither count nor are kept. */
  readonly signed?: boolean;
}

/** Characters of a URL, before and after vars. */
export const MAX_URL = 8192;

/**
 * The fields of the API's request that a manifest sets as they are; what each may hold is in the manifest's schema. The
 * settings of a shot, the fingerprint, the request's body, the lockfile and its schema all follow from this table.
 */
export const API_FIELDS = {
  model: { type: 'string', shapes: true },
  prompt: { type: 'string', shapes: true },
  duration: { type: 'integer', shapes: true },
  resolution: { type: 'string', shapes: true },
  aspect_ratio: { type: 'string', shapes: true },
  size: { type: 'string', shapes: true },
  seed: { type: 'integer', shapes: true },
  generate_audio: { type: 'boolean', shapes: true },
  // Who serves a request is no part of the picture, as the gateway is none: an edit of it buys nothing.
  provider: { type: 'object', shapes: true, shapingPart: 'options', signed: true },
  trace: { type: 'object', shapes: false, kept: true, signed: true },
  callback_url: { type: 'string', shapes: false },
  creativity: { type: 'integer', shapes: true },
  upscale_factor: { type: 'number', shapes: true },
  session_id: { type: 'string', shapes: false },
  user: { type: 'string', shapes: false },
} as const satisfies Readonly<Record<string, ApiField>>;

type Fields = typeof API_FIELDS;
export type ApiFieldName = keyof Fields;
type KeptFieldName = {
  [K in ApiFieldName]: Fields[K] extends { readonly shapes: true } | { readonly kept: true } ? K : never;
}[ApiFieldName];

/** The value of a field. */
export type ApiValue<K extends ApiFieldName> = K extends 'provider'
  ? ProviderSettings
  : Values[Fields[K]['type']];

/** The request fields of a shot, under the API's own names (see the contract in test/contract). */
export type ShotSettings = { readonly model: ApiValue<'model'> } & {
  readonly [K in Exclude<ApiFieldName, 'model'>]?: ApiValue<K>;
};

/** The settings that are kept and shown: those that shape the picture, and a few more. */
export type KeptSettings = Pick<ShotSettings, KeptFieldName>;

/** The names of all fields, in the order of the table. */
export const API_FIELD_NAMES = Object.keys(API_FIELDS) as readonly ApiFieldName[];

/** The names of the fields that are kept. */
export const KEPT_FIELD_NAMES = API_FIELD_NAMES.filter((name): name is KeptFieldName => {
  const { shapes, kept }: ApiField = API_FIELDS[name];
  return shapes || kept === true;
});

/** What the manifest's schema says about a field's values; `title` ends the sentence "… must be". */
type FieldSchema = JsonSchema &
  Pick<ApiField, 'type'> & { readonly title: string; readonly pattern?: string; readonly maxLength?: number };

const DECLARED = Object.fromEntries(
  API_FIELD_NAMES.map((name) => {
    const { type } = API_FIELDS[name];
    // Its title stands there: test/manifest/schema.test.ts sees to that.
    return [name, { ...API_FIELDS[name], schema: { ...fieldSchemas[name], type } as FieldSchema }];
  }),
) as Readonly<Record<ApiFieldName, ApiField & { readonly schema: FieldSchema }>>;

/** The declaration of a field. */
export function apiField(name: ApiFieldName): (typeof DECLARED)[ApiFieldName] {
  return DECLARED[name];
}
