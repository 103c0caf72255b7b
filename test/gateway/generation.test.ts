import { describe, expect, it, onTestFinished } from 'vitest';
import type { Unsettled } from '../../src/domain/unsettled.js';
import { mayBe } from '../../src/domain/unsettled.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { gatewayAt, KEY, never } from './fixtures.js';

async function ask(generation: unknown) {
  const server = await startGatewayServer(generation === undefined ? {} : { generation });
  onTestFinished(() => server.close());
  return gatewayAt(server.baseUrl).generation('gen-1', never());
}

describe('an entry in the accounts of a gateway', () => {
  it.each<[string, object, object]>([
    ['nothing', {}, {}],
    ['a cost', { total_cost: 0.5 }, { cost_usd: 0.5 }],
    ['a cost as text', { total_cost: '0.5', usage: 2 }, { cost_usd: 0.5 }],
    [
      'a time as text',
      { created_at: '2026-08-01T12:00:00+00:00' },
      { created_at: '2026-08-01T12:00:00.000Z' },
    ],
    ['a time in seconds', { created_at: 1785585600 }, { created_at: '2026-08-01T12:00:00.000Z' }],
    ['a time that is none', { created_at: 1e300, model: 7 }, {}],
    [
      'who',
      { provider_name: 'Acme', external_user: 'u', session_id: 's' },
      { served_by: 'Acme', user: 'u', session_id: 's' },
    ],
    ['the key', { model: `m ${KEY}` }, { model: 'm [key]' }],
  ])('tells %s', async (_, data, told) => {
    expect(await ask(data)).toEqual({ kind: 'known', generation: { id: 'gen-1', ...told } });
  });

  it.each([
    ['is not there', undefined],
    ['is null', null],
    ['is a list', [{ total_cost: 1 }]],
  ])('proves nothing where it %s', async (_, data) => {
    expect(await ask(data)).toMatchObject({ kind: 'unknown' });
  });
});

describe('an entry can be a submit', () => {
  const open: Unsettled = {
    owner: { shot: 'sea', take: 1 },
    state: 'uncertain',
    message: '',
    gateway: 'g',
    estimate: null,
    submitted_at: '2026-08-01T12:00:00.000Z',
    lost_at: '2026-08-01T12:02:00.000Z',
    request: { model: 'acme/one' },
  };
  it.each([
    ['of the same time and model', { created_at: '2026-08-01T12:01:00.000Z', model: 'acme/one' }, true],
    ['of the dated model', { created_at: '2026-08-01T12:01:00.000Z', model: 'acme/one-20260101' }, true],
    ['entered minutes later', { created_at: '2026-08-01T12:10:00.000Z' }, true],
    ['of another model', { created_at: '2026-08-01T12:01:00.000Z', model: 'acme/two' }, false],
    ['of the day before', { created_at: '2026-07-31T12:01:00.000Z' }, false],
    ['of no time', {}, false],
  ])('%s: %j', (_, told, expected) => {
    expect(mayBe({ id: 'gen-1', ...told }, open)).toBe(expected);
  });
});
