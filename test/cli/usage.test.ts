import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { cli } from '../helpers/cli.js';

const COMMANDS = [
  'init',
  'run',
  'plan',
  'validate',
  'status',
  'view',
  'resolve',
  'models',
  'sheet',
  'pull',
  'pick',
  'assemble',
  'doctor',
  'sandbox',
];
/** Those that many never need: named, and no more. */
const RARE = [
  ...['enqueue', 'worker', 'hook', 'account', 'store', 'check', 'prune', 'unlock', 'schema'],
  'completion',
];
const ALL = [...COMMANDS, ...RARE];
/** Commands in a group. */
const MEMBERS = ['account show', 'account set', 'account resume', 'store migrate'];

describe('help', () => {
  it('names every command on one screen of 24 lines', async () => {
    const { exitCode, stdout, stderr } = await cli(['--help']);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThan(24);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(COMMANDS.filter((name) => !new RegExp(`^ {2}${name}\\b`, 'm').test(stdout))).toEqual([]);
    expect(RARE.filter((name) => !new RegExp(`^[A-Z][a-z ]+: .*\\b${name}\\b`, 'm').test(stdout))).toEqual(
      [],
    );
  });

  it.each([...ALL, ...MEMBERS])('of %s has an example', async (name) => {
    const { exitCode, stdout } = await cli([...name.split(' '), '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n {2}dailies ${name}\\b`));
  });

  it('of run has every option of the design', async () => {
    const { stdout } = await cli(['run', '--help']);
    const options =
      '--gateway --only --until --rerender --var --approve --verify --concurrency --output --max-cost --on-uncertain ' +
      '--no-retry-failed --no-preflight --locked --allow-unpriced --yes --format --junit --quiet --dry-run';
    expect(options.split(' ').filter((option) => !stdout.includes(`  ${option}`))).toEqual([]);
  });

  it('can be asked for as a command', async () => {
    expect(await cli(['help'])).toEqual(await cli(['--help']));
    expect(await cli(['help', 'run'])).toEqual(await cli(['run', '--help']));
    expect(await cli(['help', 'store'])).toEqual(await cli(['store', '--help']));
    expect((await cli(['help', 'nope'])).exitCode).toBe(2);
  });

  it('goes to the standard error where a command was wanted', async () => {
    const { exitCode, stdout, stderr } = await cli([]);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: dailies COMMAND');
  });

  it('prints the version of the package', async () => {
    const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string };
    expect((await cli(['--version'])).stdout).toBe(`${manifest.version}\n`);
  });
});

describe('a command line that cannot be meant', () => {
  it.each<[string, string[], RegExp]>([
    ['an unknown command', ['rnu', 'film.yaml'], /unknown command 'rnu'\s+\(Did you mean run\?\)/],
    ['an unknown option', ['run', 'film.yaml', '--fromat', 'json'], /\(Did you mean --format\?\)/],
    ['a missing manifest', ['run'], /missing required argument 'MANIFEST'/],
    ['an option that swallowed the manifest', ['run', '--only', 'a', 'film.yaml'], /put MANIFEST first/],
    ['an unknown format', ['plan', 'film.yaml', '--format', 'xml'], /Allowed choices are text, json/],
    ['a price that is none', ['run', 'film.yaml', '--max-cost', 'five'], /US dollars/],
    ['a variable without a value', ['run', 'film.yaml', '--var', 'hero'], /NAME=VALUE/],
    ['a shell it does not know', ['completion', 'tcsh'], /bash, zsh, fish/],
    ['resolve without a shot', ['resolve', 'film.yaml', '--not-charged'], /either shots or --all/],
    ['resolve --all without a verdict', ['resolve', 'film.yaml', '--all'], /one of --job-id/],
    [
      'resolve that looks and settles',
      ['resolve', 'film.yaml', 'a', '--not-charged', '--generation', 'g'],
      /only shows/,
    ],
    [
      'resolve with two verdicts',
      ['resolve', 'film.yaml', 'a', '--abandon', '--not-charged'],
      /one of --job-id/,
    ],
    ['a manifest that is not there', ['run', 'nope.yaml'], /there is no file nope\.yaml/],
    [
      'an empty --only',
      ['run', 'film.yaml', '--only', ''],
      /'--only <ID\.\.\.>' argument '' is invalid\. It is empty/,
    ],
    ['an --only of commas', ['run', 'film.yaml', '--only', ','], /--only .* It is empty/],
    [
      'an empty --only among others',
      ['plan', 'film.yaml', '--only', 'a', '--only='],
      /--only .* It is empty/,
    ],
    ['an empty --until', ['run', 'film.yaml', '--until', ''], /--until .* It is empty/],
    ['an empty --rerender', ['run', 'film.yaml', '--rerender', ''], /--rerender .* It is empty/],
    ['an empty --output', ['status', 'film.yaml', '--output', ''], /--output .* It is empty/],
    ['an empty --junit', ['run', 'film.yaml', '--junit', ''], /--junit .* It is empty/],
    ['an empty --job-id', ['resolve', 'film.yaml', 'a', '--job-id', ' '], /--job-id .* It is empty/],
    ['an empty --state', ['sandbox', '--state', ''], /--state .* It is empty/],
    ['a folder for a manifest', ['plan', 'test'], /test cannot be read: it is a folder/],
    [
      'a manifest with an endless name',
      ['plan', `${'a'.repeat(300)}.yaml`],
      /cannot be read: .*\n {2}hint: .* shorter/,
    ],
    ['a store without an action', ['store'], /Usage: dailies store/],
    ['a store with an unknown one', ['store', 'migrat'], /Did you mean migrate\?/],
    [
      'a store that is not named',
      ['store', 'migrate'],
      /no database is named\n {2}hint: give --store postgres:/,
    ],
    [
      'a limit that is none',
      ['account', 'set', 'openrouter', '--per-model', 'google/veo-3.1'],
      /Write it as MODEL=N or MODEL=none/,
    ],
    ['no limit', ['account', 'set', 'openrouter'], /needs --concurrency, --per-model or --budget/],
    [
      'an account of no gateway',
      ['account', 'show', 'opnrouter'],
      /the account opnrouter is neither a gateway's/,
    ],
    ['a gateway in the clear', ['doctor', '--gateway', 'http://example.com/api/v1'], /https URL/],
  ])('%s ends with exit 2, words and no stack', async (_, words, message) => {
    const { exitCode, stdout, stderr } = await cli(words);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('shows no password of a database', async () => {
    for (const words of [
      ['store', 'postgres://me:s3cr@t/x@db/film'],
      ['run', 'a.yaml', '--postgres://me:s3cr@t/x@db/film'],
      ['store', 'migrate', 'postgres://db/film?user=me&password=s3cr@t/x'],
    ]) {
      const { exitCode, stderr } = await cli(words);
      expect(exitCode).toBe(2);
      expect(stderr).not.toMatch(/s3cr|t\/x/);
    }
  });

  it('is one object for a reader of JSON', async () => {
    const { exitCode, stdout } = await cli(['plan', 'nope.yaml', '--format', 'json']);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      error: { code: 'manifest-invalid', exit_code: 2 },
      diagnostics: [{ code: 'manifest-unreadable', message: 'there is no file nope.yaml' }],
    });
  });
});

describe('the environment', () => {
  it('stands in for options that are not typed', async () => {
    const { stdout } = await cli(['plan', 'nope.yaml'], { env: { DAILIES_FORMAT: 'json' } });
    expect(JSON.parse(stdout)).toHaveProperty('error');
  });

  it('loses against what is typed', async () => {
    const { stdout } = await cli(['plan', 'nope.yaml', '--format', 'text'], {
      env: { DAILIES_FORMAT: 'json' },
    });
    expect(stdout).toBe('');
  });

  it('is held to the same rules', async () => {
    const wrong = await cli(['run', 'nope.yaml'], { env: { DAILIES_MAX_COST: 'five' } });
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('DAILIES_MAX_COST=five does not fit --max-cost <USD>: Give US dollars');
    const choice = await cli(['run', 'nope.yaml'], { env: { DAILIES_ON_UNCERTAIN: 'gamble' } });
    expect(choice.stderr).toContain('DAILIES_ON_UNCERTAIN=gamble');
  });

  it('may hold a word that other commands know', async () => {
    const { stdout, stderr } = await cli(['plan', 'nope.yaml'], { env: { DAILIES_FORMAT: 'ndjson' } });
    expect(stdout).toBe('');
    expect(stderr).not.toContain('DAILIES_FORMAT');
    const unknown = await cli(['plan', 'nope.yaml'], { env: { DAILIES_FORMAT: 'xml' } });
    expect(unknown.stderr).toContain('DAILIES_FORMAT=xml does not fit');
  });

  it.each([
    ['DAILIES_MAXCOST', 'did you mean DAILIES_MAX_COST?'],
    ['DAILIES_MAX_COST_USD', 'did you mean DAILIES_MAX_COST?'],
    ['DAILIES_PREFLIGHT', 'did you mean DAILIES_NO_PREFLIGHT?'],
  ])('does not buy where %s may have been meant for a ceiling', async (name, hint) => {
    for (const words of [
      ['run', 'nope.yaml'],
      ['run', 'nope.yaml', '--dry-run'],
    ]) {
      const { exitCode, stderr } = await cli(words, { env: { [name]: '0.01' } });
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`error: nothing reads ${name}`);
      expect(stderr).toContain(`hint: ${hint}`);
    }
  });

  it('is only warned about where it is like none that is read', async () => {
    const { stderr } = await cli(['run', 'nope.yaml'], { env: { DAILIES_ZEBRA: '1' } });
    expect(stderr).toContain('warning: nothing reads DAILIES_ZEBRA: unset it');
    expect(stderr).toContain('nope.yaml');
  });

  it('is only warned about by what buys nothing', async () => {
    const { exitCode, stdout, stderr } = await cli(['schema'], { env: { DAILIES_MAXCOST: '0.01' } });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('$schema');
    expect(stderr).toBe('warning: nothing reads DAILIES_MAXCOST: did you mean DAILIES_MAX_COST?\n');
  });

  it('may hold keys of any name, what the program itself reads, and what other commands or nobody set', async () => {
    const env = {
      DAILIES_API_KEY: 'k',
      DAILIES_STUDIO_KEY: 'k',
      DAILIES_FFMPEG: '/usr/bin/ffmpeg',
      DAILIES_SANDBOX_SPEED: '20',
      DAILIES_PORT: '8080',
      DAILIES_VERSION: '0.1.0',
      DAILIES_ALL: '1',
      DAILIES_ZEBRA: '',
    };
    expect((await cli(['run', 'nope.yaml'], { env })).stderr).toContain('nope.yaml');
    expect((await cli(['schema'], { env })).stderr).toBe('');
  });

  it('sets what is typed only for nobody, and says so', async () => {
    const { stderr } = await cli(['run', 'nope.yaml'], { env: { DAILIES_RERENDER: 'sea' } });
    expect(stderr).toContain('warning: nothing reads DAILIES_RERENDER');
  });

  it('cannot settle money or buy again', async () => {
    const { stderr } = await cli(['resolve', 'nope.yaml', '--all'], {
      env: { DAILIES_NOT_CHARGED: '1', DAILIES_ALL: '1' },
    });
    expect(stderr).toContain('one of --job-id');
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('for %s knows every command and its options', async (shell) => {
    const { stdout } = await cli(['completion', shell]);
    expect(ALL.filter((name) => !stdout.includes(name))).toEqual([]);
    for (const option of ['max-cost', 'no-preflight', 'not-charged']) expect(stdout).toContain(option);
    expect(stdout).toContain('ndjson');
  });

  it('completes in bash', async () => {
    const { stdout: script } = await cli(['completion', 'bash']);
    const tries = [
      'dailies ru',
      'dailies run --form',
      'dailies run --format j',
      'dailies resolve f.yaml --not',
      'dailies completion z',
      'dailies store m',
      'dailies store migrate --st',
    ];
    const complete = tries.map(
      (line) =>
        `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _dailies; echo "\${COMPREPLY[*]}"`,
    );
    const { stdout } = await promisify(execFile)('bash', ['-c', [script, ...complete].join('\n')]);
    expect(stdout).toBe('run\n--format\njson\n--not-charged\nzsh\nmigrate\n--store\n');
  });

  it('completes shots in bash, where the manifest is there to be read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-shots-'));
    const manifest = join(folder, 'film.yaml');
    const wrong = '  - { id: odd, promt: x }';
    await writeFile(
      manifest,
      `version: 1\nshots:\n  - { id: sea, prompt: a, model: m, takes: 2 }\n  - { id: hill, prompt: b, model: m }\n${wrong}`,
    );
    const listed = await cli(['completion', 'shots', manifest]);
    expect(listed).toEqual({ exitCode: 0, stdout: 'sea\nsea@1\nsea@2\nhill\n', stderr: '' });
    expect(await cli(['completion', 'shots', 'nope.yaml'])).toMatchObject({ exitCode: 2, stdout: '' });

    const { stdout: script } = await cli(['completion', 'bash']);
    const stand = `dailies() { [ "$*" = 'completion shots f.yaml' ] && printf 'sea\nsea@1\nsea@2\nhill\n'; }`;
    const tries = [
      ['dailies run f.yaml --only s', 'sea sea@1 sea@2'],
      ['dailies plan f.yaml --only sea h', 'hill'],
      ['dailies run f.yaml --until hi', 'hill'],
      ['dailies resolve f.yaml hi', 'hill'],
      ['dailies run f.yaml h', ''],
      ['dailies run --only h', ''],
      ['dailies run other.yaml --only h', ''],
    ] as const;
    const complete = tries.map(
      ([line]) =>
        `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _dailies; echo "\${COMPREPLY[*]}"`,
    );
    const { stdout } = await promisify(execFile)('bash', ['-c', [stand, script, ...complete].join('\n')]);
    expect(stdout.trimEnd().split('\n')).toEqual(tries.map(([, words]) => words).slice(0, 4));
    for (const shell of ['zsh', 'fish'])
      expect((await cli(['completion', shell])).stdout).toContain('dailies completion shots $');
  });
});

