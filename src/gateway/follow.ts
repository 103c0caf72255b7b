import { collector, isStaleConnection } from './ask.js';
import { redirectOf } from './headers.js';
import type { Web } from './web.js';
import { sendOnce, type Head, type WireRequest, type WireResult } from './wire.js';

/** More hops are a loop. */
const MOST_REDIRECTS = 5;
/** The body of a redirect is of no interest; a longer one is cut off. */
const REDIRECT_BODY_BYTES = 4096;

type FollowRequest = Pick<WireRequest, 'signal' | 'idleTimeoutMs' | 'totalTimeoutMs' | 'onHead'> & {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  /** What to send to an address: asked anew for each hop, so that the key can stay behind. */
  readonly headersFor: (url: URL) => Readonly<Record<string, string>>;
  /** Whether a redirect may be followed. */
  readonly allows: (from: URL, to: URL) => boolean;
};

/**
 * Asks an address and, by hand, the ones it redirects to. `onHead` sees the answer in the end: the first that is no
 * redirect, or one that may not be followed. `url` is where that came from.
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
