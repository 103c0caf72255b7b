import { nearest } from '../../domain/nearest.js';
import { FIELD_NAMES, isField } from '../schema/fields.js';
import { canonicalText, type Combination, type PlacedMatrix } from './matrix.js';
import type { Path, Places } from '../yaml/places.js';
import { didYouMean, type Report } from '../problems.js';
import type { RawShared, RawShot } from '../schema/raw.js';
import { cellPath, HEADER, type Tables } from '../table/table.js';
import { textOf, type Var } from './vars.js';

/** The matrix of a shot: its own, else that of the defaults. */
export function matrixOf(
  shot: RawShot,
  {
    defaults,
    tables,
    index,
  }: { readonly defaults: RawShared; readonly tables: Tables; readonly index: number },
): PlacedMatrix | undefined {
  const matrix = shot.matrix === undefined ? defaults.matrix : shot.matrix;
  if (!matrix) return undefined;
  const path = shot.matrix ? ['shots', index, 'matrix'] : ['defaults', 'matrix'];
  return { matrix, path, table: matrix.from === undefined ? undefined : tables.get(matrix.from) };
}

/** The path of what gives a name to a combination: the cell of its row, or the value in a list. */
export function pathOfGiven(own: PlacedMatrix, { values, row }: Combination, name: string): Path {
  const isCell = row !== undefined && own.table?.rows[row]?.cells.has(name);
  return isCell && own.table ? cellPath(own.table.name, row, name) : pathInMatrix(own, name, values[name]);
}

type VarOf = (name: string, value: string | number | boolean, combination: Combination) => Var;

/** The values of a combination as vars: only texts, numbers and booleans. */
export function matrixVars(combination: Combination, varOf: VarOf): Map<string, Var> {
  const { values } = combination;
  const vars = new Map<string, Var>();
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
    vars.set(name, varOf(name, value, combination));
  }
  return vars;
}

/** A value of a matrix as a var; a number comes back in many combinations, and its text is looked up once. */
export function matrixVar(own: PlacedMatrix, places: Places): VarOf {
  const known = new Map<string, Var>();
  return (name, value, combination) => {
    const where = (): Path => pathOfGiven(own, combination, name);
    if (typeof value === 'string') return { text: value, where };
    const key = `${name} ${value}`;
    const found = known.get(key) ?? { text: textOf(value, where, places), where };
    known.set(key, found);
    return found;
  };
}

/** Where a matrix has a value: in the list of its axis, else in `include`. */
export function pathInMatrix({ matrix, path }: PlacedMatrix, name: string, value: unknown): Path {
  const key = canonicalText(value);
  const axis = matrix[name];
  const index = Array.isArray(axis) ? axis.findIndex((other) => canonicalText(other) === key) : -1;
  if (index >= 0) return [...path, name, index];
  const extra =
    matrix.include?.findIndex((one) => Object.hasOwn(one, name) && canonicalText(one[name]) === key) ?? -1;
  return extra >= 0 ? [...path, 'include', extra, name] : [...path, name];
}

/**
 * A list that no text uses would buy the same clip several times. A value of `include` that no text uses buys
 * none, and may be for other shots: it is reported only if it looks like a misspelt field.
 */
export function reportIdleNames(
  { matrix, path, table }: PlacedMatrix,
  used: ReadonlySet<string>,
  report: Report,
): void {
  const { include = [], exclude: _, from: __, ...axes } = matrix;
  const isIdle = (name: string): boolean => !isField(name) && !used.has(name);
  for (const [name, values] of Object.entries(axes)) {
    if (!isIdle(name)) continue;
    const meant = nearest(name, FIELD_NAMES);
    // Several values are compared by what they buy (same-clips.ts): they may choose the source of this shot.
    if (meant === undefined && values.length > 1) continue;
    report({
      code: 'matrix-invalid',
      severity: meant === undefined ? 'warning' : 'error',
      message: idleName(name, meant),
      hint: 'otherwise each of its values buys the same clip again; for several clips of one shot write takes: N',
      path: [...path, name],
      on: 'key',
    });
  }
  // Columns of notes are common, and cost nothing; one that looks like a field is most likely that field.
  for (const name of table?.columns.filter((column) => column !== 'id' && isIdle(column)) ?? []) {
    const meant = nearest(name, FIELD_NAMES);
    if (meant === undefined || !table) continue;
    report({ code: 'table-invalid', message: idleName(name, meant), path: cellPath(table.name, HEADER) });
  }
  for (const [index, extra] of include.entries()) {
    for (const name of Object.keys(extra).filter(isIdle)) {
      const meant = Object.hasOwn(axes, name) ? undefined : nearest(name, FIELD_NAMES);
      if (meant === undefined) continue;
      const at = [...path, 'include', index, name];
      report({ code: 'matrix-invalid', message: idleName(name, meant), path: at, on: 'key' });
    }
  }
}

function idleName(name: string, meant: string | undefined): string {
  return `nothing in the shot uses {{${name}}}${didYouMean(meant)}`;
}
