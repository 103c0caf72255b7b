import type { Clock } from '../clock.js';
import { collector } from './ask.js';
import { afterALook, header, isOfAnother, isSuspicious, rangeOf, validatorOf } from './clip-answer.js';
import { failureWords } from './failure.js';
import { follow } from './follow.js';
import type { ClipUrl, DownloadOutcome } from './outcomes.js';
import { openPart, type PartFile } from './part-file.js';
import { retryAfterMs } from './retry-after.js';
import type { Web } from './web.js';
import { LimitReached, type BodySink, type Head } from './wire.js';
import { bodyWords, printable, type Redact } from './words.js';

export interface DownloadRequest {
  readonly source: ClipUrl;
  /** The file to fill, usually `<name>.part`. Its folder exists. */
  readonly target: string;
  /** Names the clip, whatever its address: the job's id and the index of the output will do. */
  readonly identity: string;
  readonly signal: AbortSignal;
  /** Called for every piece that comes: bytes so far and in all, where the server says. */
  readonly onProgress?: (bytes: number, totalBytes: number | undefined) => void;
  readonly idleTimeoutMs?: number;
}

/** What a download needs of the gateway it belongs to. */
export interface DownloadContext {
  readonly web: Web;
  readonly clock: Clock;
  readonly redact: Redact;
  /** The one origin that `keyHeaders` may go to. */
  readonly keyOrigin: string;
  readonly keyHeaders: Readonly<Record<string, string>>;
  readonly plainHeaders: Readonly<Record<string, string>>;
  readonly idleTimeoutMs: number;
}

/** More than an error page needs, and more than the first piece of a clip under a wrong type (see `afterALook`). */
const WORDS_BYTES = 128 * 1024;

/**
 * Streams a clip into a file and to the disk, continuing what an earlier try of the same clip left there if the server
 * vouches that it is still the same. What was interrupted stays for the next try.
 * Throws `disk` where the file cannot be written, and the signal's reason when stopped.
 */
export async function downloadClip(
  request: DownloadRequest,
  context: DownloadContext,
): Promise<DownloadOutcome> {
  const part = await openPart(request.target, request.identity);
  try {
    for (;;) {
      // A kill between the last byte and the rename leaves nothing to ask for.
      if (part.isWhole) return { kind: 'downloaded', ...(await part.finish()) };
      const outcome = await fetchInto(part, request, context);
      if (outcome.kind !== 'start_over') return outcome;
      part.startOver();
    }
  } finally {
    await part.release();
  }
}

/** How far an answer can be used. */
type Use = 'none' | 'clip' | 'start_over' | 'wrong_range';

async function fetchInto(
  part: PartFile,
  request: DownloadRequest,
  context: DownloadContext,
): Promise<DownloadOutcome | { readonly kind: 'start_over' }> {
  const { keyOrigin, keyHeaders, plainHeaders, redact } = context;
  const begun = part.note;
  const words = collector(WORDS_BYTES);
  const seen: { use: Use; totalBytes?: number | undefined; withKey: boolean } = {
    use: 'none',
    withKey: request.source.withKey,
  };

  const clipSink: BodySink = {
    write(piece, resume) {
      const more = part.write(piece, resume);
      request.onProgress?.(part.bytes, seen.totalBytes);
      return more;
    },
  };
  const useAsClip = (): BodySink => {
    seen.use = 'clip';
    return clipSink;
  };

  function onHead(head: Head): BodySink {
    if (head.status === 416 && begun) seen.use = 'start_over';
    if (head.status !== 200 && head.status !== 206) return words.sink;
    const range = rangeOf(head);
    if (head.status === 200 && begun) part.startOver();
    if (range.start !== part.bytes || (head.status === 206 && begun && isOfAnother(head, begun))) {
      seen.use = begun ? 'start_over' : 'wrong_range';
      return words.sink;
    }
    seen.totalBytes = range.total;
    part.describe({ validator: validatorOf(head), total: range.total });
    return isSuspicious(head) ? afterALook({ other: words, clip: useAsClip }) : useAsClip();
  }

  const { result } = await follow(context.web, {
    method: 'GET',
    url: new URL(request.source.url),
    headersFor(url) {
      // Once left behind, the key stays behind, even where a stranger redirects back to the gateway.
      seen.withKey &&= url.origin === keyOrigin;
      const range = begun ? { range: `bytes=${part.bytes}-`, 'if-range': begun.validator } : {};
      return { ...(seen.withKey ? keyHeaders : plainHeaders), ...range };
    },
    allows: (from, to) => to.protocol === 'https:' || from.protocol === 'http:',
    idleTimeoutMs: request.idleTimeoutMs ?? context.idleTimeoutMs,
    signal: request.signal,
    onHead,
  });

  if (part.failure) throw part.failure;
  request.signal.throwIfAborted();
  if (seen.use === 'start_over') return { kind: 'start_over' };
  if (seen.use === 'wrong_range') {
    return { kind: 'url_refused', message: 'the server sent another range than it was asked for' };
  }
  if (seen.use === 'clip') {
    if (result.kind !== 'complete') {
      return { kind: 'interrupted', message: printable(failureWords(result.error), redact) };
    }
    if (part.bytes === 0) return { kind: 'not_media', message: 'the server sent nothing' };
    if (part.bytes !== (seen.totalBytes ?? part.bytes)) {
      return { kind: 'interrupted', message: 'the answer was shorter or longer than announced' };
    }
    return { kind: 'downloaded', ...(await part.finish()) };
  }
  const head = result.kind === 'unsent' ? undefined : result.head;
  const isCutOff = result.kind !== 'complete' && !(result.error instanceof LimitReached);
  if (!head || (isCutOff && head.status < 300)) {
    const why = result.kind === 'complete' ? 'no answer' : failureWords(result.error);
    return { kind: 'interrupted', message: printable(why, redact) };
  }
  return readRefusal({ head, withKey: seen.withKey, body: words.body(), context });
}

/** Whatever came instead of a clip. */
function readRefusal(answer: {
  readonly head: Head;
  readonly withKey: boolean;
  readonly body: Buffer;
  readonly context: DownloadContext;
}): DownloadOutcome {
  const { head, withKey, body } = answer;
  const { redact, clock } = answer.context;
  const { status } = head;
  const said = bodyWords(body);
  const message = printable(
    said === undefined ? `the server answered ${status}` : `${status}: ${said}`,
    redact,
  );
  if (status < 300) {
    const what = body.length === 0 ? 'nothing' : `${header(head, 'content-type') ?? 'no type'}, not a clip`;
    const words = said === undefined ? '' : `: ${said}`;
    return { kind: 'not_media', message: printable(`the server sent ${what}${words}`, redact) };
  }
  if (status < 400) {
    return { kind: 'url_refused', message: `the server answered ${status}, a redirect that is not followed` };
  }
  if (status === 404 || status === 410) return { kind: 'gone', message };
  if ((status === 401 || status === 403) && withKey) return { kind: 'key_refused', status, message };
  if (status >= 500 || [408, 425, 429].includes(status)) {
    const wait = retryAfterMs(head.headers, clock.now());
    return { kind: 'interrupted', message, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  }
  return { kind: 'url_refused', message };
}
