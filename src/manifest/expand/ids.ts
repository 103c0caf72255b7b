import { createHash } from 'node:crypto';
import { foldCase } from '../../domain/fold-case.js';
import { isRecord } from '../../domain/is-record.js';
import { canonicalText, type Combination } from './matrix.js';

/** Names that Windows gives to devices, with any extension: no file or folder may have them. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/** Files of ours that lie in the output folder, beside the shots' folders. */
const OURS = ['index.html', 'report.json'];

/** Ids name files: with room for a take, an output and an extension they stay within every file system's limit. */
const LONGEST_ID = { characters: 100, bytes: 180 } as const;

/** Whether a file or folder name is a device on Windows. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name.trimStart());
}

/** Most ids. To compile the patterns of all scripts takes longer than to check a dozen shots. */
const PLAIN_ID = /^\w[\w.-]*$/;

/** What is wrong with an id (after vars and matrix), as the end of a sentence that starts with the id; or undefined. */
export function idFault(id: string): string | undefined {
  if (id === '') return 'is empty';
  if (!fits(id, LONGEST_ID))
    return `names files, and has more than ${LONGEST_ID.characters} characters or ${LONGEST_ID.bytes} bytes`;
  const fault = PLAIN_ID.test(id) ? undefined : letterFault(id);
  if (fault !== undefined) return fault;
  if (id.endsWith('.')) return 'names files, and may not end with "."';
  if (isDeviceName(id)) return 'is the name of a device on Windows, where no file can bear it';
  if (OURS.includes(foldCase(id))) return 'is the name of a file of ours in the output folder';
  return undefined;
}

function letterFault(id: string): string | undefined {
  if (!/^[\p{L}\p{M}\p{N}._-]+$/u.test(id))
    return 'names files, and may have only letters, digits, ".", "_" and "-"';
  if (/^[.\p{M}-]/u.test(id)) return 'names files, and may not begin with ".", "-" or an accent';
  if (id !== id.normalize('NFC')) return 'has letters that are spelled in parts: write them as one (NFC)';
  return undefined;
}

/** A value's part of an id is cut to this. */
const LONGEST_LABEL = { characters: 32, bytes: 96 } as const;
const HASH_LENGTH = 6;

/** The ids of a shot's combinations before they are made unique. */
export interface IdDraft {
  readonly combination: Combination;
  /** The manifest's id with its vars inserted. */
  readonly stem: string;
  /** The names whose values are already in the stem. */
  readonly named: ReadonlySet<string>;
}

/**
 * The expanded ids of a shot: `backpack.seedance-2.0-fast`. Each depends on its own values alone, so that it stays the
 * same when values are added or moved; if two values read the same, a short hash tells them apart.
 */
export function expandedIds(drafts: readonly IdDraft[]): string[] {
  const plain = drafts.map(({ stem, named, combination }) => labelled(stem, named, combination));
  const counts = new Map<string, number>();
  for (const id of plain) counts.set(foldCase(id), (counts.get(foldCase(id)) ?? 0) + 1);
  return drafts.map(({ stem, combination }, index) => {
    const id = plain[index] ?? stem;
    if (counts.get(foldCase(id)) !== 1) return withHash(id, ownValues(combination));
    // A stem that is too long by itself is the writer's to shorten.
    return fits(id, LONGEST_ID) || !fits(stem, LONGEST_ID) ? id : withHash(id, id);
  });
}

/** The stem, and a label for each axis it does not name. A combination of `include` may be named by its vars alone. */
function labelled(stem: string, named: ReadonlySet<string>, { values, axes, added }: Combination): string {
  if (added && axes.some((name) => named.has(name))) return stem;
  return [stem, ...axes.filter((name) => !named.has(name)).map((name) => label(name, values[name]))].join(
    '.',
  );
}

function ownValues({ values, axes }: Combination): unknown {
  return Object.fromEntries(axes.map((name) => [name, values[name]]));
}

/** A value as a part of an id: short, readable, and the same in every place. */
export function label(name: string, value: unknown): string {
  if (typeof value === 'number' && name === 'duration') return `${value}s`;
  if (typeof value === 'number' || typeof value === 'boolean') return cleaned(`${name}-${value}`, value);
  if (value === null || value === undefined) return `no-${name}`;
  if (typeof value === 'string') return idPart(name, value);
  if (Array.isArray(value) && value.length === 1) return label(name, value[0]);
  if (isRecord(value)) {
    const source = value['from'] ?? value['image'] ?? value['video'] ?? value['audio'];
    if (typeof source === 'string') return label(name, source);
  }
  return `${slug(name)}-${hash(value)}`;
}

/** The text of a field or var as a part of an id. */
export function idPart(name: string, text: string): string {
  return cleaned(lastPart(name, text), text);
}

/** Of models, paths and URLs the last part says most. */
function lastPart(name: string, value: string): string {
  if (/\s/.test(value)) return value;
  const isMedia = name === 'first_frame' || name === 'last_frame' || name === 'references';
  if (!isMedia && !value.includes('/')) return value;
  const path = value.replace(/[?#].*$/, '').replace(/\/+$/, '');
  return path.slice(path.lastIndexOf('/') + 1).replace(MEDIA_FILE, '');
}

const MEDIA_FILE = /\.(?:png|jpe?g|webp|gif|avif|bmp|tiff?|mp4|m4v|mov|webm|mkv|mp3|m4a|wav|ogg|flac)$/i;

/** The slug of a text; with a hash if nothing readable is left of it, or not all of it fits. */
function cleaned(text: string, value: unknown): string {
  const whole = slug(text);
  if (whole === '') return hash(value);
  if (fits(whole, LONGEST_LABEL)) return whole;
  return `${trimmed(cutTo(whole, LONGEST_LABEL, HASH_LENGTH + 2))}-${hash(value)}`;
}

/** Most labels: nothing of them is replaced or trimmed. */
const PLAIN_LABEL = /^[a-z0-9](?:[\w.-]*[a-z0-9])?$/i;

/**
 * The letters and digits of a text, in whatever script, and ".", "_" and "-"; all else becomes "-". Every file system can hold
 * them, and in NFC they read the same wherever a text comes from.
 */
function slug(text: string): string {
  if (PLAIN_LABEL.test(text)) return text;
  return trimmed(text.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-'));
}

function trimmed(text: string): string {
  return text.replace(/^[-._\p{M}]+|[-._]+$/gu, '');
}

function withHash(id: string, value: unknown): string {
  return `${cutTo(id, LONGEST_ID, HASH_LENGTH + 1)}-${hash(value)}`;
}

/** How long a name may be. */
interface Limit {
  readonly characters: number;
  readonly bytes: number;
}

function fits(text: string, { characters, bytes }: Limit): boolean {
  return text.length <= characters && Buffer.byteLength(text) <= bytes;
}

/** As many whole letters of a text as leave room for `rest` more characters. */
function cutTo(text: string, { characters, bytes }: Limit, rest: number): string {
  const limit = { characters: characters - rest, bytes: bytes - rest };
  let kept = '';
  for (const [letter] of text.matchAll(/\P{M}\p{M}*/gu)) {
    if (!fits(kept + letter, limit)) break;
    kept += letter;
  }
  return kept;
}

function hash(value: unknown): string {
  return createHash('sha256').update(canonicalText(value)).digest('hex').slice(0, HASH_LENGTH);
}
