import { advance } from '../../src/shot/advance.js';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.js';
import type { Take } from '../../src/domain/take.js';
import type { Decision } from '../../src/plan/decision.js';
import { recordRequest } from '../../src/shot/order.js';
import { decideWith, type Changes } from '../helpers/decide.js';
import { DELIVERED, makeAttempt, makeTake, type Happening } from '../helpers/takes.js';

/** A shot that opens on the last frame of another one. */
const after = (from: string, shot: string, changes: Parameters<typeof makeTake>[1] = {}) =>
  makeTake(shot, {
    frames: [{ frame_type: 'first_frame', source: { kind: 'shot', shot: from, at: 'last' } }],
    ...changes,
  });

/** The purchase that a decision leads to, as far as these events take it. */
function bought({ take, order, fingerprint }: Decision, ...events: readonly Happening[]): Attempt {
  if (!order || fingerprint === undefined) throw new Error(`${take.key} has nothing to buy yet`);
  return { ...makeAttempt(take, ...events), fingerprint, request: recordRequest(order, () => undefined) };
}

/** Purchases of all takes, each made when the ones before it were delivered. */
function deliveredAll(takes: readonly Take[], changes: Changes = {}): Attempt[] {
  const attempts: Attempt[] = [];
  for (const take of takes) attempts.push(bought(decideWith(takes, attempts, changes)(take), ...DELIVERED));
  return attempts;
}

const sea = makeTake('sea');
const shore = after('sea', 'shore');

describe('what was made from another clip', () => {
  it('is given back to shots that have swapped their prompts', () => {
    const [left, right] = [after('sea', 'left', { prompt: 'L' }), after('sea', 'right', { prompt: 'R' })];
    const attempts = deliveredAll([sea, left, right]);
    const [newLeft, newRight] = [
      after('sea', 'left', { prompt: 'R' }),
      after('sea', 'right', { prompt: 'L' }),
    ];
    const decision = decideWith([sea, newLeft, newRight], attempts);
    expect(decision(newLeft)).toMatchObject({ action: 'reuse', attempt: attempts[2] });
    expect(decision(newRight)).toMatchObject({ action: 'reuse', attempt: attempts[1] });
  });

  describe.each([
    ['of other words', (n: number) => ({ prompt: `part ${n}` })],
    ['of one prompt', () => ({ prompt: 'and on it goes' })],
  ])('in a chain %s', (_, settings) => {
    const chainOf = (ids: readonly string[], firstPart = 1) =>
      ids.map((id, index) => {
        const changes = settings(firstPart + index);
        const [before] = ids.slice(index - 1, index);
        return index === 0 || before === undefined
          ? makeTake(id, { prompt: 'the beginning' })
          : after(before, id, changes);
      });

    it.each([
      ['renumbered downwards', ['s1', 's2', 's3', 's4'], ['s0', 's1', 's2', 's3']],
      ['renumbered upwards', ['s1', 's2', 's3', 's4'], ['s2', 's3', 's4', 's5']],
      ['swapped', ['a', 'b', 'c'], ['a', 'c', 'b']],
      ['turned round', ['a', 'b', 'c', 'd'], ['d', 'c', 'b', 'a']],
    ])('is found again where the shots were %s', (__, ids, newIds) => {
      const attempts = deliveredAll(chainOf(ids));
      const renamed = chainOf(newIds);
      const decision = decideWith(renamed, attempts);
      expect(renamed.map((take) => decision(take).attempt?.id)).toEqual(attempts.map(({ id }) => id));
    });
  });

  it.each(['constructor', 'toString', '__proto__'])(
    'is made from the first take of a shot called %s',
    (id) => {
      const source = makeTake(id);
      const [first] = deliveredAll([source]);
      const decision = decideWith([source, after(id, 'next')], first ? [first] : []);
      expect(decision(after(id, 'next'))).toMatchObject({
        action: 'render',
        reasons: ['new'],
        waits_for: [],
      });
    },
  );

  it('leaves what it was before to the shot that asks for that now', () => {
    const before = makeTake('shore', { prompt: 'the shore' });
    const attempts = deliveredAll([sea, before]);
    const copy = makeTake('shore-of-old', { prompt: 'the shore' });
    const decision = decideWith([sea, shore, copy], attempts);
    expect(decision(copy)).toMatchObject({ action: 'reuse', attempt: attempts[1], reasons: ['renamed'] });
    expect(decision(shore)).toMatchObject({ action: 'render', reasons: ['new'] });
  });

  it('is not given away while its own shot waits for its source', () => {
    const attempts = deliveredAll([sea, shore]);
    const copy = after('sea', 'copy', { prompt: 'prompt of shore' });
    const decision = decideWith([copy, sea, shore], attempts, { rerender: new Set(['sea@1']) });
    expect(decision(copy)).toMatchObject({ action: 'render', waits_for: ['sea'] });
    expect(decision(shore)).toMatchObject({ action: 'rerender', reasons: ['sea gets a new clip'] });
  });

  it('says which take it is made from now', () => {
    const takes = [makeTake('sea', { take: 1, takes: 2 }), makeTake('sea', { take: 2, takes: 2 }), shore];
    const attempts = deliveredAll(takes);
    const decision = decideWith(takes, attempts, { picks: { sea: { take: 2 } } });
    expect(decision(shore)).toMatchObject({ action: 'rerender', reasons: ['take 2 of sea, not take 1'] });
  });
});

