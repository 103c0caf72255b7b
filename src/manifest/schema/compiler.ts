import type { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../../domain/json-schema.js';
import { schemaCompiler } from '../../domain/schema-compiler.js';
import { manifestSchema } from './document.js';

/**
 * The compiler of the manifest's parts: `manifest#/$defs/top`, `…/defaults` and `…/shot`. `source`: keeps the code, for the
 * build to write down.
 */
export function partValidators({ source = false }: { readonly source?: boolean } = {}): Ajv2020 {
  const ajv = schemaCompiler({ source, allErrors: true });
  const { properties, $defs } = manifestSchema as Readonly<Record<string, JsonSchema>>;
  const shot = $defs?.['shot'] as { readonly properties: JsonSchema };
  // Ids are judged by ids.ts, once their vars and their matrix are in.
  const id = { title: 'text', type: 'string' };
  const shots = { title: 'a list of shots', type: 'array', minItems: 1 };
  const top = {
    type: 'object',
    properties: { ...properties, defaults: true, shots },
    additionalProperties: false,
  };
  ajv.addSchema({
    $id: 'manifest',
    $defs: {
      ...$defs,
      shot: { ...shot, properties: { ...shot.properties, id } },
      defaults: properties?.['defaults'],
      top,
    },
  });
  return ajv;
}
