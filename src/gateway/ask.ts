import type { Dispatcher } from 'undici';
import { defined } from '../domain/defined.js';
import { isClosedConnection } from './failure.js';
import { redirectOf } from './headers.js';
import { unpacked } from './packed.js';
import type { Answer } from './read-submit.js';
import type { Redact } from './redact.js';
import type { Web } from './web.js';
import {
  LimitReached,
  sendOnce,
  type BodySink,
  type Head,
  type WireRequest,
  type WireResult,
} from './wire.js';

/** The outcome of a request whose whole answer is read into memory. */
export type Asked =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'unsent'; readonly error: Error }
  /** `partial`: the part of the answer that had arrived, if it had begun. */
  | { readonly kind: 'broken'; readonly error: Error; readonly partial?: Answer };

export type Question = Omit<WireRequest, 'onHead' | 'idleTimeoutMs' | 'dispatcher'> & {
  /** A longer body is cut off and counts as broken. */
  readonly maxBytes: number;
  /** Removes the key from the body before anybody reads it. */
  readonly redact: Redact;
};

/** How much of an answer that broke off is examined. */
const TELLING_BYTES = 256 * 1024;

/** Sends a request once and collects its answer. */
export async function ask(dispatcher: Dispatcher, question: Question): Promise<Asked> {
  const { maxBytes, redact, ...request } = question;
  const { sink, body } = collector(maxBytes);
  const answerOf = (head: Head, packed: Buffer): Answer => {
    return { ...head, body: withoutKey(unpacked(head, packed, maxBytes), redact) };
  };
  const result = await sendOnce({ ...request, dispatcher, onHead: () => sink });
  switch (result.kind) {
    case 'complete':
      return { kind: 'answered', answer: answerOf(result.head, body()) };
    case 'unsent':
      return result;
    case 'broken': {
      const { error, head } = result;
      const partial = head && answerOf(head, body().subarray(0, TELLING_BYTES));
      return { kind: 'broken', error, ...defined({ partial }) };
    }
  }
}

function withoutKey(body: Buffer, redact: Redact): Buffer {
  const text = body.toString();
  const safe = redact(text);
  return safe === text ? body : Buffer.from(safe);
}

/**
 * Sends a request that changes nothing. A server may close a kept connection at the moment of its next use, which
 * says nothing about the request: only then it is sent once more.
 */
export async function askAgain(dispatcher: Dispatcher, question: Question): Promise<Asked> {
  const first = await ask(dispatcher, question);
  return isStaleConnection(first) ? ask(dispatcher, question) : first;
}

/** More hops are a loop. */
const MOST_REDIRECTS = 5;
/** Nobody needs the body of a redirect; a longer one is cut off. */
const REDIRECT_BODY_BYTES = 4096;

type FollowRequest = Pick<WireRequest, 'signal' | 'idleTimeoutMs' | 'totalTimeoutMs' | 'onHead'> & {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  /** What to send to an address; called for each hop, so that the key can stay behind. */
  readonly headersFor: (url: URL) => Readonly<Record<string, string>>;
  /** Whether a redirect may be followed. */
  readonly allows: (from: URL, to: URL) => boolean;
};

/**
 * Sends a request to an address and, by hand, to the ones it redirects to. `onHead` sees the final answer: the first that is not a
 * redirect, or one that may not be followed. `url` is its address.
 */
export async function follow(
  web: Web,
  request: FollowRequest,
): Promise<{ readonly result: WireResult; readonly url: URL }> {
  const { headersFor, allows, onHead, url: firstUrl, ...rest } = request;
  let url = firstUrl;
  for (let hops = 0; ; hops += 1) {
    const here = url;
    const nextHop = (head: Head): URL | undefined => {
      const to = hops < MOST_REDIRECTS ? redirectOf(head, here) : undefined;
      return to && allows(here, to) ? to : undefined;
    };
    const send = (): Promise<WireResult> =>
      sendOnce({
        ...rest,
        dispatcher: web.pool(here.origin),
        url: { origin: here.origin, path: here.pathname + here.search },
        headers: headersFor(here),
        onHead: (head) => (nextHop(head) ? collector(REDIRECT_BODY_BYTES).sink : onHead(head)),
      });
    const first = await send();
    const result = isStaleConnection(first) ? await send() : first;
    const next = result.kind !== 'unsent' && result.head ? nextHop(result.head) : undefined;
    if (!next) return { result, url };
    url = next;
  }
}

/** Whether the connection ended before a byte of the answer came. */
function isStaleConnection(result: Asked | WireResult): boolean {
  if (result.kind !== 'broken') return false;
  const hasBegun = 'partial' in result || 'head' in result;
  return !hasBegun && isClosedConnection(result.error);
}

/** Keeps a body in memory, up to a limit; a longer one ends the exchange. */
export function collector(maxBytes: number): { readonly sink: BodySink; readonly body: () => Buffer } {
  const pieces: Buffer[] = [];
  let room = maxBytes;
  const sink: BodySink = {
    write(piece) {
      pieces.push(piece.subarray(0, room));
      room -= piece.length;
      if (room < 0) throw new LimitReached(`the answer is larger than ${Math.floor(maxBytes / 1024)} KB`);
      return true;
    },
  };
  return { sink, body: () => (pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)) };
}
