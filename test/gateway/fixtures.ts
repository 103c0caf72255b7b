import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { onTestFinished } from 'vitest';

import type { Clock } from '../../src/clock.js';
import type { VideoRequest } from '../../src/domain/request.js';
import { openGateway, type Gateway, type GatewayOptions } from '../../src/gateway/gateway.js';

export const KEY = 'sk-or-v1-0123456789abcdef';
export const ORDER: VideoRequest = { model: 'google/veo-3.1', prompt: 'a fox', duration: 8 };
export const REQUEST = Buffer.from(JSON.stringify(ORDER));
/** A day in 2026, for dates in headers. */
export const NOW = Date.parse('2026-08-01T12:00:00Z');

/** A clock on which every wait is over at once; the waits are written down. */
export function jumpingClock(): Clock & { readonly waits: number[] } {
  let now = NOW;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    elapsed: () => now,
    sleep(ms, signal) {
      signal?.throwIfAborted();
      waits.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

export function never(): AbortSignal {
  return new AbortController().signal;
}

/** A gateway that is closed when the test ends. */
export function gatewayAt(baseUrl: string, options: Partial<GatewayOptions> = {}): Gateway {
  const gateway = openGateway({
    baseUrl,
    apiKey: KEY,
    clock: jumpingClock(),
    proxyEnv: {},
    ...options,
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

/** A server that speaks whatever the test writes; gone when the test ends. */
export async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly origin: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return { origin: await listen(server) };
}

/** A plain HTTP server; gone when the test ends. */
export async function httpServer(listener: RequestListener): Promise<{ readonly origin: string }> {
  return { origin: await listen(createHttpServer(listener)) };
}

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Proxy {
  readonly url: string;
  /** What it was asked to reach, `host:port`, with the credentials it was given. */
  readonly asked: string[];
}

/** An HTTP proxy that leads every CONNECT to one origin, whatever was asked for. */
export async function proxyTo(origin: string): Promise<Proxy> {
  const asked: string[] = [];
  const server = createHttpServer((_, response) => response.writeHead(405).end());
  server.on('connect', (request, client: Socket) => {
    const credentials = request.headers['proxy-authorization'];
    asked.push([request.url, credentials].filter((part) => part !== undefined).join(' '));
    const upstream = connect(Number(new URL(origin).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  return { url: await listen(server), asked };
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The whole of an HTTP answer, as bytes on the wire. */
export function httpAnswer(status: string, body: string, headers: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status}`, `content-length: ${Buffer.byteLength(body)}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
