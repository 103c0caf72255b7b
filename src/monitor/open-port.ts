import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DailiesError, messageOf } from '../errors.js';

/** A port that is open. */
export interface OpenPort {
  /** `http://127.0.0.1:9464`, with the port that was taken. */
  readonly address: string;
  close(): Promise<void>;
}

/** Answers a request; never rejects. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** No client needs longer to send its request. */
const REQUEST_MS = 5000;
const MOST_CONNECTIONS = 64;

/**
 * Listens on `HOST:PORT`; port 0 takes any that is free. Throws `usage` on an address that is none or cannot be had.
 */
export async function openPort(listen: string, answer: Answer): Promise<OpenPort> {
  const place = placeIn(listen);
  // A command that hears nothing does not load it.
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => void answer(request, response));
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;
  server.maxConnections = MOST_CONNECTIONS;
  const address = await open(server, { ...place, listen });
  return {
    address,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answers with a line of text. */
export function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  {
    status,
    text,
    type = 'text/plain; charset=utf-8',
  }: {
    readonly status: number;
    readonly text: string;
    readonly type?: string;
  },
): void {
  response.writeHead(status, {
    ...{ 'content-type': type, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' },
    ...{ 'x-content-type-options': 'nosniff' },
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9464`, `[::1]:9464`, `0.0.0.0:9464`. */
function placeIn(listen: string): Place {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(listen) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new DailiesError('usage', `--listen ${listen} is not HOST:PORT`, {
    hint: 'it looks like 127.0.0.1:9464, or 0.0.0.0:9464 for every network of this machine',
  });
}

async function open(
  server: Server,
  { host, port, listen }: Place & { readonly listen: string },
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(listen, error)));
    server.listen(port, host, resolve);
  });
  // A TCP server's address is never a pipe's name.
  const taken = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken.port}`;
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'this user has no permission',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'there is no such host',
};

function cannotListen(listen: string, error: NodeJS.ErrnoException): DailiesError {
  const reason = REASONS[error.code ?? ''] ?? messageOf(error);
  return new DailiesError('usage', `dailies cannot listen on ${listen}: ${reason}`, {
    hint: 'give another address or port to --listen; port 0 takes any that is free',
    cause: error,
  });
}