describe('init', () => {
  it('writes a manifest that can be planned as it stands, and the pictures it needs', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'dailies-init-')), 'film');
    expect((await cli(['init', folder])).exitCode).toBe(0);
    const plan = await cli(['plan', join(folder, 'teaser.yaml'), '--format', 'json']);
    expect(plan.stderr).toBe('');
    expect(JSON.parse(plan.stdout)).toMatchObject({
      gateway: 'sandbox',
      shots: [{ id: 'dunes' }, { id: 'seaside' }, { id: 'kite', take: 1 }, { id: 'kite', take: 2 }],
      diagnostics: [],
    });
  });

  it('writes over nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-init-'));
    await mkdir(join(folder, 'refs'));
    await writeFile(join(folder, 'refs', 'kite.png'), 'mine');
    const { exitCode, stderr } = await cli(['init', folder]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('kite.png already exists; nothing was written');
    expect(await readFile(join(folder, 'refs', 'kite.png'), 'utf8')).toBe('mine');
    await expect(readFile(join(folder, 'teaser.yaml'))).rejects.toThrow('ENOENT');
  });

  it.each(['frames', 'teaser'])(
    'writes nothing at all where the file %s is in the way of a folder',
    async (name) => {
      const folder = await mkdtemp(join(tmpdir(), 'dailies-init-'));
      await writeFile(join(folder, name), 'mine');
      const target = name === 'teaser' ? join(folder, name) : folder;
      const { exitCode, stderr } = await cli(['init', target]);
      expect(exitCode).toBe(3);
      expect(stderr).toContain(
        `error: ${name} could not be made: a file of that name is in the way (EEXIST)\n`,
      );
      expect(stderr).toContain('  hint: move the file away, then run again\n');
      expect(await readdir(folder)).toEqual([name]);
    },
  );

  it('gives commands that can be pasted, also below a folder that looks like an option', async () => {
    const folder = await mkdtemp('-film-');
    try {
      const { stdout } = await cli(['init', '--', folder]);
      expect(stdout).toContain(`Look   dailies plan ./${folder}/teaser.yaml\n`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('schema', () => {
  it('is printed as JSON, and with the live catalogue knows its models', async () => {
    const plain = await cli(['schema']);
    expect(JSON.parse(plain.stdout)).toHaveProperty('$schema');
    const live = await cli(['schema', '--live', '--gateway', 'sandbox']);
    expect(live.stdout).toContain('google/veo-3.1-lite');
  });
});
