import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

/** Every module that is loaded before a command is known: what is imported at the top, and by that in turn. */
async function loadedAtStart(file: string, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = await readFile(file, 'utf8');
  for (const [, names = '', target = ''] of text.matchAll(/^(?:import|export) ([^;]*?from )?'([^']+)';$/gm)) {
    const isTypeOnly = /^type /.test(names) || /^\{(\s*type [^,}]+,?)+\s*\} from $/.test(names);
    if (isTypeOnly) continue;
    if (target.startsWith('.'))
      await loadedAtStart(join(dirname(file), target.replace(/\.js$/, '.ts')), seen);
    else seen.add(target);
  }
  return seen;
}

it('loads commander and nothing else of weight before a command is known', async () => {
  const loaded = [...(await loadedAtStart('src/cli/main.ts'))];
  const packages = loaded.filter((name) => !name.startsWith('src/') && !name.startsWith('node:'));
  expect(packages).toEqual(['commander']);
  const floors = new Set(loaded.filter((name) => name.startsWith('src/')).map((name) => name.split('/')[1]));
  expect([...floors].sort()).toEqual(['cli', 'disk-error.ts', 'domain', 'errors.ts', 'ui', 'version.ts']);
});
