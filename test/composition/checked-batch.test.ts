import { cp, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Report } from '../../src/domain/report.js';
import { cli } from '../helpers/cli.js';

it('the recipe of an overnight batch runs as the page says, and its clips are checked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-checked-'));
  const manifest = join(folder, 'checked-batch.yaml');
  await cp('examples/recipes/checked-batch.yaml', manifest);
  const env = { PATH: process.env['PATH'], DAILIES_SANDBOX_SPEED: '20' };
  const gateway = ['--gateway', 'sandbox'];
  const run = await cli(['run', manifest, ...gateway, '--max-cost', '5', '--junit', join(folder, 'j.xml')], {
    env,
  });
  expect(run).toMatchObject({ exitCode: 0 });
  const { takes } = JSON.parse(
    await readFile(join(folder, 'renders/checked-batch.sandbox/report.json'), 'utf8'),
  ) as Report;
  expect(takes.map(({ findings }) => findings)).toEqual(takes.map(() => expect.any(Array) as unknown));
  const check = await cli(['check', manifest, ...gateway, '--format', 'json'], { env });
  const account = JSON.parse(check.stdout) as { readonly findings: readonly object[] };
  expect(account).toMatchObject({ checked: 4, skipped: 0, warnings: [] });
  expect(account.findings.length).toBe(takes.flatMap(({ findings = [] }) => findings).length);
  expect(check.exitCode).toBe(account.findings.length === 0 ? 0 : 1);
}, 90_000);
