import { describe, expect, it } from 'vitest';
import type { ClipStatus } from '../../src/plan/decision.js';
import { decideWith } from '../helpers/decide.js';
import { clipOf, DELIVERED, makeAttempt, makeTake } from '../helpers/takes.js';

const chained = (shot: string, from: string) =>
  makeTake(shot, {
    frames: [{ frame_type: 'first_frame', source: { kind: 'shot', shot: from, at: 'last' } }],
  });

describe('what is to be done about a take', () => {
  const sea = makeTake('sea');

  it('renders what was never bought', () => {
    expect(decideWith([sea], [])(sea)).toMatchObject({ action: 'render', reasons: ['new'] });
  });

  it('buys nothing for a delivered clip', () => {
    expect(decideWith([sea], [makeAttempt(sea, ...DELIVERED)])(sea)).toMatchObject({ action: 'reuse' });
  });

  it.each([
    [['sent', 'accepted'], 'resume'],
    [['sent', 'accepted', 'completed'], 'download'],
    [['sent', 'accepted', 'completed', 'fetching'], 'download'],
    [['sent', 'lost-answer'], 'held'],
    [['sent'], 'held'],
    [['sent', 'accepted', 'gone'], 'held'],
    [['sent', 'accepted', 'failed'], 'retry'],
    [['sent', 'refused'], 'retry'],
    [['sent', 'lost-answer', 'freed'], 'render'],
  ] as const)('goes on from %s by %s', (happenings, action) => {
    expect(decideWith([sea], [makeAttempt(sea, ...happenings)])(sea).action).toBe(action);
  });

  it('fetches a clip again that is missing on disk, for free', () => {
    const decision = decideWith([sea], [makeAttempt(sea, ...DELIVERED)], { clipStatus: () => 'missing' })(
      sea,
    );
    expect(decision).toMatchObject({ action: 'download', reasons: ['file missing'] });
  });

  it('fetches a clip again that was changed, for free', () => {
    const decision = decideWith([sea], [makeAttempt(sea, ...DELIVERED)], { clipStatus: () => 'changed' })(
      sea,
    );
    expect(decision).toMatchObject({ action: 'download', reasons: ['file changed'] });
  });

  it('holds a missing clip that the gateway has no more, and goes on with a changed one', () => {
    const lost = makeAttempt(sea, ...DELIVERED, 'gone');
    const by = (clipStatus: ClipStatus) => decideWith([sea], [lost], { clipStatus: () => clipStatus })(sea);
    expect(by('missing')).toMatchObject({
      action: 'held',
      reasons: ['its clip is missing, and not found'],
    });
    expect(by('changed')).toMatchObject({
      action: 'reuse',
      reasons: ['file changed, and the gateway no longer has it'],
    });
    expect(by('intact')).toMatchObject({ action: 'reuse', reasons: ['restored'] });
  });

  it('records which clip a render that was asked for anew takes the place of', () => {
    const attempt = makeAttempt(sea, ...DELIVERED);
    expect(decideWith([sea], [attempt], { rerender: new Set(['sea@1']) })(sea).replaces).toBe(attempt);
    const changed = makeTake('sea', { prompt: 'another sea' });
    expect(decideWith([changed], [attempt])(changed).replaces).toBeUndefined();
  });

  it('says which input made a new render necessary', () => {
    const changed = makeTake('sea', { prompt: 'another sea' });
    expect(decideWith([changed], [makeAttempt(sea, ...DELIVERED)])(changed)).toMatchObject({
      action: 'rerender',
      reasons: ['prompt changed'],
    });
  });

  it('keeps an edited shot held while an older submit of it is unanswered', () => {
    const changed = makeTake('sea', { prompt: 'another sea' });
    expect(decideWith([changed], [makeAttempt(sea, 'sent', 'lost-answer')])(changed).action).toBe('held');
  });

  it('says what the unanswered submit asked for, where the shot was edited since', () => {
    const open = makeAttempt(sea, 'sent', 'lost-answer');
    const unanswered = expect.stringMatching(/^submit unanswered at/) as string;
    const edited = makeTake('sea', { prompt: 'another sea', seed: 7 });
    expect(decideWith([edited], [open])(edited).reasons).toEqual([
      unanswered,
      'since then prompt changed from "prompt of sea"',
      'seed changed',
    ]);
    const wordy = makeAttempt(makeTake('sea', { prompt: 'long '.repeat(50) }), 'sent', 'lost-answer');
    expect(decideWith([sea], [wordy])(sea).reasons[1]?.length).toBeLessThan(120);
    expect(decideWith([sea], [open])(sea).reasons).toEqual([unanswered]);
  });

  it('says so too where the sources of the edited shot are still to come', () => {
    const tail = makeAttempt(makeTake('tail', { prompt: 'before' }), 'sent', 'lost-answer');
    const edited = chained('tail', 'sea');
    expect(decideWith([sea, edited], [tail])(edited)).toMatchObject({
      action: 'held',
      reasons: [expect.anything(), 'since then prompt changed from "before"'],
    });
  });

  it('collects the job of an older version that is still in flight', () => {
    const changed = makeTake('sea', { prompt: 'another sea' });
    const older = makeAttempt(sea, 'sent', 'accepted');
    const decision = decideWith([changed], [older])(changed);
    expect(decision).toMatchObject({ action: 'rerender', collect: [older] });
  });

  it('renders a delivered take anew when it is asked to, and only then', () => {
    const attempt = makeAttempt(sea, ...DELIVERED);
    expect(decideWith([sea], [attempt], { rerender: new Set(['sea@1']) })(sea).action).toBe('rerender');
  });

  it('does not start a second new render while the first is in flight', () => {
    const attempts = [makeAttempt(sea, ...DELIVERED), makeAttempt(sea, 'sent', 'accepted')];
    expect(decideWith([sea], attempts, { rerender: new Set(['sea@1']) })(sea)).toMatchObject({
      action: 'resume',
      attempt: attempts[1],
    });
  });

  it('leaves two uncertain submits where they are when their shots have swapped their prompts', () => {
    const [one, two] = [makeTake('one', { prompt: 'B' }), makeTake('two', { prompt: 'A' })];
    const [first, second] = [
      makeAttempt(makeTake('one', { prompt: 'A' }), 'sent', 'lost-answer'),
      makeAttempt(makeTake('two', { prompt: 'B' }), 'sent', 'lost-answer'),
    ];
    const decide = decideWith([one, two], [first, second]);
    expect(decide(one)).toMatchObject({ action: 'held', attempt: first });
    expect(decide(two)).toMatchObject({ action: 'held', attempt: second });
  });

  it('buys nothing anew for an uncertain submit of another prompt where a clip of this one is there', () => {
    const own = makeAttempt(sea, ...DELIVERED);
    const elsewhere = makeAttempt(makeTake('gone', { prompt: 'prompt of sea' }), ...DELIVERED);
    const uncertain = makeAttempt(makeTake('sea', { prompt: 'other' }), 'sent', 'lost-answer');
    for (const attempts of [
      [own, uncertain],
      [elsewhere, uncertain],
    ])
      expect(decideWith([sea], attempts, { resubmitUncertain: true })(sea)).toMatchObject({
        action: 'reuse',
        attempt: attempts[0],
      });
  });

  it('gives up what is uncertain for a new attempt when it is told to resubmit', () => {
    const uncertain = makeAttempt(sea, 'sent', 'lost-answer');
    expect(decideWith([sea], [uncertain], { resubmitUncertain: true })(sea)).toMatchObject({
      action: 'render',
      give_up: [uncertain],
    });
  });

  it('leaves what failed alone when it is told to', () => {
    const failed = makeAttempt(sea, 'sent', 'accepted', 'failed');
    expect(decideWith([sea], [failed], { retryFailed: false })(sea)).toMatchObject({ action: 'held' });
  });
});

