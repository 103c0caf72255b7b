import type { Clock } from '../clock.js';
import { DailiesError } from '../errors.js';
import { collector, follow } from './ask.js';
import { afterALook, isOfAnother, isSuspicious, rangeOf, validatorOf } from './clip-answer.js';
import { failureWords } from './failure.js';
import { header, retryAfterMs } from './headers.js';
import type { ClipUrl, DownloadOutcome } from './outcomes.js';
import { isPacked, unpackInto, type Unpacking } from './packed.js';
import { openPart, type PartFile } from './part-file.js';
import type { Redact } from './redact.js';
import type { Web } from './web.js';
import { LimitReached, type BodySink, type Head, type WireResult } from './wire.js';
import { bodyWords, printable } from './words.js';

export interface DownloadRequest {
  readonly source: ClipUrl;
  /** The file to fill. Its folder exists; its name means nothing here. Its note is `<target>.json`. */
  readonly target: string;
  /** Identifies the clip, whatever its address: for example, the job's id and the index of the output. */
  readonly identity: string;
  /** More bytes than the clip can have; compressed bytes count after decompression. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Called for every piece that arrives: bytes so far, and in total if the server says. An error thrown here ends the download. */
  readonly onProgress?: (bytes: number, totalBytes: number | undefined) => void;
  readonly idleTimeoutMs?: number;
}

/** What a download needs of the gateway it belongs to. */
interface DownloadContext {
  readonly web: Web;
  readonly clock: Clock;
  readonly redact: Redact;
  /** The only origin that `keyHeaders` may go to. */
  readonly keyOrigin: string;
  readonly keyHeaders: Readonly<Record<string, string>>;
  readonly plainHeaders: Readonly<Record<string, string>>;
  readonly idleTimeoutMs: number;
}

/** More than an error page needs, and more than the first piece of a clip under a wrong type (see `afterALook`). */
const WORDS_BYTES = 128 * 1024;

/**
 * Streams a clip into a file. It continues what an earlier try of the same clip left there if the server guarantees that the clip is
 * still the same. If it is interrupted, its bytes stay for the next try. It fsyncs the file before it returns `downloaded`.
 * Throws `disk` if the file cannot be written, or if its name belongs to a link or anything else but a regular file; what
 * `onProgress` throws; and the signal's reason when stopped.
 */
export async function downloadClip(
  request: DownloadRequest,
  context: DownloadContext,
): Promise<DownloadOutcome> {
  const part = await openPart(request.target, request.identity);
  try {
    for (;;) {
      // If a run was interrupted after the last byte, there is nothing left to request.
      if (part.isWhole) return { kind: 'downloaded', ...(await part.finish()) };
      const outcome = await fetchInto({ part, request, context });
      if (outcome.kind !== 'start_over') return outcome;
      part.startOver();
    }
  } finally {
    await part.release();
  }
}

interface Fetching {
  readonly part: PartFile;
  readonly request: DownloadRequest;
  readonly context: DownloadContext;
}

/** What an answer turned out to be, and where its body went. */
interface Reception {
  use: 'none' | 'clip' | 'start_over' | 'wrong_range' | 'too_large';
  totalBytes: number | undefined;
  /** The key was sent to the address that answered. */
  withKey: boolean;
  /** Collects a body that is not a clip. */
  readonly words: ReturnType<typeof collector>;
}

async function fetchInto(fetching: Fetching): Promise<DownloadOutcome | { readonly kind: 'start_over' }> {
  const { part, request, context } = fetching;
  const begun = part.note;
  const reception: Reception = {
    use: 'none',
    totalBytes: undefined,
    withKey: request.source.withKey,
    words: collector(WORDS_BYTES),
  };
  let unpacking: Unpacking | undefined;
  const { result } = await follow(context.web, {
    method: 'GET',
    url: new URL(request.source.url),
    headersFor(url) {
      // Once the key is left behind it stays behind, even if another origin redirects back to the gateway.
      reception.withKey &&= url.origin === context.keyOrigin;
      const range = begun ? { range: `bytes=${part.bytes}-`, 'if-range': begun.validator } : {};
      return { ...(reception.withKey ? context.keyHeaders : context.plainHeaders), ...range };
    },
    allows: (from, to) => to.protocol === 'https:' || from.protocol === 'http:',
    idleTimeoutMs: request.idleTimeoutMs ?? context.idleTimeoutMs,
    signal: request.signal,
    onHead(head) {
      const sink = receive(head, { ...fetching, reception });
      unpacking = unpackInto(head, sink);
      return unpacking?.sink ?? sink;
    },
  });
  const torn = await unpacking?.end({ isComplete: result.kind === 'complete' });
  if (part.failure) throw part.failure;
  for (const error of [torn, 'error' in result ? result.error : undefined])
    if (error instanceof DailiesError) throw error;
  request.signal.throwIfAborted();
  return conclude(torn && reception.use === 'clip' ? { kind: 'broken', error: torn } : result, {
    ...fetching,
    reception,
  });
}

