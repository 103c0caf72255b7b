import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import pLimit from 'p-limit';
import type { Clock } from '../clock.js';
import { defined } from '../domain/defined.js';
import type { MediaKind } from '../domain/take.js';
import { unsignedUrl } from '../domain/unsigned-url.js';
import { isPrivateHost, PrivateTarget, publicLookup } from './address.js';
import { collector, follow } from './ask.js';
import { ConnectFailure } from './connector.js';
import { failureWords } from './failure.js';
import { header, redirectOf } from './headers.js';
import type { ProxyEnv } from './proxy.js';
import { USER_AGENT } from './user-agent.js';
import { openWeb, type Web } from './web.js';
import type { Head, WireResult } from './wire.js';
import { printable } from './words.js';

/** Why a remote input cannot be used. */
export interface UrlProblem {
  readonly code: 'url-unreachable' | 'url-not-media' | 'url-redirect' | 'private-url';
  /** A sentence that names the URL, without what signs it. */
  readonly message: string;
  /** Nobody answered at all: this machine may have no network. */
  readonly isUnanswered?: true;
}

/** A URL and its use: one may serve as an image here and as a video there. */
interface RemoteInput {
  readonly url: string;
  readonly media: MediaKind;
}

export interface PreflightRequest {
  readonly urls: readonly RemoteInput[];
  /** Loopback and private addresses are fine: the gateway can reach them. */
  readonly allowPrivate: boolean;
  readonly proxyEnv: ProxyEnv;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For one try of one URL, redirects included. Milliseconds. */
  readonly timeoutMs?: number;
  /** Resolves host names instead of the system's resolver. */
  readonly lookup?: LookupFunction;
}

const AT_ONCE = 6;
const TIMEOUT_MS = 15_000;
/** A short fault of a storage should not stop a run. */
const PAUSE_BEFORE_SECOND_TRY_MS = 1000;

/**
 * Requests each distinct input once, as a provider would: it must answer 200 with an image (or video, or audio), and no page in
 * between. Returns the problems by `inputKey`; an input that is fine has none. The key of a gateway is never sent.
 * Throws the signal's reason when stopped.
 */
export async function preflightUrls(request: PreflightRequest): Promise<Map<string, UrlProblem>> {
  const { urls, proxyEnv, allowPrivate, lookup = systemLookup } = request;
  const web = openWeb({
    proxyEnv,
    connections: AT_ONCE,
    keepAliveMs: 4000,
    connectTimeoutMs: request.timeoutMs ?? TIMEOUT_MS,
    lookup: allowPrivate ? lookup : publicLookup(lookup),
  });
  const inputs = new Map(urls.map((input) => [inputKey(input), input]));
  const atOnce = pLimit(AT_ONCE);
  const problems = new Map<string, UrlProblem>();
  try {
    await Promise.all(
      [...inputs].map(([key, input]) =>
        atOnce(async () => {
          const finding = await checkUrl(input, web, request);
          if (!finding) return;
          const message = printable(`${unsignedUrl(input.url)} ${finding.what}`, (text) => text);
          const { code, isUnanswered } = finding;
          problems.set(key, defined({ code, message, isUnanswered }));
        }),
      ),
    );
  } finally {
    await web.close();
  }
  return problems;
}

/** Identifies an input. */
export function inputKey({ url, media }: RemoteInput): string {
  return `${media} ${url}`;
}

/** What is wrong with a URL. */
interface Finding {
  readonly code: UrlProblem['code'];
  /** Follows the URL in the sentence. */
  readonly what: string;
  /** The problem may be gone in a moment. */
  readonly isPassing?: boolean;
  readonly isUnanswered?: true;
}

/** Not every server has HEAD, and some answer it wrongly: if it reports a problem, a GET decides. */
async function checkUrl(
  input: RemoteInput,
  web: Web,
  request: PreflightRequest,
): Promise<Finding | undefined> {
  const { clock, signal } = request;
  if (!(await look('HEAD'))) return undefined;
  const finding = await look('GET');
  if (!finding?.isPassing) return finding;
  await clock.sleep(PAUSE_BEFORE_SECOND_TRY_MS, signal);
  return look('GET');

  async function look(method: 'HEAD' | 'GET'): Promise<Finding | undefined> {
    if (!URL.canParse(input.url)) return { code: 'url-unreachable', what: 'is not a URL' };
    const first = new URL(input.url);
    const isFine = (url: URL): boolean => request.allowPrivate || !isPrivateHost(url.hostname);
    if (!isFine(first)) return privateUrl('is on');
    const { result, url } = await follow(web, {
      method,
      url: first,
      headersFor: () => ({
        'user-agent': USER_AGENT,
        'accept-encoding': 'identity',
        ...defined({ range: method === 'GET' ? 'bytes=0-0' : undefined }),
      }),
      allows: (from, to) => to.protocol === from.protocol && isFine(to),
      totalTimeoutMs: request.timeoutMs ?? TIMEOUT_MS,
      signal,
      // Only the head is of interest; a server that does not know Range is cut off.
      onHead: () => collector(0).sink,
    });
    signal.throwIfAborted();
    if (result.kind === 'unsent' || !result.head) return unreached(result);
    const { head } = result;
    if (head.status >= 300 && head.status < 400) return badRedirect(head, url, isFine);
    if (head.status !== 200 && head.status !== 206) {
      const isPassing = head.status >= 500 || head.status === 429;
      return { code: 'url-unreachable', what: `answers ${head.status}`, isPassing };
    }
    const type = header(head, 'content-type')?.split(';')[0]?.trim().toLowerCase();
    if (type?.startsWith(`${input.media}/`)) return undefined;
    return { code: 'url-not-media', what: `is ${type ?? 'of no type'}, not ${article(input.media)}` };
  }
}

function unreached(result: WireResult): Finding {
  const error = result.kind === 'complete' ? new Error('no answer') : result.error;
  if (error instanceof ConnectFailure && error.cause instanceof PrivateTarget) return privateUrl('leads to');
  const what = `cannot be fetched: ${failureWords(error)}`;
  return { code: 'url-unreachable', what, isPassing: true, isUnanswered: true };
}

function badRedirect(head: Head, from: URL, isFine: (url: URL) => boolean): Finding {
  const to = redirectOf(head, from);
  if (!to) return { code: 'url-redirect', what: `answers ${head.status} without saying where it is` };
  if (!isFine(to)) return privateUrl('redirects to');
  const isCrossing = to.protocol !== from.protocol;
  const what = isCrossing ? `redirects from ${from.protocol} to ${to.protocol}` : 'redirects too often';
  return { code: 'url-redirect', what };
}

function privateUrl(how: string): Finding {
  return { code: 'private-url', what: `${how} a private network, where no gateway can fetch it` };
}

function article(media: MediaKind): string {
  return media === 'video' ? 'a video' : `an ${media === 'image' ? 'image' : 'audio file'}`;
}