describe('a shot that is there already', () => {
  const attempts = deliveredAll([sea, shore]);

  it('needs no pick of its source', () => {
    expect(decideWith([sea, shore], attempts, { approve: true })(shore)).toMatchObject({ action: 'reuse' });
  });

  it('needs no source on disk', () => {
    const decision = decideWith([sea, shore], attempts, {
      clipStatus: ({ owner }) => (owner.shot === 'sea' ? 'missing' : 'intact'),
      isInScope: ({ shot }) => shot === 'shore',
    });
    expect(decision(sea).action).toBe('download');
    expect(decision(shore).action).toBe('reuse');
    expect(decision(shore).blocked_by).toBeUndefined();
  });

  it('is taken up where its job is in flight, whatever its source still waits for', () => {
    const [source] = attempts;
    if (!source) throw new Error('no source');
    const inFlight = bought(decideWith([sea, shore], [source])(shore), 'sent', 'accepted');
    const decision = decideWith([sea, shore], [source, inFlight], { approve: true });
    expect(decision(shore)).toMatchObject({ action: 'resume', attempt: inFlight });
  });
});

describe('a shot that cannot be rendered', () => {
  const source = deliveredAll([sea]);

  it('says that the picked take is not in the manifest any more', () => {
    const decision = decideWith([sea, shore], source, { picks: { sea: { take: 3 } } });
    expect(decision(shore)).toMatchObject({
      blocked_by: 'sea',
      reasons: ['take 3 of sea is picked but does not exist: pick another (dailies pick)'],
    });
  });

  it('says that the clip it grows out of was changed, where the gateway has it no more', () => {
    const lost = source.map((one) => advance(one, { type: 'lost', at: one.state.since, message: 'gone' }));
    const decision = decideWith([sea, shore], lost, { clipStatus: () => 'changed' });
    expect(decision(shore)).toMatchObject({
      blocked_by: 'sea',
      reasons: ['the clip of sea was changed, and the gateway no longer has it'],
    });
  });

  it('may well continue the job of a clip that was changed', () => {
    const more = makeTake('more', { previous_shot: 'sea' });
    const decision = decideWith([sea, more], source, { clipStatus: () => 'changed' })(more);
    expect(decision).toMatchObject({ action: 'render' });
    expect(decision.blocked_by).toBeUndefined();
  });

  it('cannot continue a job that another gateway has', () => {
    const more = makeTake('more', { previous_shot: 'sea' });
    const decision = decideWith([sea, more], source, { isOfThisGateway: () => false });
    expect(decision(more)).toMatchObject({
      blocked_by: 'sea',
      reasons: [expect.stringContaining('only the gateway of sea')],
    });
    const anew = decideWith([sea, more], source, {
      isOfThisGateway: () => false,
      rerender: new Set(['sea@1']),
    });
    expect(anew(more).blocked_by).toBeUndefined();
  });

  it('waits for a new pick where its picked source is made anew', () => {
    const decision = decideWith([{ ...sea, takes: 2 }, shore], source, {
      approve: true,
      picks: { sea: { take: 1 } },
      rerender: new Set(['sea@1']),
    });
    expect(decision(shore)).toMatchObject({ blocked_by: 'sea', reasons: ['waits for a pick of sea'] });
  });

  it('says how to bring in a source that the scope leaves out', () => {
    const decision = decideWith([sea, shore], [], { isInScope: ({ shot }) => shot !== 'sea' });
    expect(decision(shore)).toMatchObject({
      blocked_by: 'sea',
      reasons: ['needs a clip of sea: name sea in --only too'],
    });
  });

  it('names the shot right before it, all along a chain', () => {
    const dune = after('shore', 'dune');
    const lost = makeAttempt(sea, 'sent', 'lost-answer');
    const decision = decideWith([sea, shore, dune], [lost]);
    expect(decision(shore)).toMatchObject({ blocked_by: 'sea', reasons: ['needs a clip of sea'] });
    expect(decision(dune)).toMatchObject({ blocked_by: 'shore', reasons: ['needs a clip of shore'] });
  });
});

it('waits for a shot once, however many of its takes it is made from', () => {
  const sources = [1, 2].map((take) => makeTake('sea', { take, takes: 2 }));
  const between = makeTake('between', {
    frames: [
      { frame_type: 'first_frame', source: { kind: 'shot', shot: 'sea', at: 'last', take: 1 } },
      { frame_type: 'last_frame', source: { kind: 'shot', shot: 'sea', at: 'first', take: 2 } },
    ],
  });
  expect(decideWith([...sources, between], [])(between).waits_for).toEqual(['sea']);
});

describe('a chain of thousands', () => {
  const LENGTH = 3000;
  const chain = Array.from({ length: LENGTH }, (_, index) =>
    index === 0 ? makeTake('shot-0') : after(`shot-${index - 1}`, `shot-${index}`),
  );

  it.each([
    ['in order', chain],
    ['written backwards', chain.toReversed()],
  ])('is decided about, %s, with one look at each source', (_, takes) => {
    let looks = 0;
    const isInScope = () => {
      looks++;
      return true;
    };
    const decision = decideWith(takes, [], { isInScope });
    expect(chain.map((take) => decision(take).waits_for.length)).toEqual(
      chain.map((_, index) => +(index > 0)),
    );
    expect(looks).toBeLessThanOrEqual(LENGTH);
  });
});
