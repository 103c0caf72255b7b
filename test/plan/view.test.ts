import { describe, expect, it } from 'vitest';
import { outputsOf, type Attempt } from '../../src/domain/attempt.js';
import type { Take } from '../../src/domain/take.js';
import { createClaims } from '../../src/plan/claims.js';
import { decideAll } from '../../src/plan/decide.js';
import { advance } from '../../src/shot/advance.js';
import { clipName, viewOf } from '../../src/plan/view.js';
import { decisionContext } from '../helpers/decide.js';
import { clipOf, DELIVERED, makeAttempt, makeTake } from '../helpers/takes.js';

const AT = '2026-01-01T12:00:00.000Z';

/** The names that the clips of some takes are to bear, each with the clip it stands for. */
function namesOf(takes: readonly Take[], attempts: readonly Attempt[]): Record<string, string> {
  const claims = createClaims(attempts, takes, {});
  const view = viewOf({
    takes,
    decisions: decideAll(takes, decisionContext({ claims })),
    ownedBy: (take) => claims.owned(take),
    stemOf: ({ key }) => `${key}/${key}`,
  });
  return Object.fromEntries([...view].map(([name, { output }]) => [name, output.sha256]));
}

/** A delivered attempt of which all clips are replaced. */
function deliveredAgain(attempt: Attempt, ...clips: readonly object[]): Attempt {
  const [one] = outputsOf(attempt);
  if (!one) throw new Error('the attempt has no clip');
  const outputs = clips.map((changes) => ({ ...one, ...changes }));
  return advance(attempt, { type: 'delivered', at: AT, outputs });
}

describe('the names that clips are to bear', () => {
  const sea = makeTake('sea');

  it('are none while nothing is delivered', () => {
    expect(namesOf([sea], [makeAttempt(sea, 'sent', 'accepted')])).toEqual({});
  });

  it('stand for the clip that serves the take', () => {
    const attempts = [makeAttempt(sea, ...DELIVERED), makeAttempt(sea, ...DELIVERED)];
    expect(namesOf([sea], attempts)).toEqual({ 'sea/sea.mp4': clipOf(attempts[1]) });
  });

  it('go with a clip to the shot that asks for it now: renamed, or swapped with another', () => {
    const [a, b] = [makeTake('a', { prompt: 'A' }), makeTake('b', { prompt: 'B' })];
    const attempts = [makeAttempt(a, ...DELIVERED), makeAttempt(b, ...DELIVERED)];
    const [nowA, nowB] = [makeTake('a', { prompt: 'B' }), makeTake('b', { prompt: 'A' })];
    expect(namesOf([nowA, nowB], attempts)).toEqual({
      'a/a.mp4': clipOf(attempts[1]),
      'b/b.mp4': clipOf(attempts[0]),
    });
    const renamed = makeTake('dawn', { prompt: 'A' });
    expect(namesOf([renamed], attempts)).toEqual({ 'dawn/dawn.mp4': clipOf(attempts[0]) });
  });

  it('stay with the last clip of a take while its new one is still to come', () => {
    const before = makeAttempt(sea, ...DELIVERED);
    const changed = makeTake('sea', { prompt: 'another sea' });
    expect(namesOf([changed], [before])).toEqual({ 'sea/sea.mp4': clipOf(before) });
    const inFlight = makeAttempt(changed, 'sent', 'accepted');
    expect(namesOf([changed], [before, inFlight])).toEqual({ 'sea/sea.mp4': clipOf(before) });
  });

  it('do not stay with a clip that serves another take, nor with one that was removed', () => {
    const before = makeAttempt(sea, ...DELIVERED);
    const changed = makeTake('sea', { prompt: 'another sea' });
    const taker = makeTake('ocean', { prompt: 'prompt of sea' });
    expect(namesOf([changed, taker], [before])).toEqual({ 'ocean/ocean.mp4': clipOf(before) });
    const pruned = advance(before, { type: 'pruned', at: AT });
    expect(namesOf([changed], [pruned])).toEqual({});
  });

  it('count the clips of a job from the second on, and end as the files are', () => {
    const many = deliveredAgain(
      makeAttempt(sea, ...DELIVERED),
      { sha256: 'one' },
      { sha256: 'two', media: { container: 'webm' } },
    );
    expect(namesOf([sea], [many])).toEqual({ 'sea/sea.mp4': 'one', 'sea/sea.2.webm': 'two' });
    expect(clipName('sea/sea', 2, 'mp4')).toBe('sea/sea.3.mp4');
  });

  it('stand for the bytes of today where the gateway has sent a clip in others since', () => {
    const again = deliveredAgain(makeAttempt(sea, ...DELIVERED), { sha256: 'now', first_sha256: 'then' });
    expect(namesOf([sea], [again])).toEqual({ 'sea/sea.mp4': 'now' });
  });

  it('are given once: the first take has a name that two would share', () => {
    const [a, b] = [makeTake('a'), makeTake('b')];
    const attempts = [makeAttempt(a, ...DELIVERED), makeAttempt(b, ...DELIVERED)];
    const claims = createClaims(attempts, [a, b], {});
    const view = viewOf({
      takes: [a, b],
      decisions: decideAll([a, b], decisionContext({ claims })),
      ownedBy: (take) => claims.owned(take),
      stemOf: () => 'same',
    });
    expect([...view.values()].map(({ output }) => output.sha256)).toEqual([clipOf(attempts[0])]);
  });
});
