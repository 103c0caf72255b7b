import canonicalize from 'canonicalize';
import { nearest } from '../../domain/nearest.js';
import { isField } from '../schema/fields.js';
import type { Path } from '../yaml/places.js';
import { didYouMean, type Problem, type Report } from '../problems.js';
import type { RawCombination, RawMatrix } from '../schema/raw.js';
import type { Table } from '../table/table.js';

/** A matrix, and where it is written. */
export interface PlacedMatrix {
  readonly matrix: RawMatrix;
  readonly path: Path;
  /** The table that it names with `from`. */
  readonly table?: Table | undefined;
}

/** One combination of a matrix. */
export interface Combination {
  readonly values: RawCombination;
  /** The names that distinguish it from the others, without those that `include` added. */
  readonly axes: readonly string[];
  /** `include` added it. */
  readonly added: boolean;
  /** The row of the table that it was made from, counted from 0. */
  readonly row?: number;
}

/** More than this from one shot, or from one row of its table, needs an option from the person who pays. */
const LARGE_MATRIX = 1000;
/** More than this is always a mistake. */
const MOST_COMBINATIONS = 200_000;
/** Without that option, a larger product is not even computed: exclusions will not make it small enough. */
const LARGE_PRODUCT = 20 * LARGE_MATRIX;

/**
 * The combinations of a matrix, by the rules of GitHub Actions: the product of the axes, the last one fastest;
 * less what `exclude` matches; each map of `include` is added to the combinations whose axes it does not
 * contradict, or is a combination of its own. A table takes part as one more list, the slowest, whose values are its rows.
 * Returns undefined if the matrix has faults.
 */
export function expandMatrix(
  { matrix, path, table }: PlacedMatrix,
  allowLarge: boolean,
  report: Report,
): readonly Combination[] | undefined {
  const { include = [], exclude = [], from: _, ...lists } = matrix;
  const axes = Object.entries(lists);
  const sizes = axes.map(([, values]) => values.length);
  const product = axes.length === 0 && !table ? 0 : sizes.reduce((all, size) => all * size, 1);
  const rows = table?.rows.length ?? 1;
  if (!sound(axes, { exclude, columns: table?.columns ?? [] }, path, report)) return undefined;
  if (product > (allowLarge ? MOST_COMBINATIONS : LARGE_PRODUCT) || product * rows > MOST_COMBINATIONS) {
    reportTooLarge(product * rows);
    return undefined;
  }

  const canonicalOf = rememberingText();
  const excluded = matcher(exclude, canonicalOf);
  const kept = crossed(combinations(axes), table).filter(({ values }) => !excluded(values));
  reportIdleExclusions(
    exclude,
    exclude.length === 0 || !table ? axes : [...axes, ...listsOf(table)],
    path,
    report,
  );
  const all = withIncluded(
    kept,
    axes.map(([name]) => name),
    { include, columns: table?.columns ?? [] },
    canonicalOf,
  );
  if (all.length === 0) {
    report({ code: 'matrix-invalid', message: 'exclude leaves no combination', path: [...path, 'exclude'] });
    return undefined;
  }
  if (all.length <= LARGE_MATRIX * rows || allowLarge) return all;
  reportTooLarge(all.length);
  return undefined;

  function reportTooLarge(count: number): void {
    const factors = [...(table ? [rows] : []), ...sizes];
    const product = factors.length > 1 ? ` (${factors.join(' × ')})` : '';
    const message = `the matrix makes ${count.toLocaleString('en')} shots of one${product}`;
    const hint =
      count > MOST_COMBINATIONS
        ? `at most ${MOST_COMBINATIONS.toLocaleString('en')} are possible`
        : `more than ${LARGE_MATRIX.toLocaleString('en')} need --allow-large-matrix`;
    report({ code: 'matrix-too-large', message, path, on: 'key', hint });
  }
}

type Axes = readonly (readonly [name: string, values: readonly unknown[]])[];

/** A row of a table, or nothing, with the values of the lists. */
interface Kept {
  readonly values: RawCombination;
  readonly row?: number;
}

function crossed(combined: readonly RawCombination[], table: Table | undefined): readonly Kept[] {
  if (!table) return combined.map((values) => ({ values }));
  const each = combined.length === 0 ? [{}] : combined;
  return table.rows.flatMap((own, row) =>
    each.map((values) => ({ values: { ...own.values, ...values }, row })),
  );
}

/** The columns of a table as lists of values. */
function listsOf({ columns, rows }: Table): Axes {
  return columns.map((column) => [column, rows.map(({ values }) => values[column])]);
}

