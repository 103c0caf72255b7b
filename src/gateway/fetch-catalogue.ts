import type { Clock } from '../clock.js';
import { DailiesError } from '../errors.js';
import type { Asked, Question } from './ask.js';
import { failureWords } from './failure.js';
import { retryAfterMs } from './headers.js';
import { asObject, parseJson } from './json.js';
import type { Redact } from './redact.js';
import { bodyWords, printable } from './words.js';

/** How long to ask for a catalogue, and how long one try may last. */
const PATIENCE_MS = 15_000;
const TRY_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LARGEST_CATALOGUE_BYTES = 32 * 1024 * 1024;

interface CatalogueRequest {
  readonly get: (limits: Partial<Question>) => Promise<Asked>;
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** See `Gateway.keyHint`. */
  readonly keyHint: string;
  /** Whether a key goes with the request. */
  readonly hasKey: boolean;
  readonly redact: Redact;
}

/** Reads the list of models, and repeats this while the gateway does not answer. See `Gateway.fetchCatalogue`. */
export async function fetchCatalogue(request: CatalogueRequest): Promise<unknown> {
  const { get, baseUrl, clock, signal, keyHint, hasKey, redact } = request;
  const end = clock.elapsed() + PATIENCE_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    const asked = await get({ maxBytes: LARGEST_CATALOGUE_BYTES, totalTimeoutMs: TRY_MS });
    signal.throwIfAborted();
    const read = readCatalogue(asked);
    if ('body' in read) return read.body;
    const waitMs = Math.max(pauseMs, read.retryAfterMs ?? 0);
    if (!read.again || clock.elapsed() + waitMs > end) {
      const message = printable(`no list of models from ${baseUrl}: ${read.why}`, redact);
      const hint = 'check the base URL and the network; nothing was submitted';
      throw new DailiesError('catalogue-unavailable', message, { hint });
    }
    await clock.sleep(waitMs, signal);
  }

  function readCatalogue(asked: Asked): Read {
    if (asked.kind !== 'answered') return { why: failureWords(asked.error), again: true };
    const { status, body } = asked.answer;
    const words = bodyWords(body) ?? 'no reason given';
    if (status === 401 || status === 403) {
      const refuses = hasKey ? 'refuses the key' : 'wants a key';
      const message = printable(`${baseUrl} ${refuses}: ${words}`, redact);
      throw new DailiesError('key-refused', message, { hint: keyHint });
    }
    const value = status < 300 ? parseJson(body) : undefined;
    if (asObject(value) || Array.isArray(value)) return { body: value };
    return {
      why: `it answers ${status}: ${words}`,
      again: status < 300 || status >= 500 || status === 408 || status === 429,
      retryAfterMs: retryAfterMs(asked.answer, clock.now()),
    };
  }
}

/** The catalogue, or why there is none. */
type Read =
  | { readonly body: unknown }
  | { readonly why: string; readonly again: boolean; readonly retryAfterMs?: number | undefined };
