import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url));
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/**
 * The sandbox, and what it imports, as plain JavaScript in a folder of its own: for what the tests cannot do from
 * TypeScript, worker threads and processes to kill. Gives the folder.
 */
export async function transpileSandbox(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-transpiled-'));
  await symlink(MODULES, join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const waiting = ['sandbox/server.ts', 'sandbox/darkroom-worker.ts'];
  const done = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (done.has(name)) continue;
    done.add(name);
    const text = await readFile(join(SOURCE, name), 'utf8');
    const target = join(folder, name.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, ts.transpileModule(text, { compilerOptions: COMPILER_OPTIONS }).outputText);
    for (const [, path = ''] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g)) {
      waiting.push(`${posix.join(posix.dirname(name), path)}.ts`);
    }
  }
  await cp(join(SOURCE, 'sandbox', 'models.json'), join(folder, 'sandbox', 'models.json'));
  return folder;
}

const COMPILER_OPTIONS = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  verbatimModuleSyntax: true,
};
