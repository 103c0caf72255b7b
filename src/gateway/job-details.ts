import type { JobDetails } from '../domain/attempt.js';
import { defined } from '../domain/defined.js';
import { asObject, asText, type JsonObject } from './json.js';
import { KEY_MARK, type Redact } from './redact.js';
import { printable } from './words.js';

/** Longer than any name or id. */
const LONGEST = 200;

/**
 * What an answer about a job says besides its state: its id in the gateway's accounts, and the provider that serves it. The
 * contract has no field for the provider, so the names that related answers have for it are tried.
 */
export function jobDetails(
  answer: JsonObject,
  { redact }: { readonly redact: Redact },
): { readonly details?: JobDetails } {
  const word = (value: unknown): string | undefined => {
    const text = asText(value);
    const plain = text === undefined || text.length > LONGEST ? '' : printable(text, redact);
    return plain === '' || plain.includes(KEY_MARK) ? undefined : plain;
  };
  const provider = answer['provider'];
  const about = asObject(provider);
  const details = defined({
    generation_id: word(answer['generation_id']),
    served_by:
      word(answer['provider_name']) ?? word(provider) ?? word(about?.['name']) ?? word(about?.['slug']),
  });
  return Object.keys(details).length > 0 ? { details } : {};
}
