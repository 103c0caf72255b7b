import { execFileSync } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { acquireRunLock } from '../../src/store/run-lock.js';
import { cli } from '../helpers/cli.js';
import { orderedClip } from '../helpers/clips.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { useGateway } from '../helpers/gateway.js';
import { volume } from '../helpers/long-pass.js';

/*
 * A folder from somebody else is data: what lies in it must lead no command out of it, and keep none waiting.
 */

const server = useGateway();
const clip = await orderedClip();
const env = { TEST_KEY: 'sk-test-0123456789' };

/** A project with one clip delivered, to be copied, and the paths of everything in it. */
let model: {
  readonly folder: string;
  readonly files: readonly string[];
  readonly folders: readonly string[];
};

function manifestText(shots: string, { baseUrl }: { readonly baseUrl: string } = server): string {
  return [
    'version: 1',
    'project: film',
    `gateway: { base_url: "${baseUrl}", api_key_env: TEST_KEY }`,
    'poll: { interval: 0.02, timeout: 20 }',
    'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }',
    'shots:',
    '  - { id: sea, prompt: waves }',
    shots,
  ].join('\n');
}

const newFolder = () => realpathSync(mkdtempSync(join(tmpdir(), 'dailies-clone-')));

/** Files of ours that are only there for a moment, or on another day. */
const PASSING = [
  'film.lock.journal',
  'film.lock.json.tmp',
  'film.lock.json.lck',
  'film.sandbox.lock.json',
  '.dailies/clips/prune.lck',
  '.dailies/film.lock.json.seen.json.tmp',
  '.dailies/sandbox/jobs',
  '.dailies/sandbox/clips',
  '.dailies/rehearsal',
  '.dailies/frames',
  '.dailies/damaged',
  'renders/film/report.json.tmp',
  'renders/film/index.html.tmp',
  'renders/film/turn',
  'renders/film.sandbox',
  '.env',
];

const KINDS = [
  'a link to a file',
  'a link to a folder',
  'a link to nothing',
  'a link to a device',
  'a pipe',
  'a folder',
  'a file without end',
] as const;

/** Puts something else where a file or a folder of ours was or will be. `outside` is a folder of somebody's. */
function replace(path: string, kind: (typeof KINDS)[number], outside: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  switch (kind) {
    case 'a link to a file':
      symlinkSync(join(outside, 'thesis.txt'), path);
      return;
    case 'a link to a folder':
      symlinkSync(outside, path);
      return;
    case 'a link to nothing':
      symlinkSync(join(outside, 'new.txt'), path);
      return;
    case 'a link to a device':
      symlinkSync('/dev/zero', path);
      return;
    case 'a pipe':
      execFileSync('mkfifo', [path]);
      return;
    case 'a folder':
      mkdirSync(join(path, 'of somebody'), { recursive: true });
      return;
    case 'a file without end':
      writeFileSync(path, '');
      truncateSync(path, 2 ** 42);
  }
}

/** Runs the commands that a person would give in a folder that came from somebody else. */
async function useFolder(
  folder: string,
  { rehearses }: { readonly rehearses: boolean },
): Promise<readonly { readonly exitCode: number; readonly stderr: string }[]> {
  const manifest = join(folder, 'film.yaml');
  const rehearsal = ['run', manifest, '--gateway', 'sandbox', '--only', 'turn', '--yes'];
  const said = [];
  for (const words of [
    ...volume({
      short: [],
      long: [
        ['validate', manifest],
        ['plan', manifest],
        ['status', manifest],
      ],
    }),
    ['run', manifest, '--yes'],
    ...(rehearses ? [rehearsal] : []),
    ['sheet', manifest],
    ['prune', manifest, '--yes'],
  ])
    said.push(await cli(words, { env: { ...env, DAILIES_SANDBOX_SPEED: '1000' } }));
  return said;
}

beforeAll(async () => {
  const first = await startGatewayServer();
  try {
    first.autoComplete(clip);
    const folder = newFolder();
    writeFileSync(join(folder, 'film.yaml'), manifestText('', first));
    expect(await cli(['run', join(folder, 'film.yaml'), '--yes'], { env })).toMatchObject({ exitCode: 0 });
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const isFolder = (path: string) => lstatSync(join(folder, path)).isDirectory();
    model = {
      folder,
      files: paths.filter((path) => !isFolder(path) && path !== 'film.yaml'),
      folders: paths.filter(isFolder),
    };
  } finally {
    await first.close();
  }
});

