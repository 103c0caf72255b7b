import type { Ajv2020 } from 'ajv/dist/2020.js';
import { manifestSchema } from '../../domain/manifest-schema.js';
import { schemaCompiler } from '../../domain/schema-compiler.js';

/**
 * The compiler of the manifest's parts: `manifest#/$defs/top`, `…/defaults`, `…/shot` and `…/row`. `source`: keeps the code, for the
 * build to write down.
 */
export function partValidators({ source = false }: { readonly source?: boolean } = {}): Ajv2020 {
  const ajv = schemaCompiler({ source, allErrors: true });
  const { properties, $defs } = manifestSchema;
  // Ids are judged by ids.ts, once their vars and their matrix are in.
  const id = { title: 'text', type: 'string' };
  const shots = {
    title: 'a list of shots, or a map with from: TABLE',
    type: ['array', 'object'],
    minItems: 1,
  };
  const row = { $ref: '#/$defs/matrix/properties/include/items' };
  const top = {
    type: 'object',
    properties: { ...properties, defaults: true, shots },
    additionalProperties: false,
  };
  ajv.addSchema({
    $id: 'manifest',
    $defs: {
      ...$defs,
      shot: { ...$defs.shot, properties: { ...$defs.shot.properties, id } },
      defaults: properties['defaults'],
      top,
      row,
    },
  });
  return ajv;
}
