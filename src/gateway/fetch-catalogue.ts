import type { Clock } from '../clock.js';
import { DailiesError } from '../errors.js';
import type { Asked, Question } from './ask.js';
import { failureWords } from './failure.js';
import { retryAfterMs } from './headers.js';
import { asObject, parseJson } from './json.js';
import { bodyWords, printable, type Redact } from './words.js';

/** How long a catalogue is asked for, and how long one try of it may last. */
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
  readonly redact: Redact;
  /** The same for the catalogue itself, which is kept. */
  readonly redactData: Redact;
}

/** Reads the list of models, again and again while the gateway does not answer. See `Gateway.fetchCatalogue`. */
export async function fetchCatalogue(request: CatalogueRequest): Promise<unknown> {
  const { get, clock, signal } = request;
  const end = clock.now() + PATIENCE_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    const asked = await get({ maxBytes: LARGEST_CATALOGUE_BYTES, totalTimeoutMs: TRY_MS });
    signal.throwIfAborted();
    const read = readCatalogue(asked, request);
    if (read.kind === 'catalogue') return read.body;
    const waitMs = Math.max(pauseMs, read.retryAfterMs ?? 0);
    if (!read.again || clock.now() + waitMs > end) throw unavailable(read.why, request);
    await clock.sleep(waitMs, signal);
  }
}

type Read =
  | { readonly kind: 'catalogue'; readonly body: unknown }
  | {
      readonly kind: 'none';
      readonly why: string;
      readonly again: boolean;
      readonly retryAfterMs?: number | undefined;
    };

function readCatalogue(asked: Asked, request: CatalogueRequest): Read {
  const { clock, keyHint, redact, redactData, baseUrl } = request;
  if (asked.kind !== 'answered') return { kind: 'none', why: failureWords(asked.error), again: true };
  const { status, body } = asked.answer;
  const words = bodyWords(body) ?? 'no reason given';
  if (status === 401 || status === 403) {
    throw new DailiesError('key-refused', printable(`${baseUrl} refuses the key: ${words}`, redact), {
      hint: keyHint,
    });
  }
  const value = status < 300 ? parseJson(redactData(body.toString())) : undefined;
  if (asObject(value) || Array.isArray(value)) return { kind: 'catalogue', body: value };
  return {
    kind: 'none',
    why: `it answers ${status}: ${words}`,
    again: status < 300 || status >= 500 || status === 408 || status === 429,
    retryAfterMs: retryAfterMs(asked.answer, clock.now()),
  };
}

function unavailable(why: string, { baseUrl, redact }: CatalogueRequest): DailiesError {
  const message = printable(`no list of models from ${baseUrl}: ${why}`, redact);
  const hint = 'check the base URL and the network; nothing was submitted';
  return new DailiesError('catalogue-unavailable', message, { hint });
}
