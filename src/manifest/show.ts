import { isRecord } from '../domain/is-record.js';
import { maskSignatures } from '../domain/unsigned-url.js';

const LONGEST = 60;

/** A value as a message quotes it: short, on one line. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isRecord(value)) return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  if (value === null || value === undefined) return 'nothing';
  const text = maskSignatures(JSON.stringify(value));
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
