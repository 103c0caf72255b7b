import { describe, expect, it, onTestFinished } from 'vitest';

import { openGateway } from '../../src/gateway/gateway.js';
import { DAY_MS, settable } from '../helpers/clock.js';
import { startGatewayServer, type GatewayServer } from '../helpers/gateway-server.js';
import { closedPort, gatewayAt, httpServer, jumpingClock, KEY, never } from './fixtures.js';

async function server(): Promise<GatewayServer> {
  const started = await startGatewayServer({ models: { data: [{ id: 'a' }] } });
  onTestFinished(() => started.close());
  return started;
}

describe('the catalogue', () => {
  it('is what the gateway lists', async () => {
    const { baseUrl } = await server();
    expect(await gatewayAt(baseUrl).fetchCatalogue(never())).toEqual({ data: [{ id: 'a' }] });
  });

  it('needs no key', async () => {
    const { baseUrl, requests } = await server();
    const gateway = openGateway({ baseUrl, clock: jumpingClock(), proxyEnv: {} });
    await gateway.fetchCatalogue(never());
    await gateway.close();
    expect(requests[0]?.headers.authorization).toBeUndefined();
  });

  it('may have an end slash in the base URL', async () => {
    const { baseUrl } = await server();
    expect(await gatewayAt(`${baseUrl}//`).fetchCatalogue(never())).toEqual({ data: [{ id: 'a' }] });
  });

  it('is asked for again while the gateway stumbles', async () => {
    const gatewayServer = await server();
    const clock = jumpingClock();
    gatewayServer.failNext(502, { on: 'models' });
    gatewayServer.failNext('half-json', { on: 'models' });
    gatewayServer.failNext({ status: 429, headers: { 'retry-after': '5' } }, { on: 'models' });
    gatewayServer.failNext({ status: 200, body: '<html>' }, { on: 'models' });
    expect(await gatewayAt(gatewayServer.baseUrl, { clock }).fetchCatalogue(never())).toEqual({
      data: [{ id: 'a' }],
    });
    expect(clock.waits).toEqual([500, 1000, 5000, 4000]);
  });

  it('is given up after some 15 s, with the reason', async () => {
    const gatewayServer = await server();
    const clock = jumpingClock();
    gatewayServer.failNext('html', { on: 'models', times: 100 });
    await expect(gatewayAt(gatewayServer.baseUrl, { clock }).fetchCatalogue(never())).rejects.toMatchObject({
      code: 'catalogue-unavailable',
      exitCode: 3,
      message: `no list of models from ${gatewayServer.baseUrl}: it answers 502: an HTML page, "Bad gateway"`,
    });
    expect(clock.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(15_000);
    expect(gatewayServer.counters.models).toBe(clock.waits.length + 1);
  });

  it('is given up as soon by a clock that is set back at each wait', async () => {
    const gatewayServer = await server();
    const jumping = jumpingClock();
    const clock = settable(jumping);
    gatewayServer.failNext('html', { on: 'models', times: 100 });
    gatewayServer.onRequest(() => clock.set(-DAY_MS));
    await expect(gatewayAt(gatewayServer.baseUrl, { clock }).fetchCatalogue(never())).rejects.toMatchObject({
      code: 'catalogue-unavailable',
    });
    expect(jumping.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(15_000);
  });

  it('is not waited for longer than that, whatever the gateway asks', async () => {
    const gatewayServer = await server();
    const clock = jumpingClock();
    gatewayServer.failNext({ status: 503, headers: { 'retry-after': '3600' } }, { on: 'models' });
    await expect(gatewayAt(gatewayServer.baseUrl, { clock }).fetchCatalogue(never())).rejects.toMatchObject({
      code: 'catalogue-unavailable',
    });
    expect(clock.waits).toEqual([]);
  });

  it('says so where nobody listens', async () => {
    const gateway = gatewayAt(`http://127.0.0.1:${await closedPort()}/api/v1`);
    await expect(gateway.fetchCatalogue(never())).rejects.toMatchObject({
      code: 'catalogue-unavailable',
      message: expect.stringContaining('connection refused') as unknown,
    });
  });

  it('is not asked for again where the base URL is wrong', async () => {
    const gatewayServer = await server();
    const clock = jumpingClock();
    const gateway = gatewayAt(`${gatewayServer.origin}/wrong/v1`, { clock });
    await expect(gateway.fetchCatalogue(never())).rejects.toMatchObject({ code: 'catalogue-unavailable' });
    expect(clock.waits).toEqual([]);
  });

  it.each([401, 403])('says with %i that it is the key', async (status) => {
    const gatewayServer = await server();
    gatewayServer.failNext(
      { status, body: { error: { code: status, message: `no such key ${KEY}` } } },
      { on: 'models' },
    );
    await expect(gatewayAt(gatewayServer.baseUrl).fetchCatalogue(never())).rejects.toMatchObject({
      code: 'key-refused',
      exitCode: 3,
      message: `${gatewayServer.baseUrl} refuses the key: no such key [key]`,
    });
  });

  it('does not follow a redirect with the key', async () => {
    const elsewhere = await server();
    const { origin } = await httpServer((_, response) => {
      response.writeHead(302, { location: `${elsewhere.baseUrl}/videos/models` }).end();
    });
    await expect(gatewayAt(`${origin}/api/v1`).fetchCatalogue(never())).rejects.toMatchObject({
      code: 'catalogue-unavailable',
    });
    expect(elsewhere.requests).toEqual([]);
  });

  it('stops with the run', async () => {
    const gatewayServer = await server();
    const stop = new AbortController();
    const reason = new Error('interrupted');
    gatewayServer.failNext('hang', { on: 'models' });
    gatewayServer.onRequest(() => stop.abort(reason));
    await expect(gatewayAt(gatewayServer.baseUrl).fetchCatalogue(stop.signal)).rejects.toBe(reason);
  });
});

describe('opening a gateway', () => {
  const open = (baseUrl: string, apiKey?: string): unknown =>
    openGateway({
      baseUrl,
      clock: jumpingClock(),
      proxyEnv: {},
      ...(apiKey === undefined ? {} : { apiKey }),
    });

  it.each([
    'http://gateway.example/api/v1',
    'ftp://gateway.example',
    'gateway',
    'https://user:secret@gateway.example',
  ])('refuses %s, where the key would not be safe', (baseUrl) => {
    expect(() => open(baseUrl)).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }) as Error);
    expect(() => open(baseUrl)).not.toThrow(/secret/);
  });

  it.each([
    'https://gateway.example/api/v1',
    'http://localhost:3000/api/v1',
    'http://[::1]:3000',
    'http://127.0.0.9',
  ])('accepts %s', (baseUrl) => {
    expect(() => open(baseUrl)).not.toThrow();
  });

  it('refuses a key that no header can carry, and trims one that was pasted', () => {
    expect(() => open('https://gateway.example', 'two words')).toThrow(/characters/);
    expect(() => open('https://gateway.example', ' key-1\n')).not.toThrow();
  });
});
