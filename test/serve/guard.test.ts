import { describe, expect, it } from 'vitest';
import { refusalOf } from '../../src/serve/guard.js';

const DOOR = { port: 4321, token: 'x7'.repeat(16) };
const OWN = { host: '127.0.0.1:4321', origin: 'http://127.0.0.1:4321', 'content-type': 'application/json' };
const knock = (wish: { method?: string; url?: string; headers?: Record<string, string> } = {}) =>
  refusalOf({ method: 'GET', url: `/${DOOR.token}/`, headers: { host: OWN.host }, ...wish }, DOOR);

describe('the guard of the page', () => {
  it('lets in whoever knows the token, and nobody else', () => {
    expect(knock()).toBeUndefined();
    expect(knock({ headers: { host: 'localhost:4321' } })).toBeUndefined();
    for (const url of [
      '/',
      '/x',
      `/${DOOR.token.slice(1)}/`,
      `/${DOOR.token}x/`,
      `//${DOOR.token}/`,
      `/?${DOOR.token}`,
    ])
      expect(knock({ url }), url).toMatchObject({ status: 404 });
  });

  it('answers to no name but that of this machine, so that no foreign name leads here', () => {
    for (const host of ['evil.example:4321', '127.0.0.1', '127.0.0.1:80', '192.168.0.2:4321', ''])
      expect(knock({ headers: { host } }), host).toMatchObject({ status: 403 });
  });

  it('refuses what another page asks, even one that knows the token, or is on this machine, too', () => {
    for (const site of ['cross-site', 'same-site'])
      expect(knock({ headers: { host: OWN.host, 'sec-fetch-site': site } })).toMatchObject({ status: 403 });
    for (const origin of ['https://evil.example', 'http://127.0.0.1:9999', 'null', 'http://localhost:4321'])
      expect(knock({ headers: { host: OWN.host, origin } }), origin).toMatchObject({ status: 403 });
  });

  it('takes a change only as JSON, with the page as its origin', () => {
    const post = (headers: Record<string, string>) => knock({ method: 'POST', headers });
    expect(post(OWN)).toBeUndefined();
    expect(post({ host: OWN.host, 'content-type': 'application/json' })).toMatchObject({ status: 403 });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
      expect(post({ ...OWN, 'content-type': type }), type).toMatchObject({ status: 415 });
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'CONNECT'])
      expect(knock({ method }), method).toMatchObject({ status: 405 });
  });
});
