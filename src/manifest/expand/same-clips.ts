import { SHAPING_FIELD_NAMES } from '../../domain/shaping.js';
import type { Take } from '../../domain/take.js';
import { canonicalText, type PlacedMatrix } from './matrix.js';
import { matrixOf, pathInMatrix } from './placed-matrix.js';
import type { Problem, Report } from '../problems.js';
import type { RawShared, RawShot } from '../schema/raw.js';
import type { Tables } from '../table/table.js';
import type { Path, Places } from '../yaml/places.js';

/**
 * Reports combinations of a matrix that ask for the same clip, with the values that differ: the clip would be paid for several
 * times. `isSound` says whether the shot with an index has no fault of its own: a field that was dropped as faulty may have
 * been the difference.
 */
export function reportSameClips(
  takes: readonly Take[],
  parts: {
    readonly shots: readonly (RawShot | undefined)[];
    readonly defaults: RawShared;
    readonly tables: Tables;
    /** The rows of tables, as paths, by the shots that they make. */
    readonly rows: ReadonlyMap<string, Path>;
    readonly places: Places;
    readonly isSound: (index: number) => boolean;
    readonly report: Report;
  },
): void {
  const { shots, defaults, tables, isSound, report } = parts;
  let index = -1;
  let own: PlacedMatrix | undefined;
  let known = new Map<string, Take>();
  for (const take of takes) {
    if (take.shot_index !== index) {
      index = take.shot_index;
      const shot = shots[index];
      own = shot && isSound(index) ? matrixOf(shot, { defaults, tables, index }) : undefined;
      known = new Map();
    }
    // Without a seed each take is another clip on purpose; so only the first take of each shot is compared.
    if (!own || (take.take > 1 && take.settings.seed === undefined)) continue;
    const wish = wishOf(take);
    const first = known.get(wish);
    if (!first) known.set(wish, take);
    else if (rowOf(first) !== rowOf(take)) report(sameRows(first, take));
    else for (const name of differences(first, take)) report(problemOf(name, { own, first, take }));
  }

  function rowOf({ shot }: Take): string | number | undefined {
    return parts.rows.get(shot)?.[2];
  }

  function sameRows(first: Take, take: Take): Problem {
    const [one, other] = [parts.rows.get(first.shot), parts.rows.get(take.shot)];
    const line = one && parts.places.find(one).line;
    return {
      code: 'table-invalid',
      message: `${take.key} asks for the same clip as ${first.key}${line === undefined ? '' : `, from line ${line}`}`,
      hint: 'use what differs in a prompt or a setting, or remove the row; for several clips of one shot write takes: 2',
      path: other ?? ['shots', take.shot_index, 'id'],
      shot: take.shot,
    };
  }
}

/** What shapes the picture, as a text; and who may serve it, because a matrix of providers compares them on purpose. */
function wishOf({ settings, frames, references, previous_shot }: Take): string {
  return JSON.stringify([
    ...SHAPING_FIELD_NAMES.map((name) => settings[name]),
    ...[frames, references, previous_shot],
  ]);
}

/** The names of the matrix whose values differ without making a difference. */
function differences({ matrix: one }: Take, { matrix: other }: Take): string[] {
  return Object.keys({ ...one, ...other }).filter(
    (name) => canonicalText(one[name]) !== canonicalText(other[name]),
  );
}

function problemOf(
  name: string,
  { own, first, take }: { readonly own: PlacedMatrix; readonly first: Take; readonly take: Take },
): Problem {
  const list = own.matrix[name];
  const isAxis = Array.isArray(list);
  const path = isAxis
    ? [...own.path, name]
    : pathInMatrix(own, name, Object.hasOwn(take.matrix, name) ? take.matrix[name] : first.matrix[name]);
  const isSeed = name === 'seed' && take.takes > 1;
  const elsewhere = own.path[0] === 'defaults' ? ', or matrix: null on the shot' : '';
  return {
    code: 'matrix-invalid',
    message: `the values of ${name} make no difference: ${first.key} and ${take.key} ask for the same clip`,
    hint: isSeed
      ? 'each take adds 1 to the seed: leave room for all takes between two seeds'
      : `use {{${name}}} in a prompt or a setting${elsewhere}; for several clips of one shot write takes: ${isAxis ? list.length : 2}`,
    path,
    ...(isAxis ? { on: 'key' } : {}),
    shot: take.shot,
  };
}
