import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readRange } from '../domain/byte-range.js';
import { megabytes } from '../media/local-input.js';

/** A request that is answered with an error of the contract. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    message: string,
    more: Pick<Partial<Refusal>, 'metadata' | 'retryAfterSeconds'> = {},
  ) {
    super(message);
    this.status = status;
    this.metadata = more.metadata;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(body)));
}

/** Answers with the contract's error body. */
export function sendError(response: ServerResponse, error: Refusal): void {
  if (error.retryAfterSeconds !== undefined) response.setHeader('retry-after', error.retryAfterSeconds);
  const metadata = error.metadata && { metadata: error.metadata };
  sendJson(response, error.status, { error: { code: error.status, message: error.message, ...metadata } });
}

/** Answers with a file, or the part of it that a single `Range` asks for (RFC 9110, section 14). */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: { readonly bytes: Buffer; readonly type: string },
): void {
  const etag = `"${createHash('sha256').update(file.bytes).digest('hex').slice(0, 32)}"`;
  const headers = { 'content-type': file.type, 'accept-ranges': 'bytes', etag };
  if (request.headers['if-none-match'] === etag) {
    send(response, 304, { etag });
    return;
  }
  // A part of another version of the file would spoil what the client has already.
  const condition = request.headers['if-range'];
  const asked = condition === undefined || condition === etag ? request.headers.range : undefined;
  const range = readRange(asked, { size: file.bytes.length });
  if (range === undefined) {
    send(response, 200, headers, file.bytes);
  } else if (range === 'unsatisfiable') {
    send(response, 416, { 'content-range': `bytes */${file.bytes.length}` });
  } else {
    const { start, end } = range;
    const contentRange = { 'content-range': `bytes ${start}-${end}/${file.bytes.length}` };
    send(response, 206, { ...headers, ...contentRange }, file.bytes.subarray(start, end + 1));
  }
}

/** Reads the body of a request to its end. Throws a Refusal (413) where it is too large. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Too large a body is read to its end all the same: a client that is still sending sees no answer.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (size <= MOST_BODY_BYTES) return Buffer.concat(chunks).toString('utf8');
  const most = megabytes(MOST_BODY_BYTES);
  throw new Refusal(413, `Request body too large: ${megabytes(size)} MB; the limit is ${most} MB`);
}

const MOST_BODY_BYTES = 30_000_000;

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer = Buffer.alloc(0),
): void {
  if (status !== 304) response.setHeader('content-length', body.length);
  response.writeHead(status, headers).end(body);
}
