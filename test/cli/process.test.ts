import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { builtCli } from '../helpers/built-cli.js';
import { sampleOf } from '../helpers/long-pass.js';

const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', TEST_KEY: 'sk-test-0123456789' };

const main = await builtCli();

type Child = ChildProcessByStdio<null, Readable, Readable>;

const start = (...words: string[]): Child =>
  spawn(process.execPath, [main, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });

async function ended(child: Child): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: await stdout, stderr: await stderr };
}

describe('the process', () => {
  it('does not mind a reader that has seen enough', async () => {
    const child = start('schema');
    child.stdout.once('data', () => child.stdout.destroy());
    const stderr = text(child.stderr);
    const [code] = (await once(child, 'exit')) as [number | null];
    expect({ code, stderr: await stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.skipIf(!existsSync('/dev/full')).each(sampleOf(['schema', '--help', 'run --help', '--version']))(
    'says so where the disk behind the standard output of %s is full',
    async (words) => {
      const command = `"$0" "$1" ${words} >/dev/full`;
      const child = spawn('sh', ['-c', command, process.execPath, main], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const { code, stderr } = await ended(child);
      expect(code).toBe(3);
      expect(stderr).toBe(
        'error: standard output could not be written: the disk is full (ENOSPC)\n' +
          '  hint: make room on the disk, then run again\n',
      );
    },
  );

  it('serves the sandbox, its base URL on the first line, until it is told to end', async () => {
    const child = start('sandbox', '--state', `${main}.sandbox`);
    const end = ended(child);
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    const [, baseUrl = ''] = /^(http:\/\/127\.0\.0\.1:\d+\/api\/v1)\n/.exec(first.toString()) ?? [];
    const models = await fetch(`${baseUrl}/videos/models`, { headers: { authorization: 'Bearer any' } });
    expect(models.status).toBe(200);
    child.kill('SIGTERM');
    expect((await end).code).toBe(0);
  });
});
