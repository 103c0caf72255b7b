import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DailiesError, messageOf } from '../errors.js';
import type { RunEvent } from '../events.js';
import { startMetrics, type Metrics, type WorkerHealth } from './metrics.js';

/** The HTTP port of a worker: `/healthz` for the supervisor that restarts it, `/metrics` for Prometheus. */
export interface WorkerPort {
  /** `http://127.0.0.1:9464`, with the port that was taken. */
  readonly address: string;
  /** Counts an event. `project` keeps takes of one key apart. */
  handle(event: RunEvent, project?: string): void;
  close(): Promise<void>;
}

/** No client needs longer to send its request. */
const REQUEST_MS = 5000;
const MOST_CONNECTIONS = 64;

/**
 * Listens on `HOST:PORT`; port 0 takes any that is free. `alive` says how the worker stands. Throws `usage` on an address that is none
 * or cannot be had, `tool-missing` where prom-client is not installed.
 */
export async function createWorkerPort({
  listen,
  alive,
}: {
  readonly listen: string;
  readonly alive: () => WorkerHealth;
}): Promise<WorkerPort> {
  const place = placeIn(listen);
  const metrics = await startMetrics(alive);
  const server = createServer((request, response) => {
    void answer(request, response, { metrics, alive });
  });
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;
  server.maxConnections = MOST_CONNECTIONS;
  const address = await open(server, { ...place, listen });
  return {
    address,
    handle: (event, project) => metrics.handle(event, project),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, alive }: { readonly metrics: Metrics; readonly alive: () => WorkerHealth },
): Promise<void> {
  const send = (status: number, text: string, type = 'text/plain; charset=utf-8') => {
    response.writeHead(status, {
      ...{ 'content-type': type, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' },
      ...{ 'x-content-type-options': 'nosniff' },
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(405, 'only GET\n');
    return;
  }
  try {
    const [path] = (request.url ?? '').split('?');
    if (path === '/healthz') {
      const { problem } = alive();
      send(problem === undefined ? 200 : 503, `${problem ?? 'ok'}\n`);
    } else if (path === '/metrics') send(200, await metrics.text(), metrics.contentType);
    else send(404, '/healthz or /metrics\n');
  } catch (error) {
    send(503, `${messageOf(error)}\n`);
  }
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
  return new DailiesError('usage', `the worker cannot listen on ${listen}: ${reason}`, {
    hint: 'give another address or port to --listen; port 0 takes any that is free',
    cause: error,
  });
}
