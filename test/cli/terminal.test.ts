import { afterEach, describe, expect, it } from 'vitest';
import { builtCli } from '../helpers/built-cli.js';
import { writeManifest } from '../helpers/cli.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { hasTmux, openWindow, type TmuxWindow } from '../helpers/tmux.js';

const SHOTS = `
  - { id: cliff, prompt: waves below }
  - { id: harbor-at-night, prompt: lanterns }
  - { id: storm, prompt: thunder }`;

const isTmuxHere = await hasTmux();
const server = useGateway();
const clip = await orderedClip();
let window: TmuxWindow | undefined;

afterEach(async () => {
  await window?.close();
});

interface WatchedRun {
  readonly type: (...keys: string[]) => Promise<void>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Waits until the screen is these lines, numbers that differ from run to run aside. */
  readonly shows: (lines: readonly string[]) => Promise<void>;
}

async function runIn(columns: number, rows: number): Promise<WatchedRun> {
  const main = await builtCli();
  const { folder } = await writeManifest(server.baseUrl, SHOTS, { top: 'concurrency: 2' });
  const opened = await openWindow({
    columns,
    rows,
    cwd: folder,
    env: { LANG: 'C.UTF-8', TEST_KEY: 'sk-test-0123456789' },
    command: [process.execPath, main, 'run', 'film.yaml'],
  });
  window = opened;
  return {
    type: opened.type,
    resize: opened.resize,
    async shows(lines) {
      await expect.poll(async () => normalised(await opened.screen()), { timeout: 20_000 }).toEqual(lines);
    },
  };
}

/** Without what differs from run to run: times, and the server's port. */
function normalised(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/:\d{5}\//, ':PORT/')
      .replace(/\d\d:\d\d today/, 'HH:MM today')
      .replace(/ +[\d.]+ s\b(?! {2}720p)/g, ' N s'),
  );
}

const PLAN = [
  '  + cliff            veo-3.1-lite  4 s  720p  $0.12  new',
  '  + harbor-at-night  veo-3.1-lite  4 s  720p  $0.12  new',
  '  + storm            veo-3.1-lite  4 s  720p  $0.12  new',
  '',
  'To spend   $0.36',
  'Spent      $0.00',
  '',
];

const NARROW_PLAN = [
  '  + cliff            veo-3.1-lite N s  $0.12  new',
  '  + harbor-at-night  veo-3.1-lite N s  $0.12  new',
  '  + storm            veo-3.1-lite N s  $0.12  new',
  ...PLAN.slice(3),
];

describe('a run in a terminal', () => {
  it('of 90×24 asks, shows what goes on, and leaves nothing but an account of it', async ({ skip }) => {
    if (!isTmuxHere) skip('tmux is not installed');
    const { shows, type } = await runIn(90, 24);
    const head = ['film · 3 takes · http://127.0.0.1:PORT/api/v1 · catalogue of HH:MM today', '', ...PLAN];
    await shows([...head, 'Spend up to $0.36? [y/N]']);
    await type('y', 'Enter');
    const asked = [...head, 'Spend up to $0.36? [y/N] y', ''];
    const [cliff, harbor] = [await server.nextJob(), await server.nextJob()];
    cliff.status('in_progress');
    await shows([
      ...asked,
      'film  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0/3   ~$0.24',
      '  cliff            rendering N s  veo-3.1-lite',
      '  harbor-at-night  queued N s  veo-3.1-lite',
    ]);
    harbor.fail('a flagged prompt');
    const storm = await server.nextJob();
    await shows([
      ...asked,
      '  ✗ harbor-at-night  failed: the gateway says: a flagged prompt',
      'film  █████████░░░░░░░░░░░░░░░░░░░  0/3   1 failed   ~$0.36',
      '  cliff            rendering N s  veo-3.1-lite',
      '  storm            queued N s  veo-3.1-lite',
    ]);
    cliff.complete(clip, { cost: 0.12 });
    await shows([
      ...asked,
      '  ✗ harbor-at-night  failed: the gateway says: a flagged prompt',
      '  ✓ cliff N s   $0.12  renders/film/cliff/cliff.mp4',
      'film  ███████████████████░░░░░░░░░  1/3   1 failed   ~$0.36   about N s left',
      '  storm            queued N s  veo-3.1-lite',
    ]);
    storm.complete(clip, { cost: 0.12 });
    await shows([
      ...asked,
      '  ✗ harbor-at-night  failed: the gateway says: a flagged prompt',
      '  ✓ cliff N s   $0.12  renders/film/cliff/cliff.mp4',
      '  ✓ storm N s   $0.12  renders/film/storm/storm.mp4',
      '',
      '2 of 3 clips in renders/film/ · N s · $0.36 (as estimated)',
      '',
      '  failed  harbor-at-night  google/veo-3.1-lite  the gateway says: a flagged prompt',
      '',
      'Contact sheet  renders/film/index.html',
      'Again          dailies run film.yaml  tries harbor-at-night once more',
      'exit 1',
    ]);
  }, 90_000);

  it('of 50×12 does the same, and stays clean when it is made narrower and wider', async ({ skip }) => {
    if (!isTmuxHere) skip('tmux is not installed');
    const { shows, type, resize } = await runIn(50, 12);
    const head = [
      'film · 3 takes · http://127.0.0.1:PORT/api/v1',
      '  catalogue of HH:MM today',
      '',
      ...NARROW_PLAN,
    ];
    await shows([...head, 'Spend up to $0.36? [y/N]']);
    await type('y', 'Enter');
    const asked = [...head, 'Spend up to $0.36? [y/N] y', ''];
    const [cliff, harbor] = [await server.nextJob(), await server.nextJob()];
    const running = [
      'film  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0/3   ~$0.24',
      '  cliff            queued N s  veo-3.1-…',
      '  harbor-at-night  queued N s  veo-3.1-…',
    ];
    await shows([...asked, ...running].slice(-12));
    await resize(30, 12);
    await shows([
      ...asked.slice(-6),
      'film  ░░░░░░░░░  0/3   ~$0.24',
      '  cliff   queued N s',
      '  har…ht  queued N s',
    ]);
    await resize(50, 12);
    await shows([...asked.slice(-6), ...running]);
    cliff.complete(clip, { cost: 0.12 });
    harbor.fail('a flagged prompt, and more words about it than fit into a line');
    const storm = await server.nextJob();
    storm.complete(clip, { cost: 0.12 });
    await shows([
      '  $0.36 (as estimated)',
      '',
      '  failed  harbor-at-night  the gateway says: a',
      '                           flagged prompt, and',
      '                           more words about it',
      '                           than fit into a line',
      '',
      'Contact sheet  renders/film/index.html',
      'Again          dailies run film.yaml',
      '    tries harbor-at-night once more',
      'exit 1',
    ]);
  }, 90_000);
});
