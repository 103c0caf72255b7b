import { isRecord } from '../domain/is-record.js';
import type { LocateField } from '../domain/manifest.js';
import type { Take } from '../domain/take.js';
import { pathInMatrix } from './expand/placed-matrix.js';
import type { Path, Places } from './yaml/places.js';
import type { RawShared, RawShot } from './schema/raw.js';

/**
 * Finds the place of a take's field: in the matrix or its table if that gave it, otherwise on the shot, otherwise in the defaults, otherwise
 * the shot's id. Fields may be dotted (`references[1]`, `provider.options.google-vertex.cfg`); of provider options
 * it points at the key, otherwise at the value.
 */
export function fieldLocator(
  places: Places,
  {
    shots,
    defaults,
    rows,
  }: {
    readonly shots: readonly (RawShot | undefined)[];
    readonly defaults: RawShared;
    readonly rows: ReadonlyMap<string, Path>;
  },
): LocateField {
  return (take, field) => {
    const path = field === undefined ? undefined : fieldPath(take, stepsOf(field));
    const isOption = field?.startsWith('provider.') ?? false;
    return places.find(path ?? rows.get(take.shot) ?? ['shots', take.shot_index, 'id'], {
      on: isOption ? 'key' : 'value',
    });
  };

  function fieldPath(take: Take, steps: readonly string[]): Path | undefined {
    const shot = shots[take.shot_index];
    const [name = '', ...rest] = steps;
    if (Object.hasOwn(take.matrix, name)) {
      const own = shot?.matrix;
      const matrix = own ?? defaults.matrix;
      const path = own ? ['shots', take.shot_index, 'matrix'] : ['defaults', 'matrix'];
      const value = take.matrix[name];
      const row = rows.get(take.shot);
      const isInList = matrix?.[name] !== undefined;
      if (row && !isInList) return [...row, name];
      if (matrix) return [...pathInMatrix({ matrix, path }, name, value), ...stepsInto(value, rest)];
    }
    if (isGiven(shot, name)) return ['shots', take.shot_index, ...stepsInto(shot, steps)];
    return isGiven(defaults, name) ? ['defaults', ...stepsInto(defaults, steps)] : undefined;
  }
}

function isGiven(fields: unknown, name: string): boolean {
  return isRecord(fields) && Object.hasOwn(fields, name);
}

/** `a.b[1].c` as steps; `stepsInto` joins a key with a dot in it again. */
export function stepsOf(field: string): string[] {
  return field.split(/[.[\]]+/).filter((step) => step !== '');
}

/** As many of the steps as lead into the data. */
export function stepsInto(data: unknown, steps: readonly string[]): Path {
  if (steps.length === 0) return [];
  if (Array.isArray(data)) {
    const [index = '', ...rest] = steps;
    return [index, ...stepsInto((data as unknown[])[Number(index)], rest)];
  }
  if (!isRecord(data)) return [];
  for (let length = 1; length <= steps.length; length++) {
    const key = steps.slice(0, length).join('.');
    if (Object.hasOwn(data, key)) return [key, ...stepsInto(data[key], steps.slice(length))];
  }
  return [];
}
