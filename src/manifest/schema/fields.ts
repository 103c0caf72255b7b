import { fieldSchemas } from '../../domain/manifest-schema.js';
import type { FieldName } from './raw.js';

/** The names of the fields of a shot. */
export const FIELD_NAMES = Object.keys(fieldSchemas) as readonly FieldName[];

/** Whether a name is a field of a shot (in a matrix, anything else is a var). */
export function isField(name: string): name is FieldName {
  return Object.hasOwn(fieldSchemas, name);
}
