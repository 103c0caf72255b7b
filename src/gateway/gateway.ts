import type { Clock } from '../clock.js';
import { defined } from '../domain/defined.js';
import type { JobRef } from '../domain/attempt.js';
import { isLoopback } from '../domain/loopback.js';
import { DailiesError } from '../errors.js';
import { ask, askAgain, type Asked, type Question } from './ask.js';
import { downloadClip, type DownloadRequest } from './download.js';
import { failureWords } from './failure.js';
import { fetchCatalogue } from './fetch-catalogue.js';
import { jobAddresses } from './job-address.js';
import { asObject, asUsd, parseJson } from './json.js';
import type { ClipUrl, DownloadOutcome, PollOutcome, SubmitOutcome } from './outcomes.js';
import type { ProxyEnv } from './proxy.js';
import { readGeneration, type GenerationOutcome } from './read-generation.js';
import { readPoll } from './read-poll.js';
import { readLost, readSubmit, type ReadingContext } from './read-submit.js';
import { dataRedactor, redactor } from './redact.js';
import { USER_AGENT } from './user-agent.js';
import { openWeb } from './web.js';
import { asError } from './wire.js';
import { printable } from './words.js';

/** A video API by the contract in test/contract: its requests, with a distinct result for every way it can answer. */
export interface Gateway {
  /**
   * The body of GET /videos/models, tried for some 15 s by the clock.
   * Throws `key-refused`, or `catalogue-unavailable` if there is no answer; the signal's reason when stopped.
   */
  fetchCatalogue(signal: AbortSignal): Promise<unknown>;
  /**
   * Sends exactly one POST with this JSON, on a connection of its own. It is never resent, and follows no redirect. Never throws. If
   * the signal stops it, it is `not_accepted` if nothing was sent, and `uncertain` otherwise.
   */
  submit(body: Buffer, signal: AbortSignal): Promise<SubmitOutcome>;
  /** Polls a job once. Throws the signal's reason when stopped, and nothing else. */
  poll(job: JobRef, signal: AbortSignal): Promise<PollOutcome>;
  /** The content endpoint for the n-th output of a job, counted from 0. */
  contentUrl(job: JobRef, index: number): ClipUrl;
  /** See `downloadClip`. */
  download(request: DownloadRequest): Promise<DownloadOutcome>;
  /** What the key has used and may use, or undefined if the gateway does not tell. */
  keyUsage(
    signal: AbortSignal,
  ): Promise<{ readonly usage_usd?: number; readonly limit_usd?: number } | undefined>;
  /**
   * What the gateway's accounts say of a request, by the id that a person has found there. Throws the signal's reason when
   * stopped, and nothing else.
   */
  generation(id: string, signal: AbortSignal): Promise<GenerationOutcome>;
  /** What the user can do if the key is refused. */
  readonly keyHint: string;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** See `Gateway.keyHint`. */
  readonly keyHint?: string;
  readonly clock: Clock;
  /** The variables that name proxies. */
  readonly proxyEnv: ProxyEnv;
  readonly timeouts?: Partial<Timeouts>;
}

/** Milliseconds. */
export interface Timeouts {
  readonly connectMs: number;
  /** For a GET, from the call to the last byte of its answer. */
  readonly answerMs: number;
  /** For a submit, the same; the time to send its body is added. */
  readonly submitMs: number;
  /** For what a key has used, which is only a hint. */
  readonly usageMs: number;
  /** For a download: without a byte. */
  readonly idleMs: number;
}

const TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  answerMs: 30_000,
  usageMs: 5000,
  submitMs: 120_000,
  idleMs: 60_000,
};

/** The slowest connection for which a submit with large inputs has time. */
const SLOWEST_UPLOAD_BYTES_PER_MS = 32;
const LARGEST_ANSWER_BYTES = 1024 * 1024;
/** Polls are short: this many connections carry the polls of hundreds of jobs. The caller limits downloads. */
const API_CONNECTIONS = 32;
/** Longer than the usual rhythm of polling, so that polls find their connection again. */
const API_KEEP_ALIVE_MS = 65_000;
const DOWNLOAD_KEEP_ALIVE_MS = 15_000;

/**
 * Opens a gateway; nothing is sent yet.
 * Throws `usage` for a base URL that would send the key unencrypted, or for invalid proxy variables, and `key-refused` for a
 * key that no header can carry.
 */
