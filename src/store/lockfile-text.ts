import { crc32 } from 'node:zlib';
import type { Attempt } from '../domain/attempt.js';
import { groupBy } from '../domain/group-by.js';
import type { PickedTake, Picks } from '../domain/picks.js';
import type { CatalogueSnapshot, StateContent } from './shot-state.js';
import { sortedJson, sortedKeys } from './sorted-json.js';

/** The project that a lockfile belongs to. */
export interface ProjectIdentity {
  /** The project's name in the manifest. */
  readonly project: string;
  /** Random, from the project's first lockfile: 16 hex digits. */
  readonly project_id: string;
  /** The name of the manifest's file. */
  readonly manifest: string;
  /** The clips of the sandbox are a project of their own. */
  readonly sandbox: boolean;
}

/** The content of a lockfile. */
export interface Lockfile extends StateContent {
  readonly identity: ProjectIdentity;
}

/** The version of the layout; readers refuse newer ones. */
export const LOCKFILE_VERSION = 1;

/** An attempt as the lockfile keeps it, below its shot and take, with a checksum. */
export interface StoredAttempt extends Omit<Attempt, 'owner'> {
  readonly check: string;
}

/** The file as JSON; schemas/lockfile.schema.json describes it for people. */
export interface StoredLockfile extends ProjectIdentity {
  readonly version: typeof LOCKFILE_VERSION;
  readonly shots: Readonly<Record<string, StoredShot>>;
  readonly catalogue?: CatalogueSnapshot;
}

interface StoredShot {
  readonly pick?: PickedTake;
  readonly takes: Readonly<Record<string, { readonly attempts: readonly StoredAttempt[] }>>;
}

/**
 * The lockfile as text, one piece for each shot, with sorted keys and two-space indent. It is never one string, because a string
 * cannot exceed 512 MB and blocks the program long before. Nothing in the text changes with time alone. Each of `shots`, all
 * shots of the manifest, has its own lines even if nothing was bought, so two branches that render different shots merge as texts.
 */
export function* lockfileText(
  { identity, attempts, picks, catalogue }: Lockfile,
  shots: Iterable<string> = [],
): Iterable<string> {
  yield '{\n';
  if (catalogue) yield `  "catalogue": ${sortedJson(catalogue, '  ')},\n`;
  yield `  "manifest": ${JSON.stringify(identity.manifest)},\n`;
  yield `  "project": ${JSON.stringify(identity.project)},\n`;
  yield `  "project_id": ${JSON.stringify(identity.project_id)},\n`;
  yield `  "sandbox": ${identity.sandbox},\n`;
  let separator = '  "shots": {\n';
  for (const [shot, owned] of byShot(attempts, picks, shots)) {
    yield `${separator}    ${JSON.stringify(shot)}: ${sortedJson(storedShot(owned, pickIn(picks, shot)), '    ')}`;
    separator = ',\n';
  }
  yield separator === ',\n' ? '\n  },\n' : '  "shots": {},\n';
  yield `  "version": ${LOCKFILE_VERSION}\n}\n`;
}

/** Whether an attempt in a lockfile is as it was written, by its checksum. */
export function isAsWritten({ check, ...attempt }: StoredAttempt): boolean {
  // Its keys are nearly always still in order.
  return crcOf(JSON.stringify(attempt)) === check || crcOf(compactJson(attempt)) === check;
}

function byShot(attempts: readonly Attempt[], picks: Picks, shots: Iterable<string>): Map<string, Attempt[]> {
  const groups = groupBy(attempts, ({ owner }) => owner.shot);
  for (const shot of [...shots, ...Object.keys(picks)]) if (!groups.has(shot)) groups.set(shot, []);
  const order = sortedKeys(Object.fromEntries(groups));
  return new Map(order.map((shot) => [shot, groups.get(shot) ?? []]));
}

/** A shot may be called `constructor`. */
function pickIn(picks: Picks, shot: string): PickedTake | undefined {
  return Object.hasOwn(picks, shot) ? picks[shot] : undefined;
}

function storedShot(attempts: readonly Attempt[], pick: PickedTake | undefined): StoredShot {
  const takes = [...groupBy(attempts, ({ owner }) => String(owner.take))].map(
    ([take, owned]) => [take, { attempts: owned.map(stored) }] as const,
  );
  return { ...(pick && { pick }), takes: Object.fromEntries(takes) };
}

function stored({ owner: _, ...attempt }: Attempt): StoredAttempt {
  return { ...attempt, check: crcOf(compactJson(attempt)) };
}

/** CRC-32 as 8 hex digits. */
function crcOf(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}

/** JSON with sorted keys and no white space. */
function compactJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => compactJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const record = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of sortedKeys(record)) {
    if (record[key] === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${compactJson(record[key])}`;
  }
  return `{${text}}`;
}
