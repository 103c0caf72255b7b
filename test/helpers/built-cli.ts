import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const CACHE = resolve('node_modules/.cache/dailies-cli');
const SOURCES = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const BUILD_TAKES_AT_MOST_MS = 120_000;

let built: Promise<string> | undefined;

/** The path of `main.js`, built from the sources as they stand: once for all test files, and for later runs too. */
export function builtCli(): Promise<string> {
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
    else if (performance.now() > end) throw new Error(`${workshop} is never finished: remove it`);
    else await delay(50);
  }
  return join(folder, 'dist/cli/main.js');
}

async function buildInto(workshop: string, folder: string): Promise<void> {
  try {
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const outDir = join(workshop, 'dist');
    // Types are checked by `npm run typecheck`.
    const words = ['-p', 'tsconfig.build.json', '--noCheck', '--declaration', 'false', '--outDir', outDir];
    await promisify(execFile)(process.execPath, [tsc, ...words]);
    await cp('package.json', join(workshop, 'package.json'));
    await cp('src/sandbox/models.json', join(outDir, 'sandbox/models.json'));
    await rename(workshop, folder);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  const others = (await readdir(CACHE)).filter(
    (name) => !folder.endsWith(name) && !name.endsWith('.building'),
  );
  await Promise.all(others.map((name) => rm(join(CACHE, name), { recursive: true, force: true })));
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
