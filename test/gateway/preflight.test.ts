import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LookupFunction } from 'node:net';

import { describe, expect, it } from 'vitest';

import type { MediaKind } from '../../src/domain/take.js';
import { isPrivateHost } from '../../src/gateway/address.js';
import {
  inputKey,
  preflightUrls,
  type PreflightRequest,
  type UrlProblem,
} from '../../src/gateway/preflight.js';
import { closedPort, httpServer, jumpingClock, never, proxyTo, rawServer } from './fixtures.js';

function preflight(request: Partial<PreflightRequest>): Promise<Map<string, UrlProblem>> {
  return preflightUrls({
    urls: [],
    allowPrivate: true,
    proxyEnv: {},
    clock: jumpingClock(),
    signal: never(),
    ...request,
  });
}

interface Storage {
  readonly origin: string;
  /** `HEAD /a`, `GET /b bytes=0-0`, in order. */
  readonly asked: string[];
}

async function storage(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Storage> {
  const asked: string[] = [];
  const { origin } = await httpServer((request, response) => {
    asked.push(
      [request.method, request.url, request.headers.range].filter((part) => part !== undefined).join(' '),
    );
    answer(request, response);
  });
  return { origin, asked };
}

/** What is found out about the one URL of a storage. */
async function problemOf(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  media: MediaKind = 'image',
): Promise<{ problem: UrlProblem | undefined; asked: string[]; url: string }> {
  const { origin, asked } = await storage(answer);
  const url = `${origin}/a`;
  const problems = await preflight({ urls: [{ url, media }] });
  return { problem: problems.get(inputKey({ url, media })), asked, url };
}

const type = (value: string) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': value }).end('the bytes');

describe('a remote input that is fine', () => {
  it.each<[string, MediaKind]>([
    ['image/jpeg', 'image'],
    ['Image/PNG; charset=binary', 'image'],
    ['video/mp4', 'video'],
    ['audio/mpeg', 'audio'],
  ])('is %s as %s', async (value, media) => {
    const { problem, asked } = await problemOf(type(value), media);
    expect(problem).toBeUndefined();
    expect(asked).toEqual(['HEAD /a']);
  });

  it.each([405, 501, 403, 404, 400, 500])(
    'is asked for its first byte where HEAD is answered %i',
    async (status) => {
      const { problem, asked } = await problemOf((request, response) => {
        if (request.method === 'HEAD') response.writeHead(status).end();
        else
          response.writeHead(206, { 'content-type': 'image/png', 'content-range': 'bytes 0-0/9' }).end('x');
      });
      expect(problem).toBeUndefined();
      expect(asked).toEqual(['HEAD /a', 'GET /a bytes=0-0']);
    },
  );

  it('may be large, and its server may not know Range', async () => {
    const { problem } = await problemOf((request, response) => {
      response.writeHead(request.method === 'HEAD' ? 405 : 200, { 'content-type': 'image/png' });
      response.end(request.method === 'HEAD' ? undefined : Buffer.alloc(20_000_000));
    });
    expect(problem).toBeUndefined();
  });

  it('may lie behind a few redirects', async () => {
    const { problem, asked } = await problemOf((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else type('image/png')(request, response);
    });
    expect(problem).toBeUndefined();
    expect(asked).toEqual(['HEAD /a', 'HEAD /b']);
  });

  it('is asked for once, however often it is used', async () => {
    const { origin, asked } = await storage(type('image/png'));
    const urls = Array.from({ length: 50 }, (_, n) => ({
      url: `${origin}/${n % 5}`,
      media: 'image' as const,
    }));
    expect((await preflight({ urls })).size).toBe(0);
    expect(asked.toSorted()).toEqual(['HEAD /0', 'HEAD /1', 'HEAD /2', 'HEAD /3', 'HEAD /4']);
  });

  it('is asked for a few at a time', async () => {
    let open = 0;
    let most = 0;
    const { origin } = await storage((request, response) => {
      most = Math.max(most, ++open);
      setImmediate(() => {
        open -= 1;
        type('image/png')(request, response);
      });
    });
    const urls = Array.from({ length: 40 }, (_, n) => ({ url: `${origin}/${n}`, media: 'image' as const }));
    await preflight({ urls });
    expect(most).toBeLessThanOrEqual(6);
  });

  it('gets a second chance after a hiccup', async () => {
    let requests = 0;
    const clock = jumpingClock();
    const { origin } = await storage((request, response) => {
      requests += 1;
      if (requests <= 2) response.writeHead(503).end();
      else type('image/png')(request, response);
    });
    expect((await preflight({ urls: [{ url: origin, media: 'image' }], clock })).size).toBe(0);
    expect(clock.waits).toEqual([1000]);
  });
});

describe('a remote input that will not do', () => {
  it.each([
    ['text/html', 'text/html'],
    ['application/json', 'application/json'],
    ['video/mp4', 'video/mp4'],
    ['application/octet-stream', 'application/octet-stream'],
  ])('is %s where an image belongs', async (value, shown) => {
    const { problem, url } = await problemOf(type(value));
    expect(problem).toEqual({ code: 'url-not-media', message: `${url} is ${shown}, not an image` });
  });

  it('does not say what it is', async () => {
    const { problem } = await problemOf((_, response) => response.end('x'), 'video');
    expect(problem).toMatchObject({
      code: 'url-not-media',
      message: expect.stringContaining('is of no type, not a video') as unknown,
    });
  });

  it.each([401, 403, 404, 410])('answers %i', async (status) => {
    const { problem, url } = await problemOf((_, response) => response.writeHead(status).end());
    expect(problem).toEqual({ code: 'url-unreachable', message: `${url} answers ${status}` });
  });

  it('answers 500 again and again', async () => {
    const { problem } = await problemOf((_, response) => response.writeHead(500).end());
    expect(problem).toMatchObject({ code: 'url-unreachable' });
  });

  it('is not there', async () => {
    const url = `http://127.0.0.1:${await closedPort()}/a`;
    const problems = await preflight({ urls: [{ url, media: 'image' }] });
    expect(problems.get(inputKey({ url, media: 'image' }))).toEqual({
      code: 'url-unreachable',
      message: `${url} cannot be fetched: connection refused`,
      isUnanswered: true,
    });
  });

  it('never answers', async () => {
    const { origin } = await rawServer(() => undefined);
    const problems = await preflight({ urls: [{ url: origin, media: 'image' }], timeoutMs: 50 });
    expect(problems.get(inputKey({ url: origin, media: 'image' }))).toMatchObject({
      code: 'url-unreachable',
    });
  });

  it('redirects in a circle', async () => {
    const { problem } = await problemOf((_, response) => response.writeHead(302, { location: '/a' }).end());
    expect(problem).toMatchObject({ code: 'url-redirect' });
  });

  it('redirects to another scheme', async () => {
    const { problem, asked } = await problemOf((_, response) => {
      response.writeHead(301, { location: 'https://127.0.0.1:1/a' }).end();
    });
    expect(problem).toMatchObject({
      code: 'url-redirect',
      message: expect.stringContaining('redirects from http: to https:') as unknown,
    });
    expect(asked).toEqual(['HEAD /a', 'GET /a bytes=0-0']);
  });

  it('is named without what signs it', async () => {
    const { origin } = await storage((_, response) => response.writeHead(404).end());
    const url = `${origin}/a?X-Amz-Signature=s3cret&v=1`;
    const problems = await preflight({ urls: [{ url, media: 'image' }] });
    expect(problems.get(inputKey({ url, media: 'image' }))?.message).toBe(`${origin}/a?v=1 answers 404`);
  });
});

describe('a private address', () => {
  it.each([
    'https://localhost/a.png',
    'https://cam.localhost/a.png',
    'https://127.0.0.1/a.png',
    'https://127.1/a.png',
    'https://2130706433/a.png',
    'https://[::1]/a.png',
    'https://[::ffff:10.0.0.1]/a.png',
    'https://[fd00::1]/a.png',
    'https://[fe80::1]/a.png',
    'https://10.0.0.1/a.png',
    'https://172.16.0.1/a.png',
    'https://192.168.1.1/a.png',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/a.png',
    'https://0.0.0.0/a.png',
    ...['https://localhost./a.png', 'https://LOCALHOST/a.png', 'https://cam.localhost./a.png'],
    ...['https://127.0.0.1./a.png', 'https://0x7f.1/a.png', 'https://0177.0.0.1/a.png', 'https://0/a.png'],
    ...['https://0xa9fea9fe/a.png', 'https://3232235777/a.png', 'https://192.168.257/a.png'],
    ...['https://１２７.0.0.1/a.png', 'https://127。0。0。1/a.png', 'https://%31%32%37.1/a.png'],
    ...['https://[::]/a.png', 'https://[::127.0.0.1]/a.png', 'https://[::ffff:7f00:1]/a.png'],
    ...['https://[::ffff:0:127.0.0.1]/a.png', 'https://[::ffff:169.254.169.254]/a.png'],
    ...['https://[64:ff9b::10.0.0.1]/a.png', 'https://[64:ff9b::a9fe:a9fe]/a.png'],
    ...['https://[64:ff9b:1::8.8.8.8]/a.png', 'https://[2002:7f00:1::1]/a.png', 'https://[2001::1]/a.png'],
    ...['https://[fec0::1]/a.png', 'https://[febf::1]/a.png', 'https://[ff02::1]/a.png'],
    ...['https://224.0.0.1/a.png', 'https://255.255.255.255/a.png', 'https://198.18.0.1/a.png'],
  ])('is refused unless allowed, in every notation: %s', async (url) => {
    const problems = await preflight({ urls: [{ url, media: 'image' }], allowPrivate: false });
    expect(problems.get(inputKey({ url, media: 'image' }))).toMatchObject({ code: 'private-url' });
  });

  it.each([
    ...['127.0.0.1', '10.1.2.3', '169.254.169.254', '100.100.100.200', '0.0.0.0', '::1', '::'],
    ...['::ffff:192.168.0.1', '64:ff9b::c0a8:1', '2002:a00:1::', '2001:0:1::1', 'fd00::1', 'fe80::1%eth0'],
    'no address',
  ])('is refused where a name resolves to it, at the moment of the connection: %s', async (address) => {
    let asked = 0;
    const lookup: LookupFunction = (_, options, callback) => {
      asked += 1;
      if (options.all) callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
      else callback(null, address, 4);
    };
    const url = 'http://images.example.com:9/a.png';
    const problems = await preflight({ urls: [{ url, media: 'image' }], allowPrivate: false, lookup });
    expect(problems.get(inputKey({ url, media: 'image' }))).toMatchObject({ code: 'private-url' });
    expect(asked).toBeGreaterThan(0);
  });

  it.each([
    '8.8.8.8',
    '[2606:4700::1111]',
    '[64:ff9b::8.8.8.8]',
    '[::ffff:8.8.8.8]',
    'localhost.example.com',
  ])('is not what others can reach: %s', (host) => {
    expect(isPrivateHost(new URL(`https://${host}/`).hostname)).toBe(false);
  });

  it('is refused behind a name that leads there', async () => {
    const { origin, asked } = await storage(type('image/png'));
    const url = origin.replace('127.0.0.1', 'images.example.com');
    const lookup: LookupFunction = (_, options, callback) => {
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    };
    const request = { urls: [{ url, media: 'image' as const }], lookup };
    expect(
      (await preflight({ ...request, allowPrivate: false })).get(inputKey({ url, media: 'image' })),
    ).toMatchObject({
      code: 'private-url',
    });
    expect(asked).toEqual([]);
    expect((await preflight({ ...request, allowPrivate: true })).size).toBe(0);
  });

  it('is refused behind a redirect', async () => {
    const { origin, asked } = await storage((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: 'http://192.168.1.1/router' }).end();
      else type('image/png')(request, response);
    });
    const proxy = await proxyTo(origin);
    const url = 'http://images.example.com/a';
    const problems = await preflight({
      urls: [{ url, media: 'image' }],
      allowPrivate: false,
      proxyEnv: { http_proxy: proxy.url },
    });
    expect(problems.get(inputKey({ url, media: 'image' }))).toEqual({
      code: 'private-url',
      message: `${url} redirects to a private network, where no gateway can fetch it`,
    });
    expect(asked).toEqual(['HEAD /a', 'GET /a bytes=0-0']);
  });
});

describe('a preflight', () => {
  it('stops with the run', async () => {
    const stop = new AbortController();
    const reason = new Error('interrupted');
    const { origin } = await storage(() => stop.abort(reason));
    await expect(preflight({ urls: [{ url: origin, media: 'image' }], signal: stop.signal })).rejects.toBe(
      reason,
    );
  });
});
