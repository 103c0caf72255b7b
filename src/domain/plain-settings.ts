import { defined } from './defined.js';
import type { ApiValue, ShotSettings } from './fields.js';

type PlainField = 'prompt' | 'provider' | 'trace';

/**
 * Settings in the one spelling in which they are compared, sent and kept, so that what changes no pixel buys nothing: texts
 * in NFC, with LF and without white space at the ends of their lines; no empty maps in `provider`, and no empty `trace`.
 */
export function plainSettings<T extends Partial<Pick<ShotSettings, PlainField>>>(settings: T): T {
  const { prompt, provider, trace } = settings;
  const text = prompt === undefined ? undefined : plainText(prompt);
  const parameters = provider && plainProvider(provider);
  const marks = isEmptyMap(trace) ? undefined : trace;
  if (text === prompt && parameters === provider && marks === trace) return settings;
  // Fields that are left out are optional.
  return defined({ ...settings, prompt: text, provider: parameters, trace: marks }) as unknown as T;
}

/** A text as it is read. */
export function plainText(text: string): string {
  const lines = text.normalize('NFC').replace(/\r\n?/g, '\n').split('\n');
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}

/** The same without maps that say nothing; undefined if nothing is left. Parameters themselves stay as they are. */
function plainProvider({ options = {}, ...rest }: ApiValue<'provider'>): ApiValue<'provider'> | undefined {
  const told = Object.entries(options).flatMap(([slug, given]) => {
    const { parameters, ...direct } = given;
    const kept = isEmptyMap(parameters) ? direct : given;
    return isEmptyMap(kept) ? [] : [[slug, kept] as const];
  });
  const plain = { ...rest, ...(told.length > 0 ? { options: Object.fromEntries(told) } : {}) };
  return isEmptyMap(plain) ? undefined : plain;
}

function isEmptyMap(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  );
}
