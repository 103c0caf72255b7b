/* The same small answers over HTTP/1.1 and, in the clear as well, over HTTP/2. A process of its own. */
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';

const POLL = Buffer.from(JSON.stringify({ id: 'job-1', status: 'in_progress' }));
const CLIP = Buffer.alloc(50_000, 1);

interface Answer {
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown;
  end(body: Buffer): unknown;
}

function answer({ url }: { readonly url?: string | undefined }, response: Answer): void {
  const body = url === '/clip' ? CLIP : POLL;
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length });
  response.end(body);
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
  });
}

process.on('disconnect', () => process.exit());
process.send?.({ h1: await listen(createServer(answer)), h2: await listen(createHttp2Server(answer)) });