describe('a folder from somebody else', () => {
  it.each(KINDS)(
    'leads no command out of it and keeps none waiting, whichever of our files is %s',
    { timeout: 300_000 },
    async (kind) => {
      const all = [...model.files, ...model.folders, ...PASSING];
      const own = all.filter((_, index) => index % KINDS.length === KINDS.indexOf(kind));
      for (const path of volume({ short: own, long: all })) {
        server.autoComplete(clip);
        const outside = newFolder();
        writeFileSync(join(outside, 'thesis.txt'), 'my thesis');
        const folder = newFolder();
        cpSync(model.folder, folder, { recursive: true, preserveTimestamps: true });
        writeFileSync(join(folder, 'film.yaml'), manifestText('  - { id: turn, prompt: a door }'));
        replace(join(folder, path), kind, outside);

        const rehearses = volume({ short: /sandbox|rehearsal/.test(path), long: true });
        const said = await useFolder(folder, { rehearses });
        const told = said.map(({ exitCode, stderr }) => `${exitCode} ${stderr}`).join('\n');
        expect(readdirSync(outside), `${path}\n${told}`).toEqual(['thesis.txt']);
        expect(readFileSync(join(outside, 'thesis.txt'), 'utf8'), path).toBe('my thesis');
        expect(told, path).not.toMatch(/internal|unexpected|report it| at .*\.[jt]s:\d/);
        expect(
          server.submits.map(({ prompt }) => prompt),
          path,
        ).not.toContain('waves');
        for (const used of [outside, folder]) rmSync(used, { recursive: true, force: true });
      }
    },
  );
});

describe('a lockfile', () => {
  it('that two folders reach by a link has one lock and one journal: nothing is bought twice', async () => {
    server.autoComplete(clip);
    const [real, other] = [newFolder(), newFolder()];
    for (const folder of [real, other]) writeFileSync(join(folder, 'film.yaml'), manifestText(''));
    const lockfile = join(real, 'film.lock.json');
    expect(await cli(['run', join(real, 'film.yaml'), '--yes'], { env })).toMatchObject({ exitCode: 0 });
    symlinkSync(lockfile, join(other, 'film.lock.json'));
    writeFileSync(join(other, 'film.yaml'), manifestText('  - { id: turn, prompt: a door }'));
    expect(await cli(['run', join(other, 'film.yaml'), '--yes'], { env })).toMatchObject({ exitCode: 0 });
    expect(server.submits.map(({ prompt }) => prompt)).toEqual(['waves', 'a door']);
    expect(lstatSync(join(other, 'film.lock.json')).isSymbolicLink()).toBe(true);

    const lock = await acquireRunLock({ lockfile, clock: systemClock });
    expect(await cli(['run', join(other, 'film.yaml'), '--yes'], { env })).toMatchObject({ exitCode: 3 });
    await lock.release();
  });

  it('leads no command to a file outside of the project, whatever paths are forged in it', async () => {
    server.autoComplete(clip);
    const outside = newFolder();
    const folder = join(outside, 'clone');
    cpSync(model.folder, folder, { recursive: true, preserveTimestamps: true });
    // The very bytes of a clip that the store has: by its content the file could be ours.
    writeFileSync(join(outside, 'thesis.mp4'), clip);
    writeFileSync(join(outside, 'thesis.json'), '{"dailies":1}');
    const path = join(folder, 'film.lock.json');
    const text = readFileSync(path, 'utf8');
    const forged = text.replaceAll('"renders/film/sea/sea.mp4"', '"../thesis.mp4"');
    expect(forged).not.toBe(text);
    writeFileSync(path, forged);
    writeFileSync(
      join(folder, 'film.yaml'),
      manifestText('').replace('id: sea, prompt: waves', 'id: turn, prompt: a door'),
    );
    await useFolder(folder, { rehearses: false });
    expect(readdirSync(outside).sort()).toEqual(['clone', 'thesis.json', 'thesis.mp4']);
    expect(readFileSync(join(outside, 'thesis.mp4'))).toEqual(clip);
  });
});
