import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

describe('the package', () => {
  it('has the docs that hints name, and nothing of what the demo has left', () => {
    const files = [
      'dist/index.js',
      'dist/sheet/style/base.css',
      'docs/errors.md',
      'schemas/plan.schema.json',
      'examples/demo.yaml',
      'examples/frames/evening.png',
    ];
    const debris = [
      'examples/.dailies/sandbox/jobs/job-1.json',
      'examples/renders/demo.sandbox/quay/quay.mp4',
      'examples/demo.sandbox.lock.json',
      'examples/demo.sandbox.lock.journal',
      'examples/demo.sandbox.lock.json.lck',
      'examples/recipes/renders/casting/a.mp4',
      'docs/images/sheet.png',
    ];
    expect(packed([...files, ...debris]).sort()).toEqual([...files, 'package.json'].sort());
  });

  it('lets a program read its schemas', () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: object };
    expect(exports).toMatchObject({ './schemas/*': './schemas/*' });
    expect(createRequire(import.meta.url)('dailies/schemas/plan.schema.json')).toHaveProperty('$schema');
  });
});

/** What `npm pack` would take of a folder with these files. */
function packed(files: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-package-'));
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), 'x');
  }
  const answer = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [pack] = JSON.parse(answer) as [{ files: { path: string }[] }];
  return pack.files.map(({ path }) => path);
}