describe('claims', () => {
  it('finds the clip of a renamed shot', () => {
    const old = makeTake('sea', { prompt: 'waves' });
    const renamed = makeTake('ocean', { prompt: 'waves' });
    const attempt = makeAttempt(old, ...DELIVERED);
    expect(decideWith([renamed], [attempt])(renamed)).toMatchObject({
      action: 'reuse',
      reasons: ['renamed'],
      attempt,
    });
  });

  it('finds the clip of a prompt that was changed and changed back', () => {
    const first = makeAttempt(makeTake('sea', { prompt: 'A' }), ...DELIVERED);
    const second = makeAttempt(makeTake('sea', { prompt: 'B' }), ...DELIVERED);
    const back = makeTake('sea', { prompt: 'A' });
    const decision = decideWith([back], [first, second])(back);
    expect(decision).toMatchObject({ action: 'reuse', reasons: ['restored'], attempt: first });
  });

  it('buys nothing when two shots swap their prompts', () => {
    const a = makeAttempt(makeTake('a', { prompt: 'A' }), ...DELIVERED);
    const b = makeAttempt(makeTake('b', { prompt: 'B' }), ...DELIVERED);
    const [nowA, nowB] = [makeTake('a', { prompt: 'B' }), makeTake('b', { prompt: 'A' })];
    const decision = decideWith([nowA, nowB], [a, b]);
    expect(decision(nowA)).toMatchObject({ action: 'reuse', attempt: b });
    expect(decision(nowB)).toMatchObject({ action: 'reuse', attempt: a });
  });

  it('buys a second clip for a copy of a shot: one clip serves one take', () => {
    const attempt = makeAttempt(makeTake('sea', { prompt: 'waves' }), ...DELIVERED);
    const [sea, copy] = [makeTake('sea', { prompt: 'waves' }), makeTake('copy', { prompt: 'waves' })];
    const decision = decideWith([copy, sea], [attempt]);
    expect(decision(sea)).toMatchObject({ action: 'reuse', attempt });
    expect(decision(copy).action).toBe('render');
  });

  it('holds a renamed shot whose submit is unanswered', () => {
    const attempt = makeAttempt(makeTake('sea', { prompt: 'waves' }), 'sent', 'lost-answer');
    const renamed = makeTake('ocean', { prompt: 'waves' });
    expect(decideWith([renamed], [attempt])(renamed).action).toBe('held');
  });

  it('renders only the new takes when their number is raised', () => {
    const takes = [1, 2, 3].map((take) => makeTake('sea', { take, takes: 3 }));
    const attempts = takes.slice(0, 2).map((take) => makeAttempt(take, ...DELIVERED));
    const decision = decideWith(takes, attempts);
    expect(takes.map((take) => decision(take).action)).toEqual(['reuse', 'reuse', 'render']);
  });
});

