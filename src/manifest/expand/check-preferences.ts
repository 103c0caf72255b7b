import { fieldSchemas } from '../../domain/manifest-schema.js';
import { isRecord } from '../../domain/is-record.js';
import { nearest } from '../../domain/nearest.js';
import { didYouMean, show, type Problem } from '../problems.js';
import type { RawFields } from '../schema/raw.js';

/**
 * Warns about the keys of `provider` that we do not know. Gateways learn new preferences without us, so such a key is sent
 * as written; but most are typos, and the gateway would drop them in silence.
 */
export function checkPreferences(
  { provider }: RawFields,
  report: (key: string, problem: Omit<Problem, 'path'>) => void,
): void {
  if (provider == null) return;
  for (const key of Object.keys(provider)) {
    if (KNOWN.includes(key)) continue;
    report(key, {
      code: 'unknown-key',
      severity: 'warning',
      message: `provider has no field ${show(key)} that we know${didYouMean(nearest(key, KNOWN))}`,
      hint: 'it is sent as written, and a change of it renders nothing again; if it is a typo, correct it',
      on: 'key',
    });
  }
}

const properties = fieldSchemas['provider']?.['properties'];
const KNOWN: readonly string[] = isRecord(properties) ? Object.keys(properties) : [];
