import type { ErrorObject } from 'ajv/dist/2020.js';
import { isRecord } from '../../domain/is-record.js';
import { manifestSchema } from '../../domain/manifest-schema.js';
import { nearest } from '../../domain/nearest.js';
import { isField } from './fields.js';
import type { Path } from '../yaml/places.js';
import { didYouMean, show, type Problem } from '../problems.js';

/** Names from elsewhere, above all from the API, and what they are called here. */
const KNOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  frame_images: 'first_frame and last_frame',
  image: 'first_frame',
  input_references: 'references',
  previous_job_id: 'previous_job',
  audio: 'generate_audio',
  ratio: 'aspect_ratio',
  name: 'id',
  count: 'takes',
  negative_prompt: 'provider: { options: … }',
  negativePrompt: 'provider: { options: … }',
};

/**
 * Turns one error of the schema check into a finding. `path` is the place of the value that the error is about;
 * `written` is that value letter for letter, if it is a scalar.
 */
export function describeShapeError(
  error: ErrorObject,
  path: Path,
  written: () => string | undefined,
): Problem {
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(error, path, String(params['additionalProperty']));
    case 'required':
      return missingKey(path, String(params['missingProperty']));
    case 'pattern':
      return error.propertyName === undefined
        ? wrongValue(error, path, written)
        : badName(path, error.propertyName);
    default:
      return wrongValue(error, path, written);
  }
}

function unknownKey({ parentSchema }: ErrorObject, path: Path, key: string): Problem {
  const known = Object.keys(isRecord(parentSchema?.['properties']) ? parentSchema['properties'] : {});
  const elsewhere = rightPlace(path, key);
  if (elsewhere !== undefined) {
    const message = `no such field here: ${key} belongs ${elsewhere}`;
    return { code: 'unknown-key', message, path: [...path, key], on: 'key' };
  }
  const meant = knownElsewhere(key, known) ?? nearest(key, known);
  const hint =
    meant === undefined && known.length <= 8 ? `the fields here are ${known.join(', ')}` : undefined;
  const message = `no such field: ${show(key)}${didYouMean(meant)}`;
  return { code: 'unknown-key', message, path: [...path, key], on: 'key', hint };
}

/** What a name from elsewhere is called here, if that field exists in this place. */
function knownElsewhere(key: string, known: readonly string[]): string | undefined {
  const meant = Object.hasOwn(KNOWN_ELSEWHERE, key) ? KNOWN_ELSEWHERE[key] : undefined;
  return known.some((name) => meant?.split(/\W/, 1)[0] === name) ? meant : undefined;
}

/** A setting of the run on a shot, or a shot's field at the top. */
function rightPlace(path: Path, key: string): string | undefined {
  if (path.length === 0) {
    if (key === 'id') return 'to a shot';
    return isField(key) || key === 'matrix' ? 'to a shot, or to defaults' : undefined;
  }
  const inShot = path.length === (path[0] === 'shots' ? 2 : 1);
  return inShot && Object.hasOwn(manifestSchema.properties, key) ? 'at the top of the manifest' : undefined;
}

/** A key that must be there. `path`: of the map that lacks it. */
export function missingKey(path: Path, key: string): Problem {
  const what =
    path.length === 0 ? 'the manifest' : path.length === 2 && path[0] === 'shots' ? 'the shot' : 'this';
  const hint = path.length === 0 && key === 'version' ? 'begin with version: 1' : undefined;
  return { code: 'missing-key', message: `${what} lacks ${key}:`, path, hint };
}

function badName(path: Path, name: string): Problem {
  return {
    code: 'invalid-value',
    message: `${show(name)} cannot name a var: a name has letters, digits, "_" and "-", and begins with a letter or "_"`,
    path: [...path, name],
    on: 'key',
  };
}

function wrongValue(error: ErrorObject, path: Path, written: () => string | undefined): Problem {
  const { keyword, parentSchema, params, data } = error;
  const field = nameOf(path);
  const limits = params as Readonly<Record<string, unknown>>;
  if (field === 'version' && typeof data === 'number' && data > 1) {
    const message = `the manifest is of version ${data}; this dailies knows version 1`;
    return { code: 'unsupported-version', message, path, hint: 'a newer dailies may read it' };
  }
  const title = String(parentSchema?.['title'] ?? 'something else');
  // If somebody puts the key itself there, it must not appear in a log.
  const isPlain = typeof data === 'number' || typeof data === 'boolean';
  const shown = (isPlain ? written() : undefined) ?? show(data);
  const found = field === 'api_key_env' ? '' : `, not ${shown}`;
  if (keyword === 'oneOf') return { code: 'invalid-value', message: `${field} must have ${title}`, path };
  const message = limitFault(error, field) ?? `${field} must be ${title}${found}`;
  const isType = keyword === 'type' || (keyword === 'const' && typeof data !== 'number');
  const hint =
    field === 'api_key_env'
      ? 'give the name of the variable that has the key, not the key itself'
      : isType
        ? typeHint(error, shown, field)
        : valueHint(keyword, data, limits['allowedValues']);
  return { code: isType ? 'wrong-type' : 'invalid-value', message, path, hint };
}

/** How a message names the value at a path: the field, and the place in its list. */
function nameOf(path: Path): string {
  const isName = (step: string | number): boolean => !/^\d+$/.test(String(step));
  const at = path.findLastIndex(isName);
  if (at < 0) return 'the manifest';
  const indices = path.slice(at + 1).map((index) => `[${index}]`);
  return `${path[at] ?? ''}${indices.join('')}`;
}

/** A value of the right kind that is too long, too large or too small. */
function limitFault(error: ErrorObject, field: string): string | undefined {
  const { limit } = error.params as { readonly limit?: number };
  const bound = limit?.toLocaleString('en') ?? '';
  switch (error.keyword) {
    case 'maxLength':
      return `${field} has more than ${bound} characters`;
    case 'maxItems':
      return `${field} has more than ${bound} entries`;
    case 'minLength':
      return `${field} is empty`;
    case 'maximum':
      return `${field} may be at most ${bound}, not ${show(error.data)}`;
    case 'minimum':
      return `${field} must be at least ${bound}, not ${show(error.data)}`;
    default:
      return undefined;
  }
}

function valueHint(keyword: string, data: unknown, allowed: unknown): string | undefined {
  if (keyword !== 'enum' || typeof data !== 'string' || !Array.isArray(allowed)) return undefined;
  const words = allowed.filter((value) => typeof value === 'string');
  const meant = nearest(data, words);
  return meant === undefined ? undefined : `did you mean ${meant}?`;
}

/** `shown`: the data as the message quotes it. */
function typeHint({ data, parentSchema }: ErrorObject, shown: string, field: string): string | undefined {
  if (typeof data === 'string') {
    if (data.includes('{{')) return 'a var gives text; let a matrix give other values';
    if (/^-?\d+(\.\d+)?$/.test(data)) return `write ${data} without quotes`;
    if (/^(yes|no|on|off|true|false)$/i.test(data)) return 'write true or false, without quotes';
    return field === 'duration' && /^\d+\s*s/.test(data) ? `write ${Number.parseInt(data, 10)}` : undefined;
  }
  if (field === 'resolution' && typeof data === 'number') return `write ${data}p`;
  const takesText = [parentSchema?.['type']].flat().includes('string');
  const isPlain = typeof data === 'number' || typeof data === 'boolean';
  return takesText && isPlain ? `if it is text, put it in quotes: "${shown}"` : undefined;
}
