import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { isRecord } from '../domain/is-record.js';
import { validateAttempt, validateLockfile } from './lockfile-validators.js';

/**
 * Where and why a value is not a lockfile: `shots.sea.takes.1.attempts[0].fingerprint should be …`. Undefined if it is one.
 * Gives only the first fault.
 */
export function lockfileProblem(value: unknown): string | undefined {
  return firstFault(validateLockfile, value);
}

/** The same for one attempt in a document of its own, which has an `owner` and no `check`. */
export function attemptProblem(value: unknown): string | undefined {
  return firstFault(validateAttempt, value);
}

function firstFault(validate: ValidateFunction, value: unknown): string | undefined {
  if (validate(value)) return undefined;
  const [error] = validate.errors ?? [];
  return error && sentence(error, value);
}

function sentence(error: ErrorObject, value: unknown): string {
  const { keyword, instancePath, propertyName } = error;
  const path = pathTo(instancePath, value);
  const params = error.params as Readonly<Record<string, unknown>>;
  if (keyword === 'required') return `${stepTo(path, String(params['missingProperty']))} is missing`;
  const at = propertyName === undefined ? path : stepTo(path, propertyName);
  return `${at === '' ? 'it' : at} should be ${expected(error, params)}`;
}

/** `/shots/sea/takes/1/attempts/0` as `shots.sea.takes.1.attempts[0]`. */
function pathTo(pointer: string, value: unknown): string {
  let path = '';
  let at = value;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) {
      path += `[${name}]`;
      at = (at as readonly unknown[])[Number(name)];
    } else {
      path = stepTo(path, name);
      at = isRecord(at) ? at[name] : undefined;
    }
  }
  return path;
}

function stepTo(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function expected({ parentSchema }: ErrorObject, params: Readonly<Record<string, unknown>>): string {
  const { title } = parentSchema ?? {};
  if (typeof title === 'string') return title;
  const { allowedValues, allowedValue, type, limit } = params;
  if (Array.isArray(allowedValues)) return `one of ${allowedValues.join(', ')}`;
  if ('allowedValue' in params) return String(allowedValue);
  if (type === undefined) return `at least ${String(limit)}`;
  const kinds: readonly unknown[] = [type].flat();
  return kinds.map((kind) => KINDS.get(kind)).join(' or ');
}

const KINDS: ReadonlyMap<unknown, string> = new Map([
  ['string', 'a string'],
  ['integer', 'a whole number'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
  ['object', 'an object'],
  ['array', 'a list'],
  ['null', 'null'],
]);
