import { defined } from '../domain/defined.js';
import type { JobRef } from '../domain/attempt.js';
import { retryAfterMs } from './headers.js';
import { asObject, asText, asUsd, parseJson, type JsonObject } from './json.js';
import type { JobAddresses } from './job-address.js';
import type { ClipUrl, PollOutcome } from './outcomes.js';
import type { Answer, ReadingContext } from './read-submit.js';
import { jobDetails } from './job-details.js';
import { bodyWords, errorWords, printable } from './words.js';

/** Far more outputs than any job has. */
const MOST_OUTPUTS = 1000;

/** What the answer to a poll means. An answer that is not a clear statement about this job changes nothing. */
export function readPoll(answer: Answer, context: ReadingContext & { readonly job: JobRef }): PollOutcome {
  const fields = answer.status < 300 ? asObject(parseJson(answer.body)) : undefined;
  const word = asText(fields?.['status']);
  if (!fields || word === undefined) return readFailure(answer, context);
  const status = word.trim().toLowerCase();
  switch (status) {
    case 'pending':
    case 'in_progress':
      return { kind: 'running', status };
    case 'completed':
      return {
        kind: 'completed',
        ...outputsIn(fields, context),
        ...costOf(fields),
        ...jobDetails(fields, context),
      };
    case 'failed':
    case 'cancelled':
    case 'expired': {
      const words = errorWords(fields['error']) ?? errorWords(fields['message']) ?? 'no reason given';
      return {
        kind: 'ended',
        status,
        message: printable(words, context.redact),
        ...costOf(fields),
        ...jobDetails(fields, context),
      };
    }
    default:
      return { kind: 'unknown_status', word: printable(word, context.redact) };
  }
}

function readFailure(answer: Answer, { redact, now }: ReadingContext): PollOutcome {
  const { status, body } = answer;
  const message = printable(bodyWords(body) ?? 'no reason given', redact);
  if (status === 401 || status === 403) return { kind: 'key_refused', status, message };
  if (status === 404 || status === 410) return { kind: 'not_found', message };
  return {
    kind: 'unavailable',
    message: `the gateway answered ${status < 300 ? 'without a status that can be read' : status}: ${message}`,
    retryAfterMs: retryAfterMs(answer, now),
  };
}

/**
 * The outputs in order, up to the maximum, and how many more are listed. Each has all its addresses: signed storage first (`urls`:
 * fast, and not through the gateway), then `unsigned_urls`, then `mirror_urls` of a related API, then the content endpoint, which
 * serves the output as long as it is kept. A mirror is only a further address: it adds no output.
 */
function outputsIn(
  fields: JsonObject,
  { job, addresses }: { readonly job: JobRef; readonly addresses: JobAddresses },
): { readonly urls: readonly ClipUrl[]; readonly leftOut?: number } {
  const listOf = (name: string): readonly unknown[] => {
    const list = fields[name];
    return Array.isArray(list) ? list : [];
  };
  const own = [listOf('urls'), listOf('unsigned_urls')];
  const mirrors = listOf('mirror_urls');
  const lists = [...own, mirrors];
  const listed = Math.max(1, ...own.map((list) => list.length));
  const urls = Array.from({ length: Math.min(listed, MOST_OUTPUTS) }, (_, index) => {
    const content = addresses.contentUrl(job, index);
    const named = lists.map((list) => addresses.clipUrl(addressIn(list[index])));
    return named
      .filter((clip) => clip !== undefined)
      .filter((clip) => clip.url !== content.url)
      .reduceRight((next, clip) => ({ ...clip, next }), content);
  });
  return { urls, ...(listed > urls.length ? { leftOut: listed - urls.length } : {}) };
}

/** In the list, an address is a text, or inside an object. */
function addressIn(entry: unknown): unknown {
  return asObject(entry)?.['url'] ?? entry;
}

/**
 * The cost of a job: `cost`, or `video_cost` in a related API. If the user's own key for the provider was used, the gateway
 * charges little or nothing, and the provider's price is added; without that price, the cost is unknown.
 */
function costOf(fields: JsonObject): { readonly cost_usd?: number } {
  const usage = asObject(fields['usage']) ?? {};
  const ownUsd = asUsd(usage['cost']) ?? asUsd(usage['video_cost']);
  if (usage['is_byok'] !== true && usage['is_byok'] !== 'true') return defined({ cost_usd: ownUsd });
  const details = asObject(usage['cost_details']) ?? {};
  const upstreamUsd = asUsd(details['upstream_inference_cost']) ?? asUsd(usage['upstream_inference_cost']);
  return upstreamUsd === undefined || upstreamUsd === 0 ? {} : { cost_usd: upstreamUsd + (ownUsd ?? 0) };
}
