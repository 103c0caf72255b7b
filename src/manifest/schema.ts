import type { Model } from '../domain/catalogue.js';
import { catalogueConditions, catalogueValues } from './schema-catalogue.js';
import { manifestDocument } from './schema-document.js';
import { OPEN_VALUES, type JsonSchema } from './schema-fields.js';

/** The schema of a manifest (JSON Schema 2020-12); schemas/manifest.schema.json is written from it. */
export const manifestSchema: JsonSchema = manifestDocument(OPEN_VALUES);

/** The same with what a gateway's catalogue offers: models by name, and what goes with each. */
export function liveSchema(models: readonly Model[]): JsonSchema {
  return manifestDocument(catalogueValues(models), catalogueConditions(models));
}