export function openGateway(options: GatewayOptions): Gateway {
  const { clock, proxyEnv, keyHint = 'check the key (dailies doctor)' } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const base = checkedBase(baseUrl);
  const apiKey = checkedKey(options.apiKey);
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const redact = redactor(apiKey);
  const redactData = dataRedactor(apiKey);
  const addresses = jobAddresses(baseUrl, redactData);
  const webOptions = { proxyEnv, connectTimeoutMs: timeouts.connectMs };
  const web = openWeb({ ...webOptions, connections: API_CONNECTIONS, keepAliveMs: API_KEEP_ALIVE_MS });
  const downloads = openWeb({ ...webOptions, keepAliveMs: DOWNLOAD_KEEP_ALIVE_MS });
  const api = web.pool(base.origin);

  const plainHeaders = { 'user-agent': USER_AGENT, 'accept-encoding': 'identity' };
  const authorization = apiKey === undefined ? undefined : `Bearer ${apiKey}`;
  const keyHeaders = { ...plainHeaders, ...defined({ authorization }) };
  const headers = { ...keyHeaders, accept: 'application/json' };
  const context = (): ReadingContext => ({ addresses, redact, now: clock.now() });
  const why = (error: Error): string => printable(failureWords(error), redact);
  const unforeseen = (error: unknown): string => `the answer could not be read (${why(asError(error))})`;

  const get = (path: string, signal: AbortSignal, limits: Partial<Question> = {}): Promise<Asked> =>
    askAgain(api, {
      url: { origin: base.origin, path },
      method: 'GET',
      headers,
      signal,
      totalTimeoutMs: timeouts.answerMs,
      maxBytes: LARGEST_ANSWER_BYTES,
      redact: redactData,
      ...limits,
    });

  async function submit(body: Buffer, signal: AbortSignal): Promise<SubmitOutcome> {
    const asked = await web.once(base.origin, (connection) =>
      ask(connection, {
        url: { origin: base.origin, path: `${base.pathname}/videos` },
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal,
        totalTimeoutMs: timeouts.submitMs + Math.ceil(body.length / SLOWEST_UPLOAD_BYTES_PER_MS),
        maxBytes: LARGEST_ANSWER_BYTES,
        redact: redactData,
      }),
    );
    switch (asked.kind) {
      case 'answered':
        return readSubmit(asked.answer, context());
      case 'unsent':
        return { kind: 'not_accepted', reason: 'unreachable', message: why(asked.error) };
      case 'broken':
        return readLost(why(asked.error), asked.partial, context());
    }
  }

  async function pollAt(path: string, job: JobRef, signal: AbortSignal): Promise<PollOutcome> {
    const asked = await get(path, signal);
    signal.throwIfAborted();
    if (asked.kind === 'answered') return readPoll(asked.answer, { ...context(), job });
    return { kind: 'unavailable', message: why(asked.error) };
  }

  async function poll(job: JobRef, signal: AbortSignal): Promise<PollOutcome> {
    const { own, standard } = addresses.pollPaths(job);
    if (own === undefined) return pollAt(standard, job, signal);
    const outcome = await pollAt(own, job, signal);
    // If a proxy adds a path, the gateway's address may lead anywhere: only a statement about the job counts.
    if (!['not_found', 'key_refused', 'unavailable'].includes(outcome.kind)) return outcome;
    const second = await pollAt(standard, job, signal);
    return second.kind === 'not_found' ? outcome : second;
  }

  return {
    fetchCatalogue: (signal) =>
      fetchCatalogue({
        get: (limits) => get(`${base.pathname}/videos/models`, signal, limits),
        baseUrl,
        clock,
        signal,
        keyHint,
        hasKey: apiKey !== undefined,
        redact,
      }),
    // The fallback for an unforeseen answer: it ends neither a submit nor the wait for a job.
    submit: (body, signal) =>
      submit(body, signal).catch((error: unknown) => ({ kind: 'uncertain', message: unforeseen(error) })),
    poll: (job, signal) =>
      poll(job, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        return { kind: 'unavailable', message: unforeseen(error) };
      }),
    contentUrl: (job, index) => addresses.contentUrl(job, index),
    download: (request) =>
      downloadClip(request, {
        web: downloads,
        clock,
        redact,
        keyOrigin: base.origin,
        keyHeaders,
        plainHeaders,
        idleTimeoutMs: timeouts.idleMs,
      }),
    async keyUsage(signal) {
      const asked = await get(`${base.pathname}/key`, signal, { totalTimeoutMs: timeouts.usageMs });
      if (asked.kind !== 'answered' || asked.answer.status !== 200) return undefined;
      const data = asObject(asObject(parseJson(asked.answer.body))?.['data']);
      return data && defined({ usage_usd: asUsd(data['usage']), limit_usd: asUsd(data['limit']) });
    },
    async generation(id, signal) {
      const asked = await get(`${base.pathname}/generation?id=${encodeURIComponent(id)}`, signal);
      signal.throwIfAborted();
      if (asked.kind === 'answered') return readGeneration(asked.answer, { redact, id });
      return { kind: 'unknown', message: why(asked.error) };
    },
    keyHint,
    async close() {
      await Promise.all([web.close(), downloads.close()]);
    },
  };
}

/** The key goes over this connection, so it must be private: `https:`, or loopback. */
function checkedBase(baseUrl: string): { readonly origin: string; readonly pathname: string } {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isPrivate = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  // An address also has a user, a query and a fragment; a base URL may not.
  if (url && isPrivate && url.href === url.origin + url.pathname) {
    return { origin: url.origin, pathname: url.pathname.replace(/\/+$/, '') };
  }
  const shown = url ? url.origin + url.pathname : baseUrl;
  throw new DailiesError('usage', `${shown} cannot be a gateway's base URL`, {
    hint: 'give an https: URL without user, password, ? and #, such as https://openrouter.ai/api/v1',
  });
}

function checkedKey(apiKey: string | undefined): string | undefined {
  const key = apiKey?.trim();
  if (key === undefined || key === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new DailiesError('key-refused', 'the API key has characters that no key can have', {
    hint: 'copy it again, without quotes, spaces or line breaks',
  });
}
