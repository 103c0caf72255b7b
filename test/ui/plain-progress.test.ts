import { describe, expect, it } from 'vitest';
import { createPlainProgress, createProgress, type Progress } from '../../src/ui/progress.js';
import { events, spent } from './events.js';

interface Log {
  readonly progress: Progress;
  readonly lines: () => string[];
  /** Lets half a minute pass. */
  readonly beat: () => void;
}

function log(): Log {
  let text = '';
  let now = 0;
  let tick: () => void = () => undefined;
  const progress = createPlainProgress({
    write: (more) => (text += more),
    look: { color: false, unicode: true },
    showPath: (path) => path,
    now: () => now,
    every: (ms, callback) => {
      tick = () => {
        now += ms;
        callback();
      };
      return () => (tick = () => undefined);
    },
  });
  return { progress, lines: () => text.split('\n').slice(0, -1), beat: () => tick() };
}

describe('progress in a log', () => {
  it('writes one line for each shot that ends, and none for those that were there', () => {
    const { progress, lines } = log();
    progress.handle(events.started(3, { to_buy: 2 }));
    progress.handle(events.planned('old', 'reuse'));
    progress.handle(events.planned('cliff'));
    progress.handle(events.planned('storm'));
    progress.handle(events.delivered('old', { reused: true }));
    progress.handle(events.submitting('cliff'));
    progress.handle(events.completed('cliff', 48_000, 0.12));
    progress.handle(events.delivered('cliff'));
    progress.handle(events.failed('storm', 'the gateway says: no', { willRetry: true }));
    progress.handle(events.failed('storm', 'the gateway says: no'));
    progress.handle(events.finished());
    expect(lines()).toEqual([
      'teaser: 3 takes, 2 to render on openrouter into renders, at most $0.36',
      '[2/3] ✓ cliff     48 s   $0.12  renders/cliff.mp4',
      '! storm  failed: the gateway says: no; rendered again',
      '[3/3] ✗ storm  failed: the gateway says: no',
    ]);
  });

  it('keeps its columns where the number of shots that ended grows by a digit', () => {
    const { progress, lines, beat } = log();
    progress.handle(events.started(10));
    for (let shot = 1; shot <= 10; shot++) {
      progress.handle(events.planned(`shot-${shot}`));
      progress.handle(events.failed(`shot-${shot}`, 'no'));
      if (shot === 9) beat();
    }
    expect(lines().slice(-3)).toEqual([
      '[ 9/10] ✗ shot-9  failed: no',
      expect.stringMatching(/^\[ 9\/10\] {2}0 in flight/),
      '[10/10] ✗ shot-10  failed: no',
    ]);
  });

  it('promises nothing where no price is known', () => {
    const { progress, lines } = log();
    progress.handle(events.started(2, { max_usd: 0, expected_usd: 0 }));
    expect(lines()).toEqual(['teaser: 2 takes, 2 to render on openrouter into renders']);
  });

  it('says every half minute that it is alive, how far it is and how long it will take', () => {
    const { progress, lines, beat } = log();
    progress.handle(events.started(5, { concurrency: 1 }));
    for (const key of ['a', 'b', 'c', 'd', 'e']) progress.handle(events.planned(key));
    progress.handle(events.submitting('a'));
    progress.handle(events.submitted('a', spent(0.12, { estimated: 1 })));
    beat();
    progress.handle(events.completed('a', 60_000, 0.12));
    progress.handle(events.delivered('a', { money: spent(0.12) }));
    progress.handle(events.submitting('b'));
    beat();
    expect(lines().filter((line) => line.includes('in flight'))).toEqual([
      '[0/5]  1 in flight  ~$0.12 of $20.00',
      '[1/5]  1 in flight  $0.12 of $20.00  about 4 min left',
    ]);
    progress.handle(events.finished());
    beat();
    progress.stop();
    beat();
    expect(lines().filter((line) => line.includes('in flight'))).toHaveLength(2);
  });

  it('tells of patience, warnings and the end of submits', () => {
    const { progress, lines } = log();
    const at = '2026-10-10T09:00:00.000Z';
    progress.handle({ type: 'run.slowed', at, message: 'the gateway answered 429', wait_ms: 30_000 });
    progress.handle({ type: 'warning', at, key: 'sea', message: 'unknown status "napping"' });
    progress.handle({
      type: 'run.stopping',
      at,
      reason: { kind: 'credits', message: 'the credits are used up' },
    });
    expect(lines()).toEqual([
      '! the gateway answered 429; nothing is submitted for 30 s',
      '! sea: unknown status "napping"',
      '! no further submits: the credits are used up',
    ]);
  });

  it('lets no escape sequence of the gateway through', () => {
    const { progress, lines } = log();
    progress.handle(events.failed('a', '\x1b[2J\x1b[1;1Hgone'));
    expect(lines().join()).not.toContain('\x1b');
  });

  it('writes nothing where quiet is wanted', async () => {
    let written = '';
    const progress = await createProgress({
      write: (text) => (written += text),
      look: { color: false, unicode: true },
      showPath: (path) => path,
      now: () => 0,
      every: () => () => undefined,
      window: undefined,
      quiet: true,
    });
    progress.handle(events.started(1));
    progress.handle(events.failed('a', 'no'));
    progress.stop();
    expect(written).toBe('');
  });
});
