import type { Attempt } from '../domain/attempt.js';
import { groupBy } from '../domain/group-by.js';
import type { CatalogueSnapshot } from './catalogue-snapshot.js';
import type { StateContent } from './shot-state.js';
import { sortedJson, sortedKeys } from './sorted-json.js';

/** What a lockfile says: the state, and where the journal goes on. */
export interface Lockfile extends StateContent {
  readonly journal: JournalPlace;
}

/** How lockfile and journal hang together, so that one of another day or branch is not taken for the right one. */
export interface JournalPlace {
  /** The number of the last journal line that the lockfile holds. */
  readonly folded: number;
  /** The journal that goes on from here. */
  readonly id: string;
  /** The journal that was folded into this lockfile: a kill may have left it lying. */
  readonly previous_id?: string;
}

/** The version of the layout; readers refuse newer ones. */
export const LOCKFILE_VERSION = 1;

/** An attempt as the lockfile keeps it, below its shot and take. */
export interface StoredAttempt extends Omit<Attempt, 'owner' | 'fingerprint'> {
  /** Only where it differs from the take's. */
  readonly fingerprint?: string;
}

/** A take in the file: its attempts, oldest first. */
export interface StoredTake {
  /** Of the newest attempt. */
  readonly fingerprint: string;
  readonly attempts: readonly StoredAttempt[];
}

/** The file as JSON; schemas/lockfile.schema.json describes it for people. */
export interface StoredLockfile {
  readonly version: typeof LOCKFILE_VERSION;
  readonly project: string;
  readonly journal: JournalPlace;
  readonly shots: Readonly<Record<string, { readonly takes: Readonly<Record<string, StoredTake>> }>>;
  readonly picks: Readonly<Record<string, number>>;
  readonly catalogue?: CatalogueSnapshot;
}

/**
 * The lockfile as text, a piece for each shot: just what `JSON.stringify(…, null, 2)` writes of sorted keys, and a line
 * break at the end, but never in one string, for that has an end at 512 MB and blocks the program long before.
 */
export function* lockfileText({ project, attempts, picks, catalogue, journal }: Lockfile): Iterable<string> {
  yield '{\n';
  if (catalogue) yield `  "catalogue": ${sortedJson(catalogue, '  ')},\n`;
  yield `  "journal": ${sortedJson(journal, '  ')},\n`;
  yield `  "picks": ${sortedJson(picks, '  ')},\n`;
  yield `  "project": ${JSON.stringify(project)},\n`;
  const shots = byShot(attempts);
  let separator = '  "shots": {\n';
  for (const [shot, owned] of shots) {
    yield `${separator}    ${JSON.stringify(shot)}: ${sortedJson({ takes: byTake(owned) }, '    ')}`;
    separator = ',\n';
  }
  yield shots.size === 0 ? '  "shots": {},\n' : '\n  },\n';
  yield `  "version": ${LOCKFILE_VERSION}\n}\n`;
}

function byShot(attempts: readonly Attempt[]): Map<string, Attempt[]> {
  const groups = groupBy(attempts, ({ owner }) => owner.shot);
  const order = sortedKeys(Object.fromEntries(groups));
  return new Map(order.map((shot) => [shot, groups.get(shot) ?? []]));
}

function byTake(attempts: readonly Attempt[]): Readonly<Record<string, StoredTake>> {
  const takes = [...groupBy(attempts, ({ owner }) => String(owner.take))];
  return Object.fromEntries(takes.map(([take, owned]) => [take, storedTake(owned)]));
}

function storedTake(attempts: readonly Attempt[]): StoredTake {
  const fingerprint = attempts.at(-1)?.fingerprint ?? '';
  return { fingerprint, attempts: attempts.map((attempt) => stored(attempt, fingerprint)) };
}

function stored(attempt: Attempt, takesFingerprint: string): StoredAttempt {
  const { owner: _owner, fingerprint: own, ...rest } = attempt;
  return own === takesFingerprint ? rest : { ...rest, fingerprint: own };
}
