import { expect, it } from 'vitest';
import type { RecordedRequest } from '../../src/domain/attempt.js';
import { changesBetween } from '../../src/plan/changes.js';
import { createClaims } from '../../src/plan/claims.js';
import { DELIVERED, makeAttempt, makeTake, wishOf } from '../helpers/takes.js';

const [old, renamed, copy] = [makeTake('sea', { prompt: 'waves' }), makeTake('ocean'), makeTake('copy')];

it.each([
  ['a clip', DELIVERED],
  ['an unanswered submit', ['sent', 'lost-answer']],
] as const)('gives a take that asks again what it was given from elsewhere: %s', (_, happenings) => {
  const attempt = makeAttempt(old, ...happenings);
  const claims = createClaims([attempt], [renamed, copy], {});
  const wish = wishOf(attempt);
  expect(claims.claimAnywhere(renamed, wish)).toBe(attempt);
  expect(claims.claimAnywhere(copy, wish)).toBeUndefined();
  expect(claims.claimAnywhere(renamed, wish)).toBe(attempt);
});

it('knows settings again in whatever order a lockfile keeps them', () => {
  const provider = { options: { acme: { b: 1, a: [{ d: 1, c: 2 }] } } };
  const sorted = { options: { acme: { a: [{ c: 2, d: 1 }], b: 1 } } };
  expect(changesBetween({ model: 'm', provider }, { provider: sorted, model: 'm' })).toEqual([]);
});

it('calls neither a trace nor another choice of providers a change', () => {
  const before = { model: 'm', prompt: 'a', trace: { id: 1 }, provider: { only: ['acme'] } };
  expect(changesBetween(before, { model: 'm', prompt: 'b' })).toEqual(['prompt changed']);
});

it('says once that a picture has changed which is both frames, or a reference too', () => {
  const loop = (sha256: string): RecordedRequest => {
    const input = { path: 'evening.png', sha256 };
    const frame_images = (['first_frame', 'last_frame'] as const).map((frame_type) => ({
      frame_type,
      input,
    }));
    return { model: 'm', frame_images };
  };
  expect(changesBetween(loop('a'), loop('b'))).toEqual(['evening.png changed']);
});

it('lets what a take owns beyond its claim serve others once it is settled, and not before', () => {
  const [sea, ocean] = [makeTake('sea', { prompt: 'B' }), makeTake('ocean', { prompt: 'A' })];
  const older = makeAttempt(makeTake('sea', { prompt: 'A' }), ...DELIVERED);
  const newer = makeAttempt(sea, ...DELIVERED);
  const claims = createClaims([older, newer], [makeTake('sea', { prompt: 'A' }), ocean], {});
  expect(claims.claimAnywhere(ocean, wishOf(older))).toBeUndefined();
  expect(claims.claimOwn(sea, wishOf(newer))).toBe(newer);
  claims.settle(sea);
  expect(claims.claimAnywhere(ocean, wishOf(older))).toBe(older);
  expect(claims.owned(sea)).toEqual([newer]);
  expect(claims.unclaimed()).toEqual([]);
});
