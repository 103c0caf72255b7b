import { defined } from '../domain/defined.js';
import type { Generation } from '../domain/unsettled.js';
import { asObject, asText, asUsd, parseJson } from './json.js';
import type { Answer, ReadingContext } from './read-submit.js';
import { bodyWords, printable } from './words.js';

/** What the gateway's accounts say of a request that a person has named. */
export type GenerationOutcome =
  | { readonly kind: 'known'; readonly generation: Generation }
  /** Nothing that can be read: gateways enter requests late, and some enter no videos, so it proves nothing. */
  | { readonly kind: 'unknown'; readonly message: string };

/** Reads the answer to `GET /generation?id=`. The fields are those of the documentation, where they are asked for with other jobs. */
export function readGeneration(
  answer: Answer,
  { redact, id }: Pick<ReadingContext, 'redact'> & { readonly id: string },
): GenerationOutcome {
  const { status, body } = answer;
  const fields = status < 300 ? asObject(asObject(parseJson(body))?.['data']) : undefined;
  if (!fields) {
    const words = status < 300 ? 'no data' : (bodyWords(body) ?? 'no reason given');
    return { kind: 'unknown', message: printable(`${status}: ${words}`, redact) };
  }
  const word = (name: string): string | undefined => {
    const text = asText(fields[name]);
    return text === undefined ? undefined : asText(printable(text, redact));
  };
  const created = fields['created_at'];
  const at = typeof created === 'number' ? created * 1000 : Date.parse(word('created_at') ?? '');
  return {
    kind: 'known',
    generation: {
      id,
      ...defined({
        cost_usd: asUsd(fields['total_cost']) ?? asUsd(fields['usage']),
        created_at: Math.abs(at) < LAST_DATE ? new Date(at).toISOString() : undefined,
        model: word('model'),
        served_by: word('provider_name'),
        session_id: word('session_id'),
        user: word('external_user'),
      }),
    },
  };
}

/** Of the year 9999: a later date is none. */
const LAST_DATE = 253_402_300_800_000;
