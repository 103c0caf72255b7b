import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readRange, type Bytes } from '../domain/byte-range.js';
import { DailiesError, ManifestError, messageOf } from '../errors.js';
import { openEventStream, type EventStream } from './event-stream.js';
import { refusalOf } from './guard.js';

/** A request that our own page sent. */
export interface Visit {
  readonly method: 'GET' | 'POST';
  /** What follows the token, decoded: `[]` for the page itself, `['clips', '3fa9…']`. */
  readonly path: readonly string[];
  /** The last event that a page knows, when it connects again. */
  readonly lastEventId: string | undefined;
  readonly query: URLSearchParams;
  /** The JSON of a POST. */
  readonly body: unknown;
}

/** What a visit is answered with. */
export type Reply =
  | { readonly kind: 'page'; readonly html: Iterable<string>; readonly policy: string }
  | { readonly kind: 'json'; readonly status?: number; readonly data: unknown }
  /** A file that never changes: it is served in ranges. */
  | {
      readonly kind: 'file';
      readonly type: string;
      readonly bytes: number;
      readonly read: (range?: Bytes) => Promise<Readable>;
    }
  | { readonly kind: 'events'; readonly onOpen: (stream: EventStream) => () => void };

/** A server of one page for the person at this machine. */
export interface PageServer {
  /** The address to open: `http://127.0.0.1:43121/x7…/`. Whoever knows it may do what the page does. */
  readonly address: string;
  close(): Promise<void>;
}

/** Only on loopback: a page that spends money is nobody else's. */
const HOST = '127.0.0.1';
const REQUEST_MS = 30_000;
const MOST_BODY_BYTES = 1_000_000;
const MOST_AT_ONCE_BYTES = 1_000_000;

/**
 * Serves a page on loopback, to whoever knows its random token and to no other page of the same browser. `port` 0 takes any that is free.
 * `answer` may throw: a DailiesError becomes JSON that the page shows. Throws `usage` if the port cannot be opened.
 */
export async function startPageServer(options: {
  readonly port: number;
  readonly answer: (visit: Visit) => Promise<Reply>;
}): Promise<PageServer> {
  const token = randomBytes(24).toString('base64url');
  const server = createServer();
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = REQUEST_MS;
  const port = await listen(server, options.port);
  server.on('request', (request, response) => {
    void respond(request, response, { port, token, answer: options.answer });
  });
  return {
    address: `http://${HOST}:${port}/${token}/`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Door {
  readonly port: number;
  readonly token: string;
  readonly answer: (visit: Visit) => Promise<Reply>;
}

/** Never rejects. */
async function respond(request: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
  const { method = '', url = '', headers } = request;
  for (const [name, value] of Object.entries(ALWAYS)) response.setHeader(name, value);
  try {
    const refused = refusalOf({ method, url, headers }, door);
    if (refused) {
      request.resume();
      sendText(response, refused.status, `${refused.why}\n`, 'text/plain; charset=utf-8');
      return;
    }
    const { pathname, searchParams } = new URL(url, `http://${HOST}`);
    const path = pathname.split('/').slice(2).filter(Boolean).map(decodeURIComponent);
    const lastEventId = headers['last-event-id'];
    const visit: Visit = {
      method: method === 'POST' ? 'POST' : 'GET',
      path,
      lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
      query: searchParams,
      body: method === 'POST' ? await readBody(request) : undefined,
    };
    await send(request, response, await door.answer(visit));
  } catch (error) {
    if (response.headersSent) response.destroy();
    else sendJson(response, 409, { error: asData(error) });
  }
}

/** Nobody else may frame, read or keep what this server gives. */
const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

async function send(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  switch (reply.kind) {
    case 'page':
      response.setHeader('content-security-policy', reply.policy);
      sendText(response, 200, [...reply.html].join(''), 'text/html; charset=utf-8');
      return;
    case 'json':
      sendJson(response, reply.status ?? 200, reply.data);
      return;
    case 'events':
      openEventStream(response, reply.onOpen);
      return;
    case 'file':
      await sendFile(request, response, reply);
  }
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { type, bytes: size, read }: Extract<Reply, { readonly kind: 'file' }>,
): Promise<void> {
  // A browser asks for the rest of an open range when it needs it: a clip that is not played holds no connection.
  const range = readRange(request.headers.range, { size, most: MOST_AT_ONCE_BYTES });
  response.setHeader('accept-ranges', 'bytes');
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const content = await read(range);
  response.writeHead(range ? 206 : 200, {
    'content-type': type,
    'content-length': end - start + 1,
    // Its address has its hash: it is the same for ever.
    'cache-control': 'private, max-age=86400, immutable',
    ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
  });
  if (request.method === 'HEAD') {
    content.destroy();
    response.end();
    return;
  }
  // A player that has seen enough hangs up: that is no error.
  await pipeline(content, response).catch(() => undefined);
}

function sendJson(response: ServerResponse, status: number, data: unknown): void {
  sendText(response, status, JSON.stringify(data ?? null), 'application/json');
}

function sendText(response: ServerResponse, status: number, text: string, type: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MOST_BODY_BYTES) throw new DailiesError('usage', 'the page sent too much at once');
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch (cause) {
    throw new DailiesError('usage', 'what the page sent is not JSON', { cause });
  }
}

/** An error as the page shows it. */
function asData(error: unknown): { readonly code: string; readonly message: string; readonly hint?: string } {
  if (!(error instanceof DailiesError)) return { code: 'internal', message: messageOf(error) };
  if (error instanceof ManifestError) {
    const [first] = error.diagnostics.filter(({ severity }) => severity === 'error');
    const place = first?.at ? `${error.source.file}:${first.at.line}:${first.at.column}  ` : '';
    return { code: error.code, message: error.message, hint: `${place}${first?.message ?? ''}` };
  }
  const { code, message, hint } = error;
  return hint === undefined ? { code, message } : { code, message, hint };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new DailiesError('usage', `the page cannot be served on port ${port}: ${messageOf(cause)}`, {
          hint: 'choose another port with --port N, or leave it out to take any that is free',
          cause,
        }),
      ),
    );
    server.listen(port, HOST, resolve);
  });
  // A TCP server's address is never a pipe's name.
  return (server.address() as AddressInfo).port;
}
