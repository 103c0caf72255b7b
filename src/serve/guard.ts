import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A request as the guard looks at it. */
export interface Knock {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 403 | 404 | 405 | 415;
  readonly why: string;
}

/**
 * Refuses what our own page did not ask; undefined lets a request in. Every page of a browser can send requests to this machine, so
 * four things must fit. The host is a name of loopback, so that no foreign name that leads here is a way in. The path begins
 * with the token, which only the person at the terminal was told. What the browser says about the asking page, if it says
 * it, is that it is ours. A change comes as POST with our origin and as JSON, which no form of another page can send.
 */
export function refusalOf(
  { method, url, headers }: Knock,
  door: { readonly port: number; readonly token: string },
): Refusal | undefined {
  const hosts = [`127.0.0.1:${door.port}`, `localhost:${door.port}`];
  const { host = '', origin, 'sec-fetch-site': site = 'none' } = headers;
  if (!hosts.includes(host)) return { status: 403, why: 'this server answers on 127.0.0.1 only' };
  if (!isToken(url.split(/[/?]/)[1] ?? '', door.token))
    return { status: 404, why: 'open the whole address that dailies view printed' };
  if (site !== 'same-origin' && site !== 'none')
    return { status: 403, why: 'another page sent this request' };
  const isOurs = origin === `http://${host}`;
  if (origin !== undefined && !isOurs) return { status: 403, why: 'another page sent this request' };
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (method !== 'POST') return { status: 405, why: 'use GET or POST' };
  if (!isOurs) return { status: 403, why: 'a change needs the origin of the page' };
  const isJson = /^application\/json(?:\s*;|$)/i.test(headers['content-type'] ?? '');
  return isJson ? undefined : { status: 415, why: 'a change is sent as JSON' };
}

/** Takes as long for a token that is almost right as for one that is not. */
function isToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
