import { crc32 } from 'node:zlib';
import type { Attempt, AttemptEvent } from '../domain/attempt.js';
import { DailiesError } from '../errors.js';
import type { CatalogueSnapshot } from './catalogue-snapshot.js';

/** One thing that happened, as a line of the journal keeps it. */
export type JournalEntry =
  /** An attempt was begun: state `planned`, nothing sent. */
  | ({ readonly type: 'begun'; readonly at: string } & Omit<Attempt, 'state' | 'times'>)
  /** An attempt moved along one arrow. */
  | ({ readonly id: string } & AttemptEvent)
  /** An attempt got another owner: its shot was renamed. */
  | ({ readonly type: 'assigned' } & Pick<Attempt, 'id' | 'owner'>)
  /** An attempt came whole, from a sidecar. */
  | { readonly type: 'adopted'; readonly attempt: Attempt }
  | { readonly type: 'picked'; readonly picks: Readonly<Record<string, number>> }
  | { readonly type: 'catalogued'; readonly catalogue: CatalogueSnapshot };

/** A journal line as read: its number and what it says. */
export interface NumberedEntry {
  readonly number: number;
  readonly entry: JournalEntry;
}

/** A line: its number, the entry's JSON without its braces, and a CRC-32 over everything before it. */
const LINE = /^(\{"n":(\d{1,15}),(.*)),"crc":"([0-9a-f]{8})"\}$/s;
/** The first line of all, which says whose journal it is. */
const HEADER = /^(\{"journal":"([0-9a-f]{8})"),"crc":"([0-9a-f]{8})"\}$/;

/**
 * Writes an entry as one JSON line with its number in front and its checksum at the end.
 * Throws `internal` on a number that JSON cannot hold (NaN, Infinity): it would come back as null,
 * and a lockfile that cannot be read is worse than a run that stops.
 */
export function encodeLine({ number, entry }: NumberedEntry): string {
  const json = JSON.stringify(entry);
  if (json.includes('null')) refuseUnwritable(entry, entry.type);
  return sealed(`{"n":${number},${json.slice(1, -1)}`);
}

/** Writes the line a journal begins with: its id, which the lockfile that it goes on from knows. */
export function encodeHeader(journalId: string): string {
  return sealed(`{"journal":"${journalId}"`);
}

/** Reads the first line of a journal, without its line break; undefined where it is not whole. */
export function decodeHeader(line: string): string | undefined {
  const [, body, journalId, crc] = HEADER.exec(line) ?? [];
  return body !== undefined && checksum(body) === crc ? journalId : undefined;
}

/** Reads a line without its line break; undefined where it is not whole. */
export function decodeLine(line: string): NumberedEntry | undefined {
  const [, body, number, inner, crc] = LINE.exec(line) ?? [];
  if (body === undefined || inner === undefined || checksum(body) !== crc) return undefined;
  // The checksum holds: the line is as a version of this program wrote it, and JSON for certain.
  const entry: unknown = JSON.parse(`{${inner}}`);
  if (!isEntry(entry)) throw writtenByNewer();
  return { number: Number(number), entry };
}

/** Whether losing the line to a power cut costs money or a clip: then it is fsynced before anything else happens. */
export function isMoney(entry: JournalEntry): boolean {
  return WEIGHT[entry.type] === 'money';
}

/** `free`: the gateway or the disk tells it again at no charge. */
const WEIGHT: Readonly<Record<JournalEntry['type'], 'money' | 'free'>> = {
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
  clip_gone: 'free',
  clip_back: 'free',
  moved: 'money',
  resolved: 'money',
  assigned: 'money',
  adopted: 'money',
  picked: 'money',
  catalogued: 'free',
};

function isEntry(value: unknown): value is JournalEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    Object.hasOwn(WEIGHT, value.type)
  );
}

function sealed(body: string): string {
  return `${body},"crc":"${checksum(body)}"}\n`;
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

function refuseUnwritable(value: unknown, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new DailiesError('internal', `${path} is ${value}, which cannot be written down`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) refuseUnwritable(part, `${path}.${key}`);
}

function writtenByNewer(): DailiesError {
  return new DailiesError('lockfile-newer', 'the journal was written by a newer version of dailies', {
    hint: 'update dailies, then run again',
  });
}
