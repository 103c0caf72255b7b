import { API_FIELD_NAMES, apiField } from '../../domain/fields.js';
import type { ShotType } from '../../domain/take.js';
import { RIVALS } from './layers.js';
import { show, type Problem } from '../problems.js';
import type { FieldName, RawFields } from '../schema/raw.js';

/** Reports a finding about a field: at its place, or at the shot's id if the field is absent. */
export type Fault = (field: FieldName, problem: Omit<Problem, 'path'>) => void;

/**
 * The rules that hold between the fields of one shot, after defaults, vars and matrix. `suspect`: faulty fields were
 * dropped before, so what seems to be missing may just be misspelt.
 */
export function checkFields(fields: RawFields, suspect: boolean, fault: Fault): void {
  checkForms(fields, fault);
  checkRivals(fields, fault);
  checkSeeds(fields, fault);
  if (suspect) return;
  checkPresence(fields, fault);
  checkType(fields, fault);
}

/** How a shot is made, derived from its fields. */
export function typeOf({ first_frame, last_frame, references }: RawFields): ShotType {
  if (first_frame != null || last_frame != null) return 'image-to-video';
  return references == null ? 'text' : 'reference';
}

/** Most models take seeds of 31 bits; a take beyond that would be refused after others were paid. */
const LARGEST_COMMON_SEED = 2 ** 31 - 1;

/** The fields that the schema could not check before their vars were inserted. */
const TEXTS = API_FIELD_NAMES.flatMap((field) => {
  const { type, title, pattern, maxLength = Infinity } = apiField(field).schema;
  // The schema accepts any text with a var, until the var is inserted.
  const form = pattern === undefined ? undefined : new RegExp(pattern.replace(/\|\\\{\\\{$/, ''), 'u');
  return type === 'string' ? [{ field, title, form, maxLength }] : [];
});

function checkForms(fields: RawFields, fault: Fault): void {
  for (const { field, title, form, maxLength } of TEXTS) {
    const value = fields[field];
    if (typeof value !== 'string') continue;
    if (form?.test(value) === false) {
      fault(field, { code: 'invalid-value', message: `${field} must be ${title}, not ${show(value)}` });
    } else if (value.length > maxLength && Array.from(value).length > maxLength) {
      const message = `${field} has more than ${maxLength.toLocaleString('en')} characters`;
      fault(field, { code: 'invalid-value', message });
    }
  }
  if (fields.tags?.some((tag) => tag.trim() === '' || tag.length > 200)) {
    fault('tags', { code: 'invalid-value', message: 'a tag is a short word' });
  }
}

function checkRivals(fields: RawFields, fault: Fault): void {
  for (const [one, other] of RIVALS) {
    const a = one.find((field) => fields[field] != null);
    const b = other.find((field) => fields[field] != null);
    if (a === undefined || b === undefined) continue;
    fault(a, {
      code: 'conflicting-fields',
      message: `${a} and ${b} exclude each other`,
      on: 'key',
      hint:
        a === 'size'
          ? 'give size, or resolution and aspect_ratio'
          : 'the gateway would drop the references: make two shots',
    });
  }
}

function checkSeeds({ seed, takes }: RawFields, fault: Fault): void {
  if (seed == null || takes == null) return;
  const limit = seed <= LARGEST_COMMON_SEED ? LARGEST_COMMON_SEED : Number.MAX_SAFE_INTEGER;
  const highest = limit - (takes - 1);
  if (seed <= highest) return;
  const message = `each take adds 1 to the seed, and ${takes} takes would exceed ${limit}`;
  fault('seed', { code: 'invalid-value', message, hint: `start at ${highest} or below` });
}

function checkPresence(fields: RawFields, fault: Fault): void {
  if (fields.model == null) {
    fault('model', {
      code: 'missing-key',
      message: 'the shot has no model',
      hint: 'set model: on the shot or in defaults',
    });
  }
  if (typeOf(fields) === 'text' && (fields.prompt == null || fields.prompt.trim() === '')) {
    fault('prompt', { code: 'prompt-required', message: 'a text shot needs a prompt' });
  }
}

function checkType(fields: RawFields, fault: Fault): void {
  const { type: given } = fields;
  const type = typeOf(fields);
  if (given == null || given === type) return;
  const has = { text: 'no frames and no references', 'image-to-video': 'a frame', reference: 'references' }[
    type
  ];
  const remedy = {
    text: 'first_frame: null, last_frame: null or references: null remove the value of the defaults',
    'image-to-video': 'add first_frame: or last_frame:',
    reference: 'add references:',
  }[given];
  fault('type', {
    code: 'type-mismatch',
    message: `type is ${given}, but with ${has} the shot is ${type}`,
    hint: `leave type out, or ${remedy}`,
  });
}
