import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Attempt } from '../domain/attempt.js';
import { attemptFields } from './attempt-shape.js';
import { diskError } from '../disk-error.js';
import * as is from './shape.js';

/** An attempt as a sidecar told it; it gets an id when it is adopted. */
interface FoundSidecar {
  readonly path: string;
  readonly attempt: Omit<Attempt, 'id'>;
}

/**
 * Writes the JSON beside a clip: what it was made from and what came of it, for people, and enough to know
 * the clip again where the lockfile is lost. Whole or not at all; no fsync, for the lockfile has it all.
 * Throws `disk`.
 */
export function writeSidecar(sidecar: { readonly path: string; readonly attempt: Attempt }): void {
  const { path, attempt } = sidecar;
  const { id, owner, ...rest } = attempt;
  const content: Sidecar = { attempt: id, ...owner, ...rest, version: VERSION };
  const temp = `${path}.tmp`;
  try {
    // A few kilobytes into the page cache: a round trip through the thread pool for each step takes longer.
    writeFileSync(temp, `${JSON.stringify(content, null, 2)}\n`);
    renameSync(temp, path);
  } catch (cause) {
    rmSync(temp, { force: true });
    throw diskError({ path, doing: 'written', cause });
  }
}

/**
 * Finds the sidecars of delivered clips in a folder and all below it, in the order of their paths.
 * Whatever else lies there, unreadable or not, is passed over, and so are the paths `except`; a folder that is missing
 * has none.
 */
export async function findSidecars(
  folder: string,
  { except = new Set() }: { readonly except?: ReadonlySet<string> } = {},
): Promise<readonly FoundSidecar[]> {
  const limit = pLimit(READERS);
  const paths = (await jsonFilesIn(folder)).filter((path) => !except.has(path));
  const found = await Promise.all(paths.map((path) => limit(() => readSidecar(path))));
  return found.filter((sidecar) => sidecar !== undefined);
}

/** Whether a file is a sidecar of ours, of whatever clip. */
export async function isSidecar(path: string): Promise<boolean> {
  return (await readSidecar(path)) !== undefined;
}

const VERSION = 1;
/** A sidecar has a few kilobytes: a larger JSON is something else. */
const MAX_BYTES = 1_000_000;
const READERS = 16;

interface Sidecar extends Omit<Attempt, 'id' | 'owner' | 'gone_clips'> {
  readonly version: typeof VERSION;
  /** The attempt's id in the lockfile. */
  readonly attempt: string;
  readonly shot: string;
  readonly take: number;
}

const { id, owner: _, ...otherFields } = attemptFields;

const sidecarShape = is.objectOf<Sidecar>({
  required: { version: is.oneOf(VERSION), attempt: id, shot: is.text, take: is.count, ...otherFields },
  optional: {},
});

async function jsonFilesIn(folder: string, paths: string[] = []): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await jsonFilesIn(path, paths);
    else if (entry.isFile() && entry.name.endsWith('.json')) paths.push(path);
  }
  return paths;
}

async function readSidecar(path: string): Promise<FoundSidecar | undefined> {
  try {
    if ((await stat(path)).size > MAX_BYTES) return undefined;
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!is.fits(sidecarShape, value) || value.state.kind !== 'delivered') return undefined;
    const { version: _version, attempt: _attempt, shot, take, ...rest } = value;
    return { path, attempt: { owner: { shot, take }, ...rest } };
  } catch {
    return undefined;
  }
}
