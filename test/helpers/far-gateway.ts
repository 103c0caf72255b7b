import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { startGatewayServer, type GatewayServer, type GatewayServerOptions } from './gateway-server.js';

/** A gateway that seems to be far away: a proxy on loopback leads every https origin to it, and ends the TLS. */
export interface FarGateway {
  readonly server: GatewayServer;
  /** The variables that make a command take the proxy. The process has to trust any certificate. */
  readonly env: { readonly HTTPS_PROXY: string };
  /** `host endpoint`, and `with KEY` where the request bore one, each once and in order. `forget` begins anew. */
  told(): string[];
  forget(): void;
  close(): Promise<void>;
}

/** Whether this machine can make a certificate. */
export function hasOpenssl(): Promise<boolean> {
  return promisify(execFile)('openssl', ['version']).then(
    () => true,
    () => false,
  );
}

/** Starts one. Needs `openssl` for the certificate. */
export async function startFarGateway(options: GatewayServerOptions = {}): Promise<FarGateway> {
  const server = await startGatewayServer(options);
  const certificate = await (made ??= makeCertificate());
  const sockets = new Set<Socket>();
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on('connect', (_, client: Socket) => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const secure = new TLSSocket(client, { isServer: true, ...certificate });
    const upstream = connect(Number(new URL(server.origin).port), '127.0.0.1');
    for (const socket of [client, secure, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => [client, secure, upstream].forEach((each) => each.destroy()));
    }
    secure.pipe(upstream).pipe(secure);
  });
  let forgotten = 0;
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    server,
    env: { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` },
    told() {
      const lines = server.requests.slice(forgotten).map(({ endpoint, headers: { host, authorization } }) => {
        const key = authorization === undefined ? '' : ` with ${authorization.replace('Bearer ', '')}`;
        return `${host ?? ''} ${endpoint}${key}`;
      });
      return [...new Set(lines)];
    },
    forget() {
      forgotten = server.requests.length;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      await server.close();
    },
  };
}

let made: Promise<{ readonly key: Buffer; readonly cert: Buffer }> | undefined;

async function makeCertificate(): Promise<{ readonly key: Buffer; readonly cert: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const words = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=gateway.example',
  ];
  await promisify(execFile)('openssl', [...words, '-keyout', key, '-out', cert]);
  const pair = { key: await readFile(key), cert: await readFile(cert) };
  await rm(folder, { recursive: true });
  return pair;
}
