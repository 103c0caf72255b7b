import { defined } from '../domain/defined.js';
import { header, retryAfterMs } from './headers.js';
import { asObject, asText, parseJson, type JsonObject } from './json.js';
import type { JobAddresses } from './job-address.js';
import type { SubmitOutcome } from './outcomes.js';
import type { Head } from './wire.js';
import type { Redact } from './redact.js';
import { bodyWords, errorWords, printable } from './words.js';

/** A whole answer, bounded in size. */
export interface Answer extends Head {
  readonly body: Buffer;
}

export interface ReadingContext {
  readonly addresses: JobAddresses;
  readonly redact: Redact;
  /** Milliseconds since 1970, for dates in headers. */
  readonly now: number;
}

/** Statuses that prove that no job was started. */
const REFUSALS = new Set([400, 404, 413, 422]);

/** What the answer to a submit means: the table under "Money", row by row. */
export function readSubmit(answer: Answer, context: ReadingContext): SubmitOutcome {
  const { status, body } = answer;
  if (status < 300) return readAccepted(answer, context);
  if (status < 400) return readRedirect(answer, context);

  const fields = asObject(parseJson(body));
  const message = printable(bodyWords(body) ?? 'no reason given', context.redact);
  const wait = retryAfterMs(answer, context.now);
  const notAccepted = (reason: 'rate_limited' | 'unavailable'): SubmitOutcome => ({
    kind: 'not_accepted',
    reason,
    message: `${status}: ${message}`,
    retryAfterMs: wait,
  });
  const refused = (stops?: Stops): SubmitOutcome => ({
    kind: 'refused',
    status,
    message,
    ...defined({ stops }),
  });

  if (REFUSALS.has(status)) return refused();
  if (status === 401) return refused('key');
  if (status === 402) {
    const isPassing = wait !== undefined && limitSource(fields)?.includes('in_flight');
    return isPassing ? notAccepted('rate_limited') : refused(unpaidBecause(fields));
  }
  if (status === 403) return refused(forbiddenBecause(fields));
  if (status === 429) return notAccepted('rate_limited');
  if (status === 503 && isWellFormed(fields)) return notAccepted('unavailable');
  return { kind: 'uncertain', message: `the gateway answered ${status}: ${message}` };
}

/**
 * Reads an answer that broke off. If its JSON parses, everything that matters had arrived, and it counts. Otherwise the outcome
 * quotes its beginning, so that the user can look for the job.
 */
export function readLost(why: string, partial: Answer | undefined, context: ReadingContext): SubmitOutcome {
  const read = partial && partial.status < 300 ? readAccepted(partial, context) : undefined;
  if (read?.kind === 'accepted') return read;
  const came = beginning(partial?.body ?? Buffer.alloc(0), context.redact);
  const message = `the answer to the submit was lost (${why})`;
  return { kind: 'uncertain', message: came === '' ? message : `${message}; it began: ${came}` };
}

/** Only a job id counts. Without one there may be a job whose id is unknown. */
function readAccepted({ status, body }: Answer, { addresses, redact }: ReadingContext): SubmitOutcome {
  const fields = asObject(parseJson(body));
  const job = fields && addresses.jobOf(fields);
  if (job) return { kind: 'accepted', job, status: printable(asText(fields['status']) ?? 'pending', redact) };
  const said = beginning(body, redact) || 'nothing';
  return {
    kind: 'uncertain',
    message: `the gateway answered ${status} without a job id that can be read: ${said}`,
    // A server that does not even speak this API would answer all other submits in the same way.
    ...defined({ stops: fields ? undefined : { hint: `${CHECK_BASE}, then ${SETTLE}` } }),
  };
}

const CHECK_BASE = 'check the base URL (it usually ends in /api/v1)';
const SETTLE = 'check whether a job was started, then settle the shot with dailies resolve';

/**
 * An asynchronous API may answer 303 to what it has accepted, and a wrong base URL redirects everything:
 * there may be a job, and the next submit would be redirected too.
 */
function readRedirect(answer: Answer, { addresses, redact }: ReadingContext): SubmitOutcome {
  const location = header(answer, 'location');
  const to = location !== undefined && URL.canParse(location) ? new URL(location).origin : 'elsewhere';
  const what = `the gateway redirects to ${to} (${answer.status}); a submit follows no redirect`;
  const baseUrl = addresses.baseBehind(location);
  const check =
    baseUrl === undefined
      ? CHECK_BASE
      : `write base_url: ${printable(baseUrl, redact)} under gateway: in the manifest`;
  return {
    kind: 'uncertain',
    message: printable(`${what}, so it is unknown whether a job was started`, redact),
    stops: { hint: `${check}; ${SETTLE}` },
  };
}

function beginning(body: Buffer, redact: Redact): string {
  return printable(body.subarray(0, 300).toString(), redact);
}

type Stops = 'key' | 'credits' | 'budget';
type Fields = JsonObject | undefined;

function metadataOf(fields: Fields): Fields {
  return asObject(asObject(fields?.['error'])?.['metadata']);
}

/** The limit that was reached, if the gateway names it: `openrouter_key_limit`, `openrouter_workspace_budget`, … */
function limitSource(fields: Fields): string | undefined {
  return asText(metadataOf(fields)?.['limit_source'])?.toLowerCase();
}

function unpaidBecause(fields: Fields): Stops {
  const source = limitSource(fields) ?? '';
  if (source.includes('key')) return 'key';
  return /guardrail|workspace/.test(source) ? 'budget' : 'credits';
}

/** Texts of a 403 that explain nothing. */
const BARE_FORBIDDEN =
  /^(?:403:? ?)?(?:forbidden|(?:access|permission)[ _]denied|unauthori[sz]ed|not authori[sz]ed)\W*$/i;
const ABOUT_KEY =
  /\bapi[ _-]?key\b|\b(?:your|this|the) key\b|\bkey (?:limit|is|has|was|does|lacks|disabled|expired)\b/i;
const ABOUT_BUDGET = /\b(?:budget|quota|(?:spend(?:ing)?|credit|usage) (?:limit|cap))\b/i;

/**
 * A 403 is about a prompt (moderation, a guardrail on content), about a limit of the key or a budget, or it does not
 * say. Only the first is about one shot.
 */
function forbiddenBecause(fields: Fields): Stops | undefined {
  const source = limitSource(fields);
  if (source !== undefined) return source.includes('key') ? 'key' : 'budget';
  const metadata = metadataOf(fields);
  if (metadata && ('reasons' in metadata || 'flagged_input' in metadata)) return undefined;
  const words = fields && errorWords(fields['error'] ?? fields);
  if (words === undefined || BARE_FORBIDDEN.test(words) || ABOUT_KEY.test(words)) return 'key';
  return ABOUT_BUDGET.test(words) ? 'budget' : undefined;
}

/** `{ error: { code, message } }` comes from the gateway itself, anything else from something in between. */
function isWellFormed(fields: Fields): boolean {
  const error = asObject(fields?.['error']);
  const hasCode = typeof error?.['code'] === 'number' || asText(error?.['code']) !== undefined;
  return hasCode && asText(error?.['message']) !== undefined;
}
