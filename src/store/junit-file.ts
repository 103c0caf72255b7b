import { access, constants, mkdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { onDisk, undefinedIfAbsent } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import { realPath } from '../regular-file.js';
import { journalPath } from './journal.js';
import { runLockPath } from './run-lock.js';
import { readHead, writeText } from './text-file.js';

/** A JUnit report of any program, or an empty file, as `mktemp` makes it. */
const JUNIT = /<testsuites?[\s>]|^\s*$/;
const HEAD_BYTES = 4096;

/**
 * Checks, before anything is bought, that a JUnit report can be written to the file that the user names, and makes its folder.
 * If the name is a link, this is about its target. Throws `usage` (exit 2) if that file is a part of the project or not such a
 * report, `disk` if there can be no file.
 */
export async function prepareJunitFile(
  file: string,
  { manifest, lockfile }: { readonly manifest: string; readonly lockfile: string },
): Promise<void> {
  const folder = dirname(file);
  await onDisk(resolve(folder), 'made ready for the JUnit report', async () => {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  });
  const reserved = [manifest, lockfile, journalPath(lockfile), runLockPath(lockfile)];
  const places = await Promise.all([file, ...reserved].map(placeOf));
  const [place, ...taken] = places;
  if (taken.some((other) => other === place)) throw notForJunit(`${file} belongs to the project`);
  await assertReplaceable(file);
}

/** Writes a JUnit report; it overwrites nothing but another one. Throws `usage` and `disk`. */
export async function writeJunitFile(file: string, xml: string): Promise<void> {
  // During the run, something else, such as a clip, may have appeared there.
  await assertReplaceable(file);
  await writeText(realPath(file), xml);
}

/** The real path of a file that exists or may be made; lower case, because some file systems ignore case. */
async function placeOf(file: string): Promise<string> {
  return realPath(join(await realpath(dirname(file)), basename(file))).toLowerCase();
}

async function assertReplaceable(file: string): Promise<void> {
  const found = await onDisk(file, 'written', () => stat(file).catch(undefinedIfAbsent));
  if (!found) return;
  if (found.isDirectory()) throw notForJunit(`${file} is a folder`);
  const head = found.isFile() ? await readHead(file, HEAD_BYTES, { throughLinks: true }) : undefined;
  if (head === undefined || !JUNIT.test(head))
    throw notForJunit(`${file} already exists, and is not a JUnit report`);
}

function notForJunit(problem: string): DailiesError {
  return new DailiesError('usage', `the JUnit report cannot be written: ${problem}`, {
    hint: 'name another file: --junit dailies.xml',
  });
}
