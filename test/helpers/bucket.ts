import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';

/** A request as the server of a bucket gets it. `name` is the object's, empty for a question about the bucket. */
export interface BucketRequest {
  readonly method: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** What becomes of a request on its way. */
export type OnTheWay =
  /** It goes on, with this body or with its own. */
  | { readonly body?: Buffer }
  /** It never arrives. */
  | 'lost'
  /** It is answered by this. */
  | { readonly status: number; readonly xml?: string };

/** A real object store on loopback, and the way there, on which things happen. */
export interface BucketServer {
  readonly endpoint: string;
  /** The address of a prefix in its one bucket. */
  address(prefix: string): string;
  /** Everything that was asked, in order. */
  readonly requests: BucketRequest[];
  /** Decides about each request; all go on unchanged where absent. */
  onTheWay: ((request: BucketRequest) => OnTheWay | Promise<OnTheWay>) | undefined;
  /** After the server has done it, and before its answer arrives. */
  onDone: ((request: BucketRequest) => void | Promise<void>) | undefined;
  close(): Promise<void>;
}

const BUCKET = 'clips';

/** The keys that the server knows, for the SDK's own chain. */
export const BUCKET_ENV = {
  AWS_ACCESS_KEY_ID: 'S3RVER',
  AWS_SECRET_ACCESS_KEY: 'S3RVER',
  AWS_EC2_METADATA_DISABLED: 'true',
};

export async function startBucket(): Promise<BucketServer> {
  Object.assign(process.env, BUCKET_ENV);
  const directory = mkdtempSync(join(tmpdir(), 'dailies-bucket-'));
  const port = await freePort();
  const store = new S3rver({
    ...{ port, address: '127.0.0.1', silent: true, directory },
    configureBuckets: [{ name: BUCKET }],
  });
  await store.run();
  const agent = new http.Agent({ keepAlive: true });
  const server: BucketServer = {
    endpoint: '',
    address: (prefix) => `s3://${BUCKET}/${prefix}?endpoint=${server.endpoint}&path-style=1`,
    requests: [],
    onTheWay: undefined,
    onDone: undefined,
    async close() {
      agent.destroy();
      way.closeAllConnections();
      await new Promise((closed) => way.close(closed));
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const way = http.createServer((incoming, answer) => {
    void lead(incoming, answer).catch(() => incoming.socket.destroy());
  });
  const lead = async (incoming: http.IncomingMessage, answer: http.ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const url = new URL(incoming.url ?? '', 'http://bucket');
    const request: BucketRequest = {
      method: incoming.method ?? '',
      name: decodeURIComponent(url.pathname).split('/').slice(2).join('/'),
      query: url.searchParams,
      body: Buffer.concat(pieces),
    };
    server.requests.push(request);
    const become = (await server.onTheWay?.(request)) ?? {};
    if (become === 'lost') {
      incoming.socket.destroy();
      return;
    }
    if ('status' in become) {
      answer.writeHead(become.status, { 'content-type': 'application/xml' });
      answer.end(become.xml ?? '');
      return;
    }
    const { method, headers, url: path } = incoming;
    const onward = http.request({ host: '127.0.0.1', port, method, path, headers, agent });
    onward.end(become.body ?? request.body);
    const done = await new Promise<http.IncomingMessage>((resolve, reject) =>
      onward.on('response', resolve).on('error', reject),
    );
    await server.onDone?.(request);
    answer.writeHead(done.statusCode ?? 500, done.headers);
    done.pipe(answer);
  };
  await new Promise<void>((listening) => way.listen(0, '127.0.0.1', listening));
  return Object.assign(server, { endpoint: `http://127.0.0.1:${(way.address() as AddressInfo).port}` });
}

async function freePort(): Promise<number> {
  const probe = http.createServer();
  await new Promise<void>((listening) => probe.listen(0, '127.0.0.1', listening));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}

/** An error as object stores tell of it. */
export function refusal(status: number, code: string): { readonly status: number; readonly xml: string } {
  return { status, xml: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>` };
}
