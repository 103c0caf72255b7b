import type { Path } from '../yaml/places.js';
import type { FieldName, RawCombination, RawFields } from '../schema/raw.js';
import { FIELD_NAMES } from '../schema/fields.js';

/** The fields of a shot once defaults, the shot's own fields and one combination of its matrix are merged. */
export interface Layered {
  readonly fields: RawFields;
  /** Where a field is written. */
  readonly pathOf: (field: FieldName) => Path;
}

/**
 * Fields that replace one another: setting one of a group on a shot unsets the other group's defaults, and both
 * on the shot itself are a contradiction.
 */
export const RIVALS: readonly (readonly [readonly FieldName[], readonly FieldName[]])[] = [
  [['size'], ['resolution', 'aspect_ratio']],
  [['references'], ['first_frame', 'last_frame']],
];

/** Merges the layers. What the matrix gives wins over the shot, the shot over the defaults; null unsets. */
export function layer(parts: {
  readonly defaults: RawFields;
  readonly own: RawFields;
  readonly given: RawCombination;
  readonly index: number;
  readonly pathOfGiven: (field: FieldName) => Path;
}): Layered {
  const { defaults, own, given, index, pathOfGiven } = parts;
  const isGiven = (field: FieldName): boolean => Object.hasOwn(given, field);
  const ownValue = (field: FieldName): unknown => (isGiven(field) ? given[field] : own[field]);
  const isSaid = (field: FieldName): boolean => ownValue(field) != null;

  const replaced = new Set<FieldName>();
  for (const [one, other] of RIVALS) {
    if (one.some(isSaid)) for (const field of other) replaced.add(field);
    if (other.some(isSaid)) for (const field of one) replaced.add(field);
  }
  const fields: Partial<Record<FieldName, unknown>> = {};
  for (const field of FIELD_NAMES) {
    const said = ownValue(field);
    const value = said === undefined && !replaced.has(field) ? defaults[field] : said;
    if (value != null) fields[field] = value;
  }
  return {
    // The schema holds for each layer, and the layers share their fields' types.
    fields: fields as RawFields,
    pathOf: (field) => {
      if (isGiven(field)) return pathOfGiven(field);
      return own[field] === undefined && defaults[field] !== undefined
        ? ['defaults', field]
        : ['shots', index, field];
    },
  };
}
