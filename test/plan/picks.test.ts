import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.js';
import type { Picks } from '../../src/domain/picks.js';
import type { Take } from '../../src/domain/take.js';
import { createClaims } from '../../src/plan/claims.js';
import { decideAll } from '../../src/plan/decide.js';
import { arePicksAlike, followPicks, picksBehind, pickNow } from '../../src/plan/picks.js';
import { decisionContext } from '../helpers/decide.js';
import { clipOf, DELIVERED, makeAttempt, makeTake } from '../helpers/takes.js';

function decisionsOn(takes: readonly Take[], attempts: readonly Attempt[], picks: Picks = {}) {
  return decideAll(takes, decisionContext({ claims: createClaims(attempts, takes, picks), picks }));
}

describe('a pick', () => {
  const takes = [1, 2].map((take) => makeTake('sea', { take, takes: 2 }));
  const attempts = takes.map((take) => makeAttempt(take, ...DELIVERED));
  const picks = { sea: { take: 2, clip: clipOf(attempts[1]) } };

  it('names the take and the clip it is made for, or the take alone while that has none', () => {
    const third = makeTake('sea', { take: 3, takes: 3 });
    const decisions = decisionsOn([...takes, third], attempts);
    expect(pickNow({ shot: 'sea', take: 2 }, decisions)).toEqual(picks.sea);
    expect(pickNow(third, decisions)).toEqual({ take: 3 });
  });

  it('stays as it is, to the very object, where its clip serves the take it names', () => {
    expect(followPicks(decisionsOn(takes, attempts), picks)).toBe(picks);
  });

  it('goes with its clip to a renamed shot', () => {
    const renamed = [1, 2].map((take) => makeTake('ocean', { take, takes: 2, prompt: 'prompt of sea' }));
    const followed = followPicks(decisionsOn(renamed, attempts, picks), picks);
    expect(Object.keys(followed)).toEqual(['ocean']);
    expect(followed['ocean']?.clip).toBe(picks.sea.clip);
  });

  it('goes over with both clips where two shots have swapped their prompts', () => {
    const [a, b] = [makeTake('a', { prompt: 'A' }), makeTake('b', { prompt: 'B' })];
    const [ofA, ofB] = [makeAttempt(a, ...DELIVERED), makeAttempt(b, ...DELIVERED)];
    const before = { a: { take: 1, clip: clipOf(ofA) }, b: { take: 1, clip: clipOf(ofB) } };
    const swapped = [makeTake('a', { prompt: 'B' }), makeTake('b', { prompt: 'A' })];
    expect(followPicks(decisionsOn(swapped, [ofA, ofB], before), before)).toEqual({
      a: before.b,
      b: before.a,
    });
  });

  it('stays where it was while its clip serves nobody', () => {
    const changed = [makeTake('sea', { take: 2, takes: 2, prompt: 'another sea' })];
    expect(followPicks(decisionsOn(changed, attempts, picks), picks)).toEqual(picks);
  });

  it('of a take that had no clip moves nowhere', () => {
    const bare = { sea: { take: 2 } };
    expect(followPicks(decisionsOn([makeTake('ocean')], attempts, bare), bare)).toBe(bare);
  });
});

describe('where the lockfile is gone', () => {
  const source = (changes: object) =>
    makeTake('cut', {
      frames: [{ frame_type: 'first_frame', source: { kind: 'shot', shot: 'sea', at: 'last', ...changes } }],
    });
  const cut = source({});
  const seas = [1, 2].map((take) => makeTake('sea', { take, takes: 2 }));
  const madeFrom = (take: number): Attempt => {
    const attempt = makeAttempt(cut, ...DELIVERED);
    const input = { from: 'sea', take, at: 'last', clip_sha256: `clip of ${take}` } as const;
    return {
      ...attempt,
      request: { ...attempt.request, frame_images: [{ frame_type: 'first_frame', input }] },
    };
  };

  it('the picks are those that the last purchases were made from', () => {
    expect(picksBehind([madeFrom(1), madeFrom(2)], [...seas, cut])).toEqual({
      sea: { take: 2, clip: 'clip of 2' },
    });
  });

  it('nothing is picked where the manifest names the take itself, or has it no more', () => {
    expect(picksBehind([madeFrom(2)], [...seas, source({ take: 2 })])).toEqual({});
    expect(picksBehind([madeFrom(3)], [...seas, cut])).toEqual({});
    expect(picksBehind([madeFrom(2)], seas)).toEqual({});
  });
});

it('picks are alike where shots, takes and clips are', () => {
  const picks = { a: { take: 1, clip: 'x' }, b: { take: 2 } };
  expect(arePicksAlike(picks, { b: { take: 2 }, a: { take: 1, clip: 'x' } })).toBe(true);
  for (const other of [{}, { ...picks, a: { take: 1 } }, { ...picks, b: { take: 1 } }])
    expect(arePicksAlike(picks, other)).toBe(false);
});