/** Decides where the body of an answer goes. */
function receive(
  head: Head,
  { part, request, context, reception }: Fetching & { reception: Reception },
): BodySink {
  const { words } = reception;
  const begun = part.note;
  if (head.status === 416 && begun) reception.use = 'start_over';
  if (head.status !== 200 && head.status !== 206) return words.sink;
  // A part of compressed bytes says nothing about its part of the clip, so it cannot be continued.
  const packed = isPacked(head);
  const range = packed ? { start: head.status === 200 ? 0 : NaN, total: undefined } : rangeOf(head);
  if (head.status === 200 && begun) part.startOver();
  if (range.start !== part.bytes || (head.status === 206 && begun && isOfAnother(head, begun))) {
    reception.use = begun ? 'start_over' : 'wrong_range';
    return words.sink;
  }
  reception.totalBytes = range.total;
  const tooLarge = (): never => {
    reception.use = 'too_large';
    part.giveUp();
    throw new LimitReached('larger than the clip can be');
  };
  if ((range.total ?? 0) > request.maxBytes) return { write: tooLarge };
  if (!packed) part.describe({ validator: keepable(validatorOf(head), context.redact), total: range.total });
  const useAsClip = (): BodySink => {
    reception.use = 'clip';
    return {
      write(piece, resume) {
        if (part.bytes + piece.length > request.maxBytes) tooLarge();
        const more = part.write(piece, resume);
        request.onProgress?.(part.bytes, range.total);
        return more;
      },
    };
  };
  // A continued answer was checked when the first part arrived.
  const isNew = part.bytes === 0;
  return isNew && isSuspicious(head) ? afterALook(words, useAsClip) : useAsClip();
}

/** A validator is stored beside the part, so one that contains the key is not used. */
function keepable(validator: string | undefined, redact: Redact): string | undefined {
  return validator !== undefined && redact(validator) === validator ? validator : undefined;
}

async function conclude(
  result: WireResult,
  { part, request, context, reception }: Fetching & { readonly reception: Reception },
): Promise<DownloadOutcome | { readonly kind: 'start_over' }> {
  const { use, totalBytes, withKey, words } = reception;
  const interrupted = (why: string): DownloadOutcome => ({
    kind: 'interrupted',
    message: printable(why, context.redact),
  });
  if (use === 'start_over') return { kind: 'start_over' };
  if (use === 'too_large') {
    const megabytes = Math.floor(request.maxBytes / 1e6);
    return { kind: 'too_large', message: `it is larger than ${megabytes} MB` };
  }
  if (use === 'wrong_range') {
    return { kind: 'url_refused', message: 'the server sent a different range than requested' };
  }
  if (use === 'clip') {
    if (result.kind !== 'complete') return interrupted(failureWords(result.error));
    if (part.bytes === 0) return { kind: 'not_media', message: 'the server sent nothing' };
    if (part.bytes !== (totalBytes ?? part.bytes))
      return interrupted('the size differs from the announced size');
    return { kind: 'downloaded', ...(await part.finish()) };
  }
  if (result.kind === 'unsent') return interrupted(failureWords(result.error));
  if (result.kind === 'broken') {
    const isOurLimit = result.error instanceof LimitReached;
    if (!result.head || (!isOurLimit && result.head.status < 300))
      return interrupted(failureWords(result.error));
  }
  return result.head ? readRefusal(result.head, withKey, words.body(), context) : interrupted('no answer');
}

/** Classifies an answer that is not a clip. */
function readRefusal(head: Head, withKey: boolean, body: Buffer, context: DownloadContext): DownloadOutcome {
  const { redact, clock } = context;
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
    return { kind: 'interrupted', message, retryAfterMs: retryAfterMs(head, clock.now()) };
  }
  return { kind: 'url_refused', message };
}
