import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cli } from '../helpers/cli.js';

it('begins with a manifest that runs as it is pasted, by the commands below it', async () => {
  const [, manifest = '', commands = ''] =
    /```yaml\n([^]*?)```\n\n```\n([^]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'dailies-readme-'));
  await writeFile(join(folder, 'teaser.yaml'), manifest);
  const lines = [...commands.matchAll(/^dailies (.+?)(?: {2,}.*)?$/gm)].map(([, words = '']) =>
    words.split(' '),
  );
  expect(lines.length).toBeGreaterThan(1);
  const env = { DAILIES_SANDBOX_SPEED: '40' };
  for (const words of lines) {
    const ran = await cli(
      words.map((word) => word.replace('teaser.yaml', join(folder, 'teaser.yaml'))),
      { env },
    );
    expect(ran, words.join(' ')).toMatchObject({ exitCode: 0 });
    expect(ran.stdout + ran.stderr).not.toMatch(/warning|error/);
  }
}, 60_000);
