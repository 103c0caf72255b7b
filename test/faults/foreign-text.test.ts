import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { cli } from '../helpers/cli.js';
import type { Endpoint } from '../helpers/gateway-server.js';
import { KEY } from './command.js';
import { makeFilm, type Film } from './film.js';

let film: Film;
afterEach(() => film.remove());

/** Steers a terminal, turns text around, and begins lines that CI systems take for commands. */
const EVIL = [
  '\n::error file=x::pwned',
  '::add-mask::a',
  '##[error]pwned ##vso[task.complete] ::set-output name=a::b',
  '\u009b31mred\u0085 \u202egnirts\u2066 \u061c \u2028 \u001b]0;title\u0007',
].join('\n');
const STEERING = /(?!\t|\r)\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** What a log would make of some lines: nothing. */
function expectHarmless(where: string, text: string): void {
  const lines = text.split('\n');
  const commands = lines.filter((line) => line.trimStart().startsWith('::') || /##(?:vso)?\[/.test(line));
  expect([where, commands]).toEqual([where, []]);
  expect([where, lines.filter((line) => STEERING.test(line))]).toEqual([where, []]);
}

describe('foreign text is harmless in every output format', () => {
  it.each<[string, Endpoint, object]>([
    ['a refusal', 'submit', { status: 400, body: { error: { code: 400, message: EVIL } } }],
    ['a page', 'submit', { status: 502, body: EVIL }],
    ['an id', 'submit', { status: 202, body: { id: `job ::error::${EVIL.replace(/\p{Cc}/gu, '')}` } }],
    ['a poll', 'poll', { status: 200, body: { status: 'failed', error: EVIL } }],
    ['a status', 'poll', { status: 200, body: { status: EVIL } }],
  ])(
    'when %s has it, and the manifest too',
    async (what, on, fault) => {
      film = await makeFilm([{ id: 'a', prompt: `waves ${EVIL}` }]);
      // As YAML wants such characters.
      const text = await readFile(film.manifest, 'utf8');
      const escaped = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
      await writeFile(film.manifest, text.replace(/[\u007f-\uffff]/g, escaped));
      film.server.failNext(fault as { status: number }, { on });
      // The server knows no such job.
      if (what === 'an id')
        film.server.failNext({ status: 200, body: { status: 'failed', error: 'no' } }, { on: 'poll' });
      const junit = join(film.folder, 'junit.xml');
      const summary = join(film.folder, 'summary.md');
      const env = { TEST_KEY: KEY, GITHUB_STEP_SUMMARY: summary, GITHUB_ACTIONS: 'true', DAILIES_DEBUG: '1' };
      const dailies = async (...words: string[]) => {
        const { stdout, stderr } = await cli(words, { env });
        expectHarmless(`stdout of ${words.join(' ')}`, stdout);
        expectHarmless(`stderr of ${words.join(' ')}`, stderr);
      };
      await dailies('run', film.manifest, '--yes', '--format', 'ndjson', '--junit', junit);
      for (const command of ['plan', 'status', 'sheet', 'validate'])
        for (const format of ['text', 'json']) await dailies(command, film.manifest, '--format', format);
      await dailies('run', film.manifest, '--yes');
      await dailies('resolve', film.manifest, '\n::error::nobody');
      await film.write([{ id: 'a', prompt: 'waves', [EVIL]: EVIL, duration: EVIL }]);
      for (const format of ['text', 'json']) await dailies('plan', film.manifest, '--format', format);
      expect(film.server.counters.posts).toBeGreaterThan(0);
      for (const name of ['junit.xml', 'summary.md'])
        expectHarmless(name, await readFile(join(film.folder, name), 'utf8'));
      for (const name of await readdir(film.output, { recursive: true }))
        if (name.endsWith('.json')) expectHarmless(name, await readFile(join(film.output, name), 'utf8'));
    },
    60_000,
  );
});
