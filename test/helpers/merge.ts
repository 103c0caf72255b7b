import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';

/** Two versions of a file that git cannot merge alone, as texts. Without a base, both branches have added the file. */
export interface Conflict {
  readonly theirs: string;
  readonly base?: string | undefined;
  readonly style?: string;
}

/** Runs git in a folder, whatever the person at this machine has told it. */
export function git(folder: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Makes the folder of a file a repository of two branches, and merges theirs into ours: the file has conflicts then. */
export function mergeWithConflict(path: string, { theirs, base, style = 'merge' }: Conflict): void {
  const folder = dirname(path);
  const ours = readFileSync(path, 'utf8');
  const commit = (text: string | undefined) => {
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    git(folder, 'add', '.gitignore', ...(text === undefined ? [] : [basename(path)]));
    git(folder, 'commit', '-q', '-m', 'render');
  };
  git(folder, 'init', '-q', '-b', 'ours');
  writeFileSync(join(folder, '.gitignore'), '*\n!*.lock.json\n!.gitignore\n');
  commit(base);
  git(folder, 'checkout', '-q', '-b', 'theirs');
  commit(theirs);
  git(folder, 'checkout', '-q', 'ours');
  commit(ours);
  expect(() => git(folder, '-c', `merge.conflictStyle=${style}`, 'merge', 'theirs')).toThrow();
  expect(readFileSync(path, 'utf8')).toMatch(/^<{7} /m);
}
