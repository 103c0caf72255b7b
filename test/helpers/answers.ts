import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Fault } from './fault.js';

/** Answers with JSON, or with a plain text where the body is a string; bytes go out as they are. */
export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Answers with the contract's error body. */
export function sendError(response: ServerResponse, status: number, message: string): void {
  send(response, status, { error: { code: status, message } });
}

/** Answers with a clip, or the part of it that Range asks for; `cut` and `stall` stop half-way. */
export function serveClip(options: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly clip: Buffer;
  readonly ranges: boolean;
  readonly fault: Fault | undefined;
}): void {
  const { request, response, clip, ranges, fault } = options;
  const isShort = fault === 'short';
  const etag = `"${createHash('md5').update(clip).digest('hex')}"`;
  const ifRange = request.headers['if-range'];
  const asked = ranges && (ifRange === undefined || ifRange === etag) ? request.headers.range : undefined;
  const start = Number(/^bytes=(\d+)-$/.exec(asked ?? '')?.[1] ?? 0);
  if (asked !== undefined && start >= clip.length) {
    response.writeHead(416, { 'content-range': `bytes */${clip.length}` }).end();
    return;
  }
  const part = clip.subarray(start, isShort ? Math.max(start + 1, clip.length / 2) : clip.length);
  response.writeHead(asked === undefined ? 200 : 206, {
    'content-type': 'video/mp4',
    'content-length': part.length,
    ...(ranges ? { etag, 'accept-ranges': 'bytes' } : {}),
    ...(asked === undefined
      ? {}
      : { 'content-range': `bytes ${start}-${start + part.length - 1}/${start + part.length}` }),
  });
  if (fault === 'cut') response.write(part.subarray(0, part.length / 2), () => response.destroy());
  else if (fault === 'stall') response.write(part.subarray(0, part.length / 2));
  else response.end(part);
}
