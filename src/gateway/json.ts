import { isRecord } from '../domain/is-record.js';

/** A JSON object whose fields are still to be looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value that a body holds, or undefined where it is not (whole) JSON. */
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

/** US dollars as a gateway reports them: a number or a numeric string, not negative; else undefined. */
export function asUsd(value: unknown): number | undefined {
  const text = asText(value);
  const usd = text === undefined ? value : Number(text);
  return typeof usd === 'number' && Number.isFinite(usd) && usd >= 0 ? usd : undefined;
}
