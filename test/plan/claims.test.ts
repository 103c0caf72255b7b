import { expect, it } from 'vitest';
import { createClaims } from '../../src/plan/claims.js';
import { DELIVERED, makeAttempt, makeTake } from '../helpers/takes.js';

const [old, renamed, copy] = [makeTake('sea', { prompt: 'waves' }), makeTake('ocean'), makeTake('copy')];

it.each([
  ['a clip', DELIVERED],
  ['an unanswered submit', ['sent', 'lost-answer']],
] as const)('gives a take that asks again what it was given from elsewhere: %s', (_, happenings) => {
  const attempt = makeAttempt(old, ...happenings);
  const claims = createClaims([attempt], [renamed, copy], {});
  const { fingerprint } = attempt;
  expect(claims.claimAnywhere(renamed, fingerprint)).toBe(attempt);
  expect(claims.claimAnywhere(copy, fingerprint)).toBeUndefined();
  expect(claims.claimAnywhere(renamed, fingerprint)).toBe(attempt);
});
