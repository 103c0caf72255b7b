import { describe, expect, it, onTestFinished } from 'vitest';

import { ask } from '../../src/gateway/ask.js';
import { proxyFor, type ProxyEnv } from '../../src/gateway/proxy.js';
import { openWeb } from '../../src/gateway/web.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { closedPort, gatewayAt, httpServer, never, proxyTo, rawServer, REQUEST } from './fixtures.js';

const through = (url: string, env: ProxyEnv): string | undefined => proxyFor(new URL(url), env)?.href;

describe('which proxy a request takes', () => {
  const env = { HTTPS_PROXY: 'http://secure.proxy:8080', http_proxy: 'http://plain.proxy:3128' };

  it('goes by the scheme, in either case', () => {
    expect(through('https://a.example', env)).toBe('http://secure.proxy:8080/');
    expect(through('http://a.example', env)).toBe('http://plain.proxy:3128/');
    expect(through('https://a.example', { http_proxy: 'http://plain.proxy' })).toBeUndefined();
    expect(through('https://a.example', {})).toBeUndefined();
    expect(through('https://a.example', { https_proxy: '' })).toBeUndefined();
  });

  it('may be named without a scheme', () => {
    expect(through('https://a.example', { https_proxy: 'proxy.example:8080' })).toBe(
      'http://proxy.example:8080/',
    );
  });

  it.each(['http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1', 'https://sub.localhost'])(
    'is none for loopback: %s',
    (url) => {
      expect(through(url, env)).toBeUndefined();
    },
  );

  it.each([
    ['*', true],
    ['api.a.example', true],
    ['a.example', true],
    ['.a.example', true],
    ['*.a.example', true],
    ['b.example, a.example', true],
    ['A.EXAMPLE', true],
    ['a.example:443', true],
    ['a.example:8443', false],
    ['b.example', false],
    ['i.a.example', false],
    ['', false],
  ])('is none where NO_PROXY is %j: %s', (no_proxy, isDirect) => {
    expect(through('https://api.a.example', { ...env, NO_PROXY: no_proxy }) === undefined).toBe(isDirect);
  });

  it.each(['socks5://proxy:1080', 'http://[', 'ftp://proxy'])('cannot be %s', (https_proxy) => {
    expect(() => gatewayAt('https://a.example/api/v1', { proxyEnv: { https_proxy } })).toThrow(
      'HTTPS_PROXY does not name an HTTP proxy',
    );
  });
});

describe('a proxy', () => {
  it('is asked for a tunnel, with the credentials of its address, and the request goes through it', async () => {
    const { origin } = await httpServer((request, response) =>
      response.end(`hello ${request.headers.host ?? ''}`),
    );
    const proxy = await proxyTo(origin);
    const web = openWeb({
      proxyEnv: { http_proxy: proxy.url.replace('//', '//user:p%40ss@') },
      connections: 1,
      keepAliveMs: 1000,
      connectTimeoutMs: 2000,
    });
    onTestFinished(() => web.close());
    const url = { origin: 'http://gateway.example', path: '/' };
    const redact = (text: string) => text;
    const question = { url, method: 'GET', headers: {}, signal: never(), maxBytes: 1000, redact } as const;
    for (let n = 0; n < 2; n += 1) {
      const asked = await ask(web.pool(url.origin), question);
      expect(asked.kind === 'answered' && asked.answer.body.toString()).toBe('hello gateway.example');
    }
    expect(proxy.asked).toEqual([`gateway.example:80 Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
  });

  it('is not asked to reach a gateway on this machine', async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    const proxy = await proxyTo('http://127.0.0.1:9');
    const gateway = gatewayAt(server.baseUrl, {
      proxyEnv: { http_proxy: proxy.url, https_proxy: proxy.url },
    });
    expect(await gateway.submit(REQUEST, never())).toMatchObject({ kind: 'accepted' });
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    [
      'refuses',
      'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n',
      /answered 403 to CONNECT gateway.example:443/,
    ],
    ['wants a password', 'HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n', /answered 407/],
    ['speaks nonsense', 'hello?\r\n\r\n', /not HTTP/],
    ['leads to what speaks no TLS', 'HTTP/1.1 200 OK\r\n\r\nhello, this is no TLS at all', /^TLS: /],
  ])('that %s leaves a submit unsent, and is asked once', async (_, answer, message) => {
    let connections = 0;
    const { origin } = await rawServer((socket) => {
      connections += 1;
      socket.once('data', () => socket.write(answer));
    });
    const gateway = gatewayAt('https://gateway.example/api/v1', { proxyEnv: { https_proxy: origin } });
    expect(await gateway.submit(REQUEST, never())).toEqual({
      kind: 'not_accepted',
      reason: 'unreachable',
      message: expect.stringMatching(message) as unknown,
    });
    expect(connections).toBe(1);
  });

  it('that hangs up leaves a submit unsent, and is asked once', async () => {
    let connections = 0;
    const { origin } = await rawServer((socket) => {
      connections += 1;
      socket.once('data', () => socket.end());
    });
    const gateway = gatewayAt('https://gateway.example/api/v1', { proxyEnv: { https_proxy: origin } });
    expect(await gateway.submit(REQUEST, never())).toMatchObject({
      kind: 'not_accepted',
      reason: 'unreachable',
    });
    expect(connections).toBe(1);
  });

  it('that never answers leaves a submit unsent', async () => {
    const { origin } = await rawServer(() => undefined);
    const gateway = gatewayAt('https://gateway.example/api/v1', {
      proxyEnv: { https_proxy: origin },
      timeouts: { connectMs: 50 },
    });
    expect(await gateway.submit(REQUEST, never())).toMatchObject({
      kind: 'not_accepted',
      reason: 'unreachable',
    });
  });

  it('that is not there leaves a submit unsent', async () => {
    const https_proxy = `http://127.0.0.1:${await closedPort()}`;
    const gateway = gatewayAt('https://gateway.example/api/v1', { proxyEnv: { https_proxy } });
    expect(await gateway.submit(REQUEST, never())).toMatchObject({
      kind: 'not_accepted',
      reason: 'unreachable',
    });
  });
});
