import { describe, expect, it } from 'vitest';
import { createLiveProgress } from '../../src/ui/live-progress.js';
import type { Progress } from '../../src/ui/progress.js';
import { events, spent } from './events.js';
import { createTerminal, type Terminal } from './terminal.js';

interface Stage {
  readonly terminal: Terminal;
  readonly progress: Progress;
  /** Lets time pass, a tick every tenth of a second. */
  readonly pass: (ms: number) => void;
}

function stage(columns: number, rows: number, showPath = (path: string) => path): Stage {
  const terminal = createTerminal(columns, rows);
  let now = 0;
  let tick: () => void = () => undefined;
  const progress = createLiveProgress({
    write: (text) => terminal.write(text),
    look: { color: true, unicode: true },
    showPath,
    now: () => now,
    every: (_ms, callback) => {
      tick = callback;
      return () => {
        tick = () => undefined;
      };
    },
    window: { columns: () => terminal.columns, rows: () => terminal.rows },
  });
  return {
    terminal,
    progress,
    pass(ms) {
      for (const end = now + ms; now < end;) {
        now += 100;
        tick();
      }
    },
  };
}

describe('the live view', () => {
  it('shows the whole run above the shots that are being worked on', () => {
    const { terminal, progress, pass } = stage(90, 24);
    progress.handle(events.started(4, { spent_usd: 1 }));
    for (const key of ['cliff', 'market', 'harbor', 'storm']) progress.handle(events.planned(key));
    progress.handle(events.submitting('cliff'));
    pass(2000);
    progress.handle(events.completed('cliff', 2000, 0.12, spent(1.12)));
    progress.handle(events.delivered('cliff', { money: spent(1.12) }));
    for (const key of ['market', 'harbor', 'storm']) progress.handle(events.submitting(key));
    progress.handle(events.failed('storm', 'the gateway says: Content policy violation'));
    progress.handle(events.submitted('harbor', spent(1.36, { estimated: 2 })));
    pass(1000);
    progress.handle(events.rendering('market', 1000));
    progress.handle(events.completed('harbor', 1000, 0.12, spent(1.36, { estimated: 1 })));
    progress.handle(events.downloading('harbor', 0, 10_000_000));
    pass(500);
    progress.handle(events.downloading('harbor', 6_100_000, 10_000_000));
    pass(1100);
    expect(terminal.screen()).toEqual([
      '  ✓ cliff       2 s   $0.12  renders/cliff.mp4',
      '  ✗ storm   failed: the gateway says: Content policy violation',
      'teaser  ██████████████░░░░░░░░░░░░░░  1/4   1 failed   ~$1.36 of $20.00   about 10 s left',
      '  market  rendering       2 s  veo-3.1-lite',
      '  harbor  downloading    61 %  12 MB/s',
    ]);
  });

  it('keeps the name of a clip in sight where its folders have no room', () => {
    const { terminal, progress, pass } = stage(
      60,
      12,
      (path) => `a-folder-of-many/with/folders/below/${path}`,
    );
    progress.handle(events.started(1));
    progress.handle(events.planned('cliff'));
    progress.handle(events.submitting('cliff'));
    progress.handle(events.completed('cliff', 2000, 0.12));
    progress.handle(events.delivered('cliff'));
    pass(100);
    expect(terminal.screen()[0]).toBe('  ✓ cliff      2 s   $0.12  …/below/renders/cliff.mp4');
  });

  it('puts the words on a second line where the window is narrow', () => {
    const { terminal, progress, pass } = stage(50, 12);
    progress.handle(events.started(60));
    for (let shot = 0; shot < 60; shot++) progress.handle(events.planned(`a-shot-with-a-long-name-${shot}`));
    for (let shot = 0; shot < 9; shot++)
      progress.handle(events.submitting(`a-shot-with-a-long-name-${shot}`));
    progress.handle(
      events.failed('a-shot-with-a-long-name-0', 'no', { money: spent(0.12, { unpriced: 1 }) }),
    );
    pass(1100);
    expect(terminal.screen()).toEqual([
      '  ✗ a-shot-with-a-long-name-0   failed: no',
      'teaser  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0/60',
      '  1 failed   ~$0.12 of $20.00',
      '  a-shot-wi…ng-name-1  sending         1 s  veo-…',
      '  a-shot-wi…ng-name-2  sending         1 s  veo-…',
      '  a-shot-wi…ng-name-3  sending         1 s  veo-…',
      '  + 5 more in flight',
    ]);
  });

  it.each([
    [90, 24, 10_000],
    [50, 12, 10_000],
    [20, 5, 1000],
    [12, 2, 1000],
  ])('at %i×%i leaves one line a shot and nothing else, after %i shots', (columns, rows, total) => {
    const { terminal, progress, pass } = stage(columns, rows);
    progress.handle(events.started(total));
    for (let shot = 0; shot < total; shot++) progress.handle(events.planned(`s${shot}`));
    for (let first = 0; first < total; first += 50) {
      for (let shot = first; shot < first + 50; shot++) progress.handle(events.submitting(`s${shot}`));
      pass(100);
      for (let shot = first; shot < first + 50; shot++) {
        progress.handle(events.completed(`s${shot}`, 100, 0.12));
        progress.handle(events.delivered(`s${shot}`));
      }
      pass(100);
    }
    progress.handle(events.finished());
    progress.stop();
    const lines = terminal.lines();
    expect(lines).toHaveLength(total);
    expect(lines.every((line) => line.startsWith('  ✓ s'))).toBe(true);
  });

  it('leaves no residue on the screen when the window is made narrower and wider again', () => {
    const { terminal, progress, pass } = stage(100, 30);
    progress.handle(events.started(30, { concurrency: 8 }));
    for (let shot = 0; shot < 30; shot++) progress.handle(events.planned(`shot-${shot}`));
    for (let shot = 0; shot < 12; shot++) progress.handle(events.submitting(`shot-${shot}`));
    pass(300);
    for (const [columns, rows] of [
      [60, 30],
      [25, 30],
      [120, 20],
      [45, 24],
    ] as const) {
      terminal.resize(columns, rows);
      pass(1100);
      expect(terminal.lines().filter((line) => line.startsWith('teaser'))).toHaveLength(1);
      expect(Math.max(...terminal.lines().map((line) => line.length))).toBeLessThan(columns);
      expect(terminal.lines().filter((line) => line.includes('more in flight'))).toHaveLength(1);
    }
    progress.stop();
    expect(terminal.lines()).toEqual([]);
  });

  it('draws ten frames a second at most, each in one write, and one a second where nothing happens', () => {
    const { terminal, progress, pass } = stage(90, 24);
    progress.handle(events.started(1000));
    pass(1000);
    const before = terminal.writes;
    for (let shot = 0; shot < 1000; shot++) {
      progress.handle(events.planned(`s${shot}`));
      progress.handle(events.delivered(`s${shot}`));
    }
    pass(100);
    expect(terminal.writes - before).toBe(1);
    pass(5000);
    expect(terminal.writes - before).toBe(6);
  });

  it('leaves the screen to the shell while it is in the background, and goes on below', () => {
    const { terminal, progress, pass } = stage(90, 24);
    progress.handle(events.started(1));
    progress.handle(events.planned('a'));
    progress.handle(events.submitting('a'));
    pass(100);
    progress.pause();
    expect(terminal.lines()).toEqual([]);
    terminal.write('[1]+ Stopped\n$ fg\n');
    pass(1000);
    expect(terminal.lines().slice(-3)).toEqual([
      '$ fg',
      expect.stringMatching(/^teaser .* 0\/1/),
      expect.stringMatching(/^ {2}a {2}sending/),
    ]);
  });

  it('writes nothing once it was stopped', () => {
    const { terminal, progress, pass } = stage(90, 24);
    progress.handle(events.started(1));
    pass(100);
    progress.stop();
    const { writes } = terminal;
    pass(5000);
    expect(terminal.writes).toBe(writes);
  });
});
