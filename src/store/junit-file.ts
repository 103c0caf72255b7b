import { access, constants, mkdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { onDisk, undefinedIfAbsent } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import { realPath } from '../regular-file.js';
import { journalPath } from './journal.js';
import { runLockPath } from './run-lock.js';
import { readHead, writeText } from './text-file.js';

/** A JUnit report, whoever wrote it; or nothing yet, as `mktemp` leaves it. */
const JUNIT = /<testsuites?[\s>]|^\s*$/;
const HEAD_BYTES = 4096;

/**
 * Makes sure, before anything is bought, that a JUnit report can be written to a file that a person names, and makes its
 * folder. Throws `usage` (exit 2) where that file is a part of the project or anything else but such a report, `disk`
 * where there can be no file. A link of that name leads to it.
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

/** Writes a JUnit report, over another at most. Throws `usage` and `disk`. */
export async function writeJunitFile(file: string, xml: string): Promise<void> {
  // During the run a clip, say, may have come to lie there.
  await assertReplaceable(file);
  await writeText(realPath(file), xml);
}

/** Where a file lies, or would lie, by whatever name; some file systems do not tell letter case. */
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
