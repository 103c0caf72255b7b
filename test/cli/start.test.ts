import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtCli } from '../helpers/built-cli.js';

const main = await builtCli();

const folder = mkdtempSync(join(tmpdir(), 'dailies-start-'));
const film = join(folder, 'film.yaml');
const shots = Array.from({ length: 12 }, (_, index) => `  - { id: s${index}, prompt: "Boat ${index}" }`);
writeFileSync(
  film,
  [
    'version: 1',
    'gateway: sandbox',
    'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p }',
    'shots:',
    ...shots,
    '',
  ].join('\n'),
);

/** Tells at the end of a process which of Node's own modules it has loaded. */
const TELL = `data:text/javascript,process.on('exit', () => process.stderr.write(process.moduleLoadList.join('\\n')))`;

function run(...words: string[]): { readonly status: number | null; readonly loaded: string[] } {
  const { status, stderr } = spawnSync(process.execPath, ['--import', TELL, main, ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { status, loaded: stderr.split('\n').map((line) => line.replace('NativeModule ', '')) };
}

describe('the end of the command', () => {
  it.each(['help run', 'help', 'run --help', '--version'])('is a success after %s', (line) => {
    expect(run(...line.split(' ')).status).toBe(0);
  });

  it('is a failure where nothing is left to wait for, and no answer was given', () => {
    const silent = 'data:text/javascript,process.stdout.write = () => true';
    expect(spawnSync(process.execPath, ['--import', silent, main, '--version']).status).toBe(1);
  });
});

describe('the start of the command', () => {
  it.each([
    'validate FILM',
    'validate FILM --offline',
    'plan FILM',
    'plan FILM --offline',
    'run FILM --dry-run',
    'status FILM',
    'models --gateway sandbox',
    'schema --live --gateway sandbox',
  ])('starts neither a server nor a client to read the catalogue of the sandbox: %s', (line) => {
    const { status, loaded } = run(...line.split(' ').map((word) => (word === 'FILM' ? film : word)));
    expect(status).toBe(0);
    expect(loaded).toContain('fs');
    expect(loaded.filter((name) => /^(?:http|https|tls)$/.test(name))).toEqual([]);
  });

  it('loads a few files, with maps to the modules that are in them', () => {
    const files = readdirSync(dirname(main));
    expect(files.filter((name) => name.endsWith('.js')).length).toBeLessThan(100);
    expect(files).toEqual(expect.arrayContaining(['main.js', 'main.js.map', 'LICENSES.txt']));
  });

  it('leaves the packages outside that a user may install, and hands on the licences of the others', () => {
    const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      peerDependencies: object;
    };
    const licences = readFileSync(join(dirname(main), 'LICENSES.txt'), 'utf8');
    const inside = [...licences.matchAll(/^(\S+) \d+\.\S+ \(/gm)].map(([, name]) => name);
    expect(inside).toEqual(expect.arrayContaining(['commander', 'yaml', 'undici']));
    expect(inside).not.toEqual(expect.arrayContaining(['mediabunny']));
    for (const name of Object.keys(peerDependencies)) expect(inside).not.toContain(name);
  });
});
