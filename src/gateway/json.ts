import { isRecord } from '../domain/is-record.js';

/** A JSON object whose fields are still to be looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value that a body holds, or undefined if it is not (whole) JSON. */
export function parseJson(body: Buffer | string): unknown {
  try {
    return JSON.parse(body.toString().replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): JsonObject | undefined {
  return isRecord(value) ? value : undefined;
}

/** A string with something to read in it. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** No job costs more. With more, sums would lose their cents, and then their sense. */
const MOST_USD = 1_000_000;

/** US dollars as a gateway reports them: a number or a decimal string, neither negative nor absurd; else undefined. */
export function asUsd(value: unknown): number | undefined {
  const usd = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  return typeof usd === 'number' && usd >= 0 && usd <= MOST_USD ? usd : undefined;
}

const DECIMAL = /^\s*\d{1,20}(?:\.\d{1,30})?(?:e[+-]?\d{1,3})?\s*$/i;
