import * as fs from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { defined } from '../domain/defined.js';
import { diskError, undefinedIfAbsent } from '../disk-error.js';
import { readRegularSync } from '../regular-file.js';
import { asObject, asText, parseJson } from './json.js';

/** What is needed to continue a part of a clip: stored beside it as JSON. */
export interface PartNote {
  /** Identifies the clip, whatever address it comes from. */
  readonly identity: string;
  /** A strong ETag, or a Last-Modified date, for If-Range. */
  readonly validator: string;
  /** Length of the whole clip, if the server said. */
  readonly total?: number;
}

/** A note on the disk. */
interface KeptNote extends PartNote {
  /** So many bytes of the part are fsynced. A power cut may have left those after them torn. */
  readonly bytes: number;
}

/** A note has a few hundred bytes. */
const MAX_NOTE_BYTES = 100_000;

/** Whether a note is beside a part, true or not. */
export function hasNote(part: string): boolean {
  return fs.existsSync(notePath(part));
}

/** Reads the note of a part; undefined if there is none, a kill tore it, or it is not ours. */
export function readNote(part: string): KeptNote | undefined {
  const note = asObject(parseJson(textOf(notePath(part))));
  const identity = asText(note?.['identity']);
  const validator = asText(note?.['validator']);
  const bytes = note?.['bytes'];
  if (identity === undefined || validator === undefined || !isCount(bytes)) return undefined;
  const total = typeof note?.['total'] === 'number' ? note['total'] : undefined;
  return defined({ identity, validator, bytes, total });
}

/** Empty if it is a link or cannot be read: without a note the clip comes from its first byte. */
function textOf(path: string): string {
  try {
    return String(readRegularSync(path, { maxBytes: MAX_NOTE_BYTES }) ?? '');
  } catch {
    return '';
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/**
 * Puts a note beside a part, in place of an older one. If the note's name, or that of its temp file, is a link, the link is replaced
 * and not written through. Errors are the file system's own.
 */
export function keepNote(part: string, note: KeptNote): void {
  const temp = tempPath(part);
  fs.rmSync(temp, { force: true });
  fs.writeFileSync(temp, JSON.stringify(note), { flag: 'wx' });
  fs.renameSync(temp, notePath(part));
}

/** Removes the note of a part, if it is there. */
export function dropNote(part: string): void {
  fs.rmSync(notePath(part), { force: true });
}

/**
 * Gives a part another name in the same folder, and its note with it; either may be missing. A file with that name
 * is replaced. Throws `disk`.
 */
export async function adoptPart(from: string, to: string): Promise<void> {
  try {
    // A note must never be beside bytes of which it does not speak.
    await rm(notePath(to), { force: true });
    await rename(from, to).catch(undefinedIfAbsent);
    await rename(notePath(from), notePath(to)).catch(undefinedIfAbsent);
    await rm(tempPath(from), { force: true });
  } catch (cause) {
    throw diskError({ path: from, doing: 'taken over', cause });
  }
}

/** Removes a part that is of no use, and its note. Throws `disk`. */
export async function discardPart(part: string): Promise<void> {
  try {
    for (const path of [part, notePath(part), tempPath(part)]) await rm(path, { force: true });
  } catch (cause) {
    throw diskError({ path: part, doing: 'removed', cause });
  }
}

function notePath(part: string): string {
  return `${part}.json`;
}

/** Where a note is prepared. */
function tempPath(part: string): string {
  return `${notePath(part)}.tmp`;
}
