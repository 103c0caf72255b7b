import { crc32 } from 'node:zlib';
import type { Attempt, AttemptEvent } from '../domain/attempt.js';
import { isRecord } from '../domain/is-record.js';
import type { Picks } from '../domain/picks.js';
import { DailiesError } from '../errors.js';
import type { CatalogueSnapshot } from './shot-state.js';

/** What may happen to an attempt. */
export type Change =
  | AttemptEvent
  /** It got another owner: its shot was renamed. */
  | ({ readonly type: 'assigned' } & Pick<Attempt, 'owner'>)
  /** Its clips have these names now. */
  | { readonly type: 'named'; readonly names: readonly string[] };

/** What happens to one attempt: `step` counts its earlier entries, so that no entry is applied twice. */
export type AttemptEntry = { readonly id: string; readonly step: number } & Change;

/** One thing that happened, as a line of the journal or of the receipts. */
export type JournalEntry =
  /** An attempt was begun: state `planned`, nothing sent. */
  | ({ readonly type: 'begun'; readonly at: string } & Omit<
      Attempt,
      'state' | 'times' | 'steps' | 'names' | 'callback'
    >)
  | AttemptEntry
  /** A whole attempt in its present state, known from elsewhere. */
  | { readonly type: 'restored'; readonly attempt: Attempt }
  | { readonly type: 'picked'; readonly picks: Picks }
  | { readonly type: 'catalogued'; readonly catalogue: CatalogueSnapshot };

/** A line: the entry's JSON without its last brace, and a CRC-32 over everything before it. */
const LINE = /^(\{.*),"crc":"([0-9a-f]{8})"\}$/s;

/**
 * Writes an entry as one JSON line with its checksum at the end. Throws `internal` on a number that JSON cannot hold
 * (NaN, Infinity): it would come back as null, and an unreadable state is worse than a run that stops.
 */
export function encodeLine(entry: JournalEntry): string {
  const json = JSON.stringify(entry);
  if (json.includes('null')) refuseUnwritable(entry, entry.type);
  return sealLine(json);
}

/** An object's JSON as a line with a checksum. */
export function sealLine(json: string): string {
  const body = json.slice(0, -1);
  return `${body},"crc":"${checksum(body)}"}\n`;
}

/** The JSON value of a line without its line break; undefined if the line is not whole. */
export function openLine(line: string): unknown {
  const [, body, crc] = LINE.exec(line) ?? [];
  if (body === undefined || checksum(body) !== crc) return undefined;
  try {
    return JSON.parse(`${body}}`);
  } catch {
    return undefined;
  }
}

/** Reads a line of entries; undefined if it is not whole. Throws `lockfile-newer` on an entry of a later version. */
export function decodeLine(line: string): JournalEntry | undefined {
  const value = openLine(line);
  return value === undefined ? undefined : entryIn(value);
}

/** The entry in the value of a line. Throws `lockfile-newer` if it is of a later version. */
export function entryIn(value: unknown): JournalEntry {
  // The checksum is right, so some version of this program wrote the line.
  if (!isEntry(value)) throw writtenByNewer();
  return value;
}

/**
 * What losing a line to a power cut costs. `money`: the line is fsynced before anything else happens. `free`: the gateway or the
 * disk gives the fact again at no charge.
 */
const WEIGHTS: Readonly<Record<JournalEntry['type'], 'money' | 'free'>> = {
  begun: 'free',
  submit_started: 'money',
  accepted: 'money',
  not_accepted: 'money',
  refused: 'money',
  answer_lost: 'money',
  resumed: 'free',
  progressed: 'free',
  completed: 'free',
  ended: 'money',
  lost: 'free',
  found: 'free',
  download_started: 'free',
  download_failed: 'free',
  delivered: 'money',
  pruned: 'money',
  rerendered: 'money',
  resolved: 'money',
  assigned: 'money',
  named: 'free',
  restored: 'money',
  picked: 'money',
  catalogued: 'free',
};

/** Whether losing the line to a power cut costs money or a clip. */
export function isMoney(entry: JournalEntry): boolean {
  return WEIGHTS[entry.type] === 'money';
}

/**
 * Whether the receipts get the line too. They get each step of a purchase, so that a restored attempt is exactly what it was.
 * But a receipt has no paths.
 */
export function isReceipt({ type }: JournalEntry): boolean {
  return type !== 'named' && type !== 'picked' && type !== 'catalogued';
}

function isEntry(value: unknown): value is JournalEntry {
  return isRecord(value) && typeof value['type'] === 'string' && Object.hasOwn(WEIGHTS, value['type']);
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

function refuseUnwritable(value: unknown, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new DailiesError('internal', `${path} is ${value}, which cannot be recorded`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) refuseUnwritable(part, `${path}.${key}`);
}

function writtenByNewer(): DailiesError {
  return new DailiesError('lockfile-newer', 'the journal was written by a newer version of dailies', {
    hint: 'update dailies, then run again',
  });
}