/** Values twice on an axis, a list beside a column of its name, and exclusions by names that are no axis. */
function sound(
  axes: Axes,
  { exclude, columns }: { readonly exclude: readonly RawCombination[]; readonly columns: readonly string[] },
  path: Path,
  report: Report,
): boolean {
  let fine = true;
  const fault = (at: Path, message: string, more: Pick<Problem, 'on' | 'hint'>): void => {
    fine = false;
    report({ code: 'matrix-invalid', message, path: [...path, ...at], ...more });
  };
  for (const [name, values] of axes) {
    if (name === 'id' || name === 'vars' || name === 'matrix') {
      const hint = 'use fields or vars; {{name}} in the id inserts their values';
      fault([name], `${name} has no values`, { on: 'key', hint });
    }
    if (columns.includes(name)) fault([name], `${name} is a column of the table, too`, { on: 'key' });
    const seen = new Set<string>();
    for (const [index, value] of values.entries()) {
      const key = canonicalText(value);
      if (seen.has(key)) {
        const message = `${name} has this value twice, so one shot would be made twice`;
        fault([name, index], message, { hint: 'for several clips of one shot use takes' });
      }
      seen.add(key);
    }
  }
  const names = [...axes.map(([name]) => name), ...columns];
  for (const [index, combination] of exclude.entries()) {
    for (const name of Object.keys(combination)) {
      if (names.includes(name)) continue;
      const meant = isField(name) ? undefined : nearest(name, names);
      const message = `exclude names ${name}, which the matrix has no list for${didYouMean(meant)}`;
      fault(['exclude', index, name], message, { on: 'key' });
    }
  }
  return fine;
}

function combinations(axes: Axes): RawCombination[] {
  if (axes.length === 0) return [];
  let all: RawCombination[] = [{}];
  for (const [name, values] of axes) {
    all = all.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value })));
  }
  return all;
}

/** Says whether a combination matches any of the patterns in all names of the pattern. */
function matcher(
  patterns: readonly RawCombination[],
  canonicalOf: TextOf,
): (values: RawCombination) => boolean {
  const wanted = patterns.map((pattern) =>
    Object.entries(pattern).map(([name, value]) => [name, canonicalText(value)] as const),
  );
  return (values) =>
    wanted.some((pattern) => pattern.every(([name, value]) => canonicalOf(values[name]) === value));
}

/** An exclusion by a value that its axis lacks is most likely a typo, and would let a paid clip through. */
function reportIdleExclusions(
  exclude: readonly RawCombination[],
  axes: Axes,
  path: Path,
  report: Report,
): void {
  for (const [index, combination] of exclude.entries()) {
    for (const [name, value] of Object.entries(combination)) {
      const values = axes.find(([axis]) => axis === name)?.[1] ?? [];
      if (values.some((other) => canonicalText(other) === canonicalText(value))) continue;
      const words = values.filter((other) => typeof other === 'string');
      const meant = typeof value === 'string' ? nearest(value, words) : undefined;
      report({
        code: 'matrix-invalid',
        severity: 'warning',
        message: `this excludes nothing: ${name} has no such value`,
        path: [...path, 'exclude', index, name],
        hint: meant && `did you mean ${meant}?`,
      });
    }
  }
}

function withIncluded(
  kept: readonly Kept[],
  lists: readonly string[],
  { include, columns }: { readonly include: readonly RawCombination[]; readonly columns: readonly string[] },
  canonicalOf: TextOf,
): Combination[] {
  const base: Combination[] = kept.map((one) => ({ ...one, axes: lists, added: false }));
  if (include.length === 0) return base;
  const names = [...lists, ...columns];
  const extended = base.map(({ values }) => ({ ...values }));
  const added: Combination[] = [];
  for (const extra of include) {
    const own = Object.entries(extra);
    const fixed = own
      .filter(([name]) => names.includes(name))
      .map(([name, value]) => [name, canonicalText(value)] as const);
    let joined = false;
    for (const values of extended) {
      if (!fixed.every(([name, value]) => canonicalOf(values[name]) === value)) continue;
      joined = true;
      for (const [name, value] of own) values[name] = value;
    }
    if (!joined) {
      const order = [...names.filter((name) => Object.hasOwn(extra, name)), ...Object.keys(extra)];
      added.push({ values: extra, axes: [...new Set(order)], added: true });
    }
  }
  return [...base.map((one, index) => ({ ...one, values: extended[index] ?? one.values })), ...added];
}

type TextOf = (value: unknown) => string;

/** The same values come back in many combinations; each is looked at once. */
function rememberingText(): TextOf {
  const known = new Map<unknown, string>();
  return (value) => {
    const text = known.get(value) ?? canonicalText(value);
    known.set(value, text);
    return text;
  };
}

/** One text for equal values, whatever the order of their keys. */
export function canonicalText(value: unknown): string {
  return canonicalize(value) ?? 'undefined';
}