describe('chains', () => {
  const first = makeTake('first');
  const second = chained('second', 'first');
  const third = chained('third', 'second');

  it('waits for a source that is still to be rendered', () => {
    const decision = decideWith([third, second, first], []);
    expect(decision(second)).toMatchObject({ action: 'render', waits_for: ['first'] });
    expect(decision(third)).toMatchObject({ action: 'render', waits_for: ['second'] });
  });

  it('knows the order of a dependant whose source is delivered', () => {
    const decision = decideWith([first, second], [makeAttempt(first, ...DELIVERED)]);
    expect(decision(second)).toMatchObject({ action: 'render', reasons: ['new'], waits_for: [] });
  });

  it('blocks all that hangs on a held shot', () => {
    const decision = decideWith([first, second, third], [makeAttempt(first, 'sent', 'lost-answer')]);
    expect(decision(second)).toMatchObject({ blocked_by: 'first' });
    expect(decision(third)).toMatchObject({ blocked_by: 'second' });
  });

  it('blocks a dependant whose source is not there and not part of the run', () => {
    const decision = decideWith([first, second], [], { isInScope: (ref) => ref.shot === 'second' });
    expect(decision(second)).toMatchObject({ blocked_by: 'first' });
  });

  it('waits for a pick where every generation is approved', () => {
    const attempts = [makeAttempt(first, ...DELIVERED)];
    const choice = { ...first, takes: 2 };
    const unpicked = decideWith([choice, second], attempts, { approve: true });
    expect(unpicked(second)).toMatchObject({ blocked_by: 'first', reasons: ['waits for a pick of first'] });
    const picks = { first: { take: 1, clip: clipOf(attempts[0]) } };
    const picked = decideWith([choice, second], attempts, { approve: true, picks });
    expect(picked(second).blocked_by).toBeUndefined();
    // Where there is one take, there is none to choose.
    const single = decideWith([first, second], attempts, { approve: true });
    expect(single(second).blocked_by).toBeUndefined();
  });

  it('takes a pick that was made for another clip, or before there was one, for none', () => {
    const attempts = [makeAttempt(first, ...DELIVERED)];
    for (const pick of [{ take: 1 }, { take: 1, clip: 'another' }]) {
      const choice = { ...first, takes: 2 };
      const decision = decideWith([choice, second], attempts, { approve: true, picks: { first: pick } });
      expect(decision(second)).toMatchObject({ blocked_by: 'first' });
    }
  });

  it('blocks a dependant where its source was changed and the gateway has it no more', () => {
    const lost = makeAttempt(first, ...DELIVERED, 'gone');
    const decision = decideWith([first, second], [lost], { clipStatus: () => 'changed' });
    expect(decision(second)).toMatchObject({
      blocked_by: 'first',
      reasons: ['the clip of first was changed, and the gateway no longer has it'],
    });
  });
});
