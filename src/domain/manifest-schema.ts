import { createRequire } from 'node:module';
import type { JsonSchema } from './json-schema.js';

type Schemas = Readonly<Record<string, JsonSchema>>;

/**
 * The schema of a manifest (JSON Schema 2020-12): the very file that editors read, a folder up in src and in dist alike.
 * Unions are written there as one object with several types: keywords for text ignore maps and the reverse, so that
 * a mistake has one message.
 */
export const manifestSchema = createRequire(import.meta.url)(
  '../../schemas/manifest.schema.json',
) as JsonSchema & {
  readonly properties: Schemas;
  readonly required: readonly string[];
  readonly $defs: Schemas & { readonly shot: { readonly properties: Schemas } };
};

const { vars: _, matrix: __, shot: ___, ...fields } = manifestSchema.$defs;

/** Every field that a shot and the defaults have in common, and that a matrix may multiply. */
export const fieldSchemas: Schemas = fields;
