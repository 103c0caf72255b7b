import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, realpath, type FileHandle } from 'node:fs/promises';
import { basename, dirname, isAbsolute, posix, relative, sep } from 'node:path';
import { errnoOf } from '../disk-error.js';
import { readRegular } from '../regular-file.js';
import type { MediaFacts } from '../domain/attempt.js';
import { defined } from '../domain/defined.js';
import { nearest } from '../domain/nearest.js';
import type { MediaKind } from '../domain/take.js';
import { DailiesError, messageOf } from '../errors.js';
import { MEDIA_NOUNS, sniffMedia, whatItIs } from './sniff.js';
import { verifyClip } from './verify.js';

/**
 * The largest local input, and the largest sum of those of one request. They travel as base64, a third larger, within a
 * body that gateways have been seen to refuse near 30 MB.
 */
export const LARGEST_INPUT_BYTES = 20_000_000;

/** A local input that can be sent, or what is wrong with it, for a diagnostic. */
type LocalInputFinding =
  | {
      readonly ok: true;
      readonly sha256: string;
      readonly bytes: number;
      readonly mime: string;
      /** Of a video that we can read: others may be sent too. */
      readonly facts?: MediaFacts;
    }
  | {
      readonly ok: false;
      readonly code: 'path-outside' | 'file-missing' | 'file-unreadable' | 'file-too-large' | 'file-type';
      readonly message: string;
      readonly hint?: string;
    };

/**
 * Looks at a local input: inside `root` even after symbolic links, readable, not too large, and by its bytes of the
 * kind of media it is used as. The file is hashed as it streams by. Never rejects.
 */
export async function inspectLocalInput(input: {
  readonly file: string;
  readonly media: MediaKind;
  /** The manifest's folder. */
  readonly root: string;
}): Promise<LocalInputFinding> {
  const { file, media, root } = input;
  const name = relative(root, file).replaceAll(sep, '/');
  try {
    const path = await realpath(file);
    if (isOutside(await realpath(root), path)) {
      const message = `${name} leads out of the manifest's folder, to ${path}`;
      return { ok: false, code: 'path-outside', message };
    }
    return await inspectFile(path, name, media);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) {
      return { ok: false, code: 'file-unreadable', message: `${name} cannot be read: ${messageOf(error)}` };
    }
    const hint = await missingHint(file, name);
    return { ok: false, code: 'file-missing', message: `${name} does not exist`, hint };
  }
}

/** What the writer most likely meant by a name that no file has. */
async function missingHint(file: string, name: string): Promise<string> {
  if (name.startsWith('~')) return '~ is not expanded: paths are relative to the folder of the manifest';
  const beside = await readdir(dirname(file)).catch(() => []);
  const others = beside.filter((other) => other !== basename(file));
  const near = nearest(basename(file), others);
  if (near !== undefined) return `did you mean ${posix.join(posix.dirname(name), near)}?`;
  if (/^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\//i.test(name)) return 'an address begins with https://';
  return 'paths are relative to the folder of the manifest';
}

async function inspectFile(path: string, name: string, media: MediaKind): Promise<LocalInputFinding> {
  // Opened without waiting: a named pipe would hold an ordinary open until somebody writes to it. (Windows has
  // no such flag; undefined counts as zero.)
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? 'a folder' : 'not a regular file';
      return { ok: false, code: 'file-unreadable', message: `${name} is ${what}` };
    }
    if (stats.size > LARGEST_INPUT_BYTES) {
      const message = `${name} has ${megabytes(stats.size)} MB; at most ${megabytes(LARGEST_INPUT_BYTES)} MB can be sent`;
      return { ok: false, code: 'file-too-large', message };
    }
    const { head, sha256, bytes } = await readThrough(handle);
    const sniffed = sniffMedia(head);
    if (sniffed?.media !== media) {
      const message = `${name} is ${whatItIs(head)}, not ${MEDIA_NOUNS[media]}`;
      return { ok: false, code: 'file-type', message };
    }
    const clip = media === 'video' ? verifyClip({ path, wanted: {} }) : undefined;
    const facts = clip?.ok ? clip.media : undefined;
    return { ok: true, sha256, bytes, mime: sniffed.mime, ...defined({ facts }) };
  } finally {
    await handle.close();
  }
}

const CHUNK_BYTES = 256 * 1024;

async function readThrough(handle: FileHandle): Promise<{ head: Buffer; sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  let bytes = 0;
  for (;;) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return { head, sha256: hash.digest('hex'), bytes };
    const chunk = buffer.subarray(0, bytesRead);
    if (bytes === 0) head = chunk;
    bytes += bytesRead;
    hash.update(chunk);
  }
}

/** True where `path` does not lie in `folder`; both without symbolic links. */
function isOutside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

/** Bytes in a message. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1).replace(/\.0$/, '');
}

/**
 * The file as a data URL. What is sent must be what was hashed into the fingerprint, else the next run would take
 * the clip for another and buy it again. Throws DailiesError `input-changed`, or `file-unusable` where it cannot be read.
 */
export async function readDataUrl(input: {
  readonly file: string;
  readonly mime: string;
  /** As `inspectLocalInput` found it: lower-case hex. */
  readonly sha256: string;
}): Promise<string> {
  const { file, mime, sha256 } = input;
  const reading = { maxBytes: LARGEST_INPUT_BYTES, throughLinks: true };
  const bytes = await readRegular(file, reading).catch((cause: unknown) => {
    throw new DailiesError('file-unusable', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  });
  if (!bytes) throw new DailiesError('file-unusable', `${file} is gone`);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new DailiesError('input-changed', `${file} was changed during the run`, {
      hint: 'nothing was sent for this shot: run again to render it from the file as it is now',
    });
  }
  return `data:${mime};base64,${bytes.toString('base64')}`;
}
