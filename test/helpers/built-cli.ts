import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const CACHE = resolve('node_modules/.cache/dailies-cli');
const SOURCES = ['src', 'schemas', 'skills', 'scripts', 'package.json'];
const BUILD_TAKES_AT_MOST_MS = 120_000;
const BUILD_LIVES_MS = 3_600_000;

let built: Promise<string> | undefined;

/** The path of `main.js`, built from the sources as they stand: once for all test files, and for later runs too. */
export async function builtCli(): Promise<string> {
  return join(await builtSources(), 'cli/main.js');
}

/** The folder of all that build: for processes and threads that run some of it, since Node takes no TypeScript. */
export function builtSources(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const folder = join(CACHE, await stampOfSources());
  const workshop = `${folder}.building`;
  await mkdir(CACHE, { recursive: true });
  // Test files run in processes of their own: whoever makes the workshop builds, the others wait for the result.
  for (const end = performance.now() + BUILD_TAKES_AT_MOST_MS; !(await exists(folder));) {
    const isOurs = await mkdir(workshop).then(
      () => true,
      () => false,
    );
    if (isOurs) await buildInto(workshop, folder);
    else if (await isAbandoned(workshop)) await rm(workshop, { recursive: true, force: true });
    else if (performance.now() > end) throw new Error(`${workshop} is never finished: remove it`);
    else await delay(50);
  }
  return join(folder, 'dist');
}

/** Whether the run of the tests that began it was killed. */
async function isAbandoned(workshop: string): Promise<boolean> {
  const begun = await stat(workshop).catch(() => undefined);
  return begun !== undefined && Date.now() - begun.birthtimeMs > BUILD_TAKES_AT_MOST_MS;
}

async function buildInto(workshop: string, folder: string): Promise<void> {
  try {
    const dist = join(workshop, 'dist');
    await transpile('src', dist);
    for (const name of ['schemas', 'skills', 'package.json'])
      await cp(name, join(workshop, name), { recursive: true });
    // Its validators are compiled: a command that compiles them itself takes twice as long to start.
    await promisify(execFile)(process.execPath, ['scripts/finish-build.js', dist]);
    await rename(workshop, folder);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  await removeOldBuilds();
}

/** Builds of sources that are no more; a young one may be in use by another run of the tests. */
async function removeOldBuilds(): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const { mtimeMs } = await stat(join(CACHE, name));
    if (Date.now() - mtimeMs > BUILD_LIVES_MS) await rm(join(CACHE, name), { recursive: true, force: true });
  }
}

/** Strips the types, file by file. Whether they are right is for `npm run typecheck` to say. */
async function transpile(from: string, to: string): Promise<void> {
  // It takes long to load, and most often the build is there already.
  const { default: ts } = await import('typescript');
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
  };
  for (const name of await readdir(from, { recursive: true })) {
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
    const { outputText } = ts.transpileModule(await readFile(join(from, name), 'utf8'), { compilerOptions });
    const target = join(to, name.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, outputText);
  }
}

/** A build by these sources, told by their names, sizes and times. */
async function stampOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const below = (await stat(source)).isDirectory() ? await readdir(source, { recursive: true }) : [''];
    for (const name of below.sort()) {
      const { size, mtimeMs } = await stat(join(source, name));
      hash.update(`${source}/${name} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
