import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { isRecord } from '../../domain/is-record.js';
import { manifestSchema } from '../../domain/manifest-schema.js';
import { nearest } from '../../domain/nearest.js';
import type { Path, Places } from '../yaml/places.js';
import type { Report } from '../problems.js';
import type { RawCombination, RawManifest, RawShared, RawShot } from './raw.js';
import { describeShapeError, missingKey } from './message.js';
import { validateDefaults, validateRow, validateShot, validateTop } from './validators.js';

/** A part of the manifest checked against the schema. */
export interface Checked<T> {
  /** The part without its faulty fields (of `vars`: without the faulty ones); absent if too little is left. */
  readonly value?: T;
  /** Its own fields that are faulty, unknown or missing: what depends on them is not worth a second message. */
  readonly broken: ReadonlySet<string>;
}

/** The manifest's own level: everything but what is inside `defaults` and `shots`. What is missing hides nothing else. */
export function checkTop(data: Readonly<Record<string, unknown>>, into: Findings): Checked<RawManifest> {
  const { report } = into;
  const checked = check(validateTop, data, [], into);
  for (const name of manifestSchema.required) {
    const isMisspelt = [...checked.broken].some((other) => nearest(other, [name]) !== undefined);
    if (!Object.hasOwn(data, name) && !isMisspelt) report(missingKey([], name));
  }
  return checked;
}

export function checkDefaults(data: unknown, into: Findings): Checked<RawShared> {
  return check(validateDefaults, data, ['defaults'], into);
}

export function checkShot(data: unknown, index: number, into: Findings): Checked<RawShot> {
  return check(validateShot, data, ['shots', index], into);
}

/** The values of a row of a table, by column. */
export function checkRow(data: unknown, at: Path, into: Findings): Checked<RawCombination> {
  return check(validateRow, data, at, into);
}

/** Where findings go, and where the text is that they quote. */
interface Findings {
  readonly report: Report;
  readonly places: Places;
}

function check<T>(
  validate: ValidateFunction<T>,
  data: unknown,
  at: Path,
  { report, places }: Findings,
): Checked<T> {
  if (validate(data)) return { value: data, broken: NOTHING_BROKEN };
  const broken = new Set<string>();
  const brokenVars = new Set<string>();
  const errors = validate.errors ?? [];
  for (const error of errors) {
    if (isEcho(error) || isMisspelt(error, errors)) continue;
    const path = [...at, ...pathOf(error.instancePath)];
    const problem = describeShapeError(error, path, () => places.written(path));
    report(problem);
    const [field, name] = problem.path?.slice(at.length) ?? [];
    if (field !== undefined) broken.add(String(field));
    if (field === 'vars' && name !== undefined) brokenVars.add(String(name));
  }
  const rest = withoutFields(data, broken, brokenVars);
  return validate(rest) ? { value: rest, broken } : { broken };
}

const NOTHING_BROKEN: ReadonlySet<string> = new Set();

/** Errors that come along with another one: a branch of `oneOf`, the `if` around a failed `then`. */
function isEcho({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword === 'if' || keyword === 'propertyNames' || /\/oneOf\/\d/.test(schemaPath);
}

/** A key that is missing because it is there under a similar name. */
function isMisspelt({ keyword, params, instancePath }: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (keyword !== 'required') return false;
  const missing = String((params as Readonly<Record<string, unknown>>)['missingProperty']);
  return errors.some((other) => {
    const { additionalProperty } = other.params as { readonly additionalProperty?: string };
    if (other.instancePath !== instancePath || additionalProperty === undefined) return false;
    return nearest(additionalProperty, [missing]) !== undefined;
  });
}

function pathOf(pointer: string): string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function withoutFields(
  data: unknown,
  fields: ReadonlySet<string>,
  vars: ReadonlySet<string> = NOTHING_BROKEN,
): unknown {
  if (fields.size === 0 || !isRecord(data)) return data;
  const entries = Object.entries(data).flatMap(([name, value]) => {
    if (!fields.has(name)) return [[name, value] as const];
    return name === 'vars' && vars.size > 0 ? [[name, withoutFields(value, vars)] as const] : [];
  });
  return Object.fromEntries(entries);
}
