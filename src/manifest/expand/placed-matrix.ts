import { nearest } from '../../domain/nearest.js';
import { FIELD_NAMES, isField } from '../schema/fields.js';
import { canonicalText } from './matrix.js';
import type { Path, Places } from '../yaml/places.js';
import { didYouMean, type Report } from '../problems.js';
import type { RawCombination, RawMatrix, RawShared, RawShot } from '../schema/raw.js';
import { textOf, type Var } from './vars.js';

/** A matrix, and where it is written. */
export interface PlacedMatrix {
  readonly matrix: RawMatrix;
  readonly path: Path;
}

/** The matrix of a shot: its own, else that of the defaults. */
export function matrixOf(shot: RawShot, defaults: RawShared, index: number): PlacedMatrix | undefined {
  if (shot.matrix !== undefined) {
    return shot.matrix ? { matrix: shot.matrix, path: ['shots', index, 'matrix'] } : undefined;
  }
  return defaults.matrix ? { matrix: defaults.matrix, path: ['defaults', 'matrix'] } : undefined;
}

type VarOf = (name: string, value: string | number | boolean) => Var;

/** The values of a combination as vars: only texts, numbers and booleans. */
export function matrixVars(values: RawCombination, varOf: VarOf): Map<string, Var> {
  const vars = new Map<string, Var>();
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
    vars.set(name, varOf(name, value));
  }
  return vars;
}

/** A value of a matrix as a var; a number comes back in many combinations, and its text is looked up once. */
export function matrixVar(own: PlacedMatrix, places: Places): VarOf {
  const known = new Map<string, Var>();
  return (name, value) => {
    const where = (): Path => pathInMatrix(own, name, value);
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
  { matrix, path }: PlacedMatrix,
  used: ReadonlySet<string>,
  report: Report,
): void {
  const { include = [], exclude: _, ...axes } = matrix;
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
