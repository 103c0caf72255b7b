import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Attempt } from '../domain/attempt.js';
import type { Picks } from '../domain/picks.js';
import { isRecord } from '../domain/is-record.js';
import { isCompleted, isDelivered, isInFlight, type DeliveredAttempt } from '../domain/standing.js';
import { diskError, undefinedIfAbsent } from '../disk-error.js';
import { DailiesError, messageOf } from '../errors.js';
import { openClipFolder } from './clip-folder.js';
import { journalCorrupt, journalPath, readJournal, type PlacedEntry } from './journal.js';
import { corrupt, readLockfile, type FoundLockfile } from './lockfile.js';
import type { ProjectIdentity } from './lockfile-text.js';
import { readReceipts, receiptsIn, receiptsPath } from './receipts.js';
import { createState, type StateInMemory } from './shot-state.js';
import { readJson } from './text-file.js';

/** Where the state of a project is kept, and whose it is. All paths are absolute. */
export interface StateHome extends Omit<ProjectIdentity, 'project_id'> {
  readonly lockfile: string;
  /** The folder of the clip store, which has the receipts too. */
  readonly root: string;
  /** Tells projects of one name in a shared store apart; empty where the store lies beside the manifest. */
  readonly place: string;
  /** The folder for what can be made again. */
  readonly cache: string;
  /** Every shot of the manifest, for the lockfile. */
  readonly shots: readonly string[];
  /** The picks that purchases tell of, which alone know of them where the lockfile is gone. */
  readonly picksBehind: (attempts: readonly Attempt[]) => Picks;
  /** Whether some of these attempts have bought what the manifest asks for: a renamed manifest knows its state by it. */
  readonly hasBought: (attempts: readonly Attempt[]) => boolean;
}

/** The state on disk, as a start finds it. */
export interface StateOnDisk {
  readonly identity: ProjectIdentity;
  readonly state: StateInMemory;
  /** Whether the lockfile has all of it, and is ours by name. */
  readonly isFolded: boolean;
  /** Whether lockfile and receipts are as the last run on this machine has left them. */
  readonly isRemembered: boolean;
  /** Purchases that the receipts do not have as they stand. */
  readonly unreceipted: readonly Attempt[];
  /** What was put right, in sentences for people. */
  readonly repaired: readonly string[];
  /** The lockfile of the manifest's former name: it goes when the state is safe under the new one. */
  readonly former: string | undefined;
  /** When the catalogue of the snapshot was read, ISO 8601; undefined where this machine does not know. */
  readonly cataloguedAt: string | undefined;
}

/**
 * Reads lockfile, receipts and journal, and makes one state of them, without a lock and without writing; a run may be at
 * work meanwhile. An attempt stands where the record that has followed it farthest left it.
 * Throws `lockfile-newer`, `lockfile-corrupt`, `journal-corrupt`, `disk` (exit 3 all).
 */
export async function readState(home: StateHome): Promise<StateOnDisk> {
  // The journal first: should a run fold it in this moment, the lockfile that is read second holds its lines.
  const journal = await readJournal(journalPath(home.lockfile));
  const own = await readLockfile(home.lockfile);
  if (own) await assertOurs(own, home);
  const former = own ? undefined : await findFormer(home);
  const stored = own ?? former?.stored;
  const memo = await readMemo(home);
  const state = createState(stored);
  const repaired: string[] = [];
  const isRemembered =
    own !== undefined && !journal && own.damaged.length === 0 && (await isSeen(home, own, memo));
  const known = isRemembered ? undefined : await knownReceipts(home, stored);
  const before = journal && !stored ? '' : basename(home.lockfile);
  if (known) {
    const ahead = await seen(aheadOf(state, known.attempts), home);
    restore({ state, ahead, stored, repaired, before });
  }
  if (!stored) state.apply({ type: 'picked', picks: home.picksBehind(state.attempts()) });
  if (own?.damaged.length) repair({ own, state, home, repaired });
  const former_ = former?.path;
  if (former_ !== undefined) {
    const left = await readJournal(journalPath(former_));
    if (left) replay(left, { state, path: journalPath(former_) });
  }
  const lines = journal ? replay(journal, { state, path: journalPath(home.lockfile) }) : 0;
  const project_id = stored?.identity.project_id ?? known?.projectId ?? randomBytes(8).toString('hex');
  const { project, manifest, sandbox } = home;
  const unreceipted = known ? state.attempts().filter((one) => !isReceipted(one, known.attempts)) : [];
  return {
    identity: { project, project_id, manifest, sandbox },
    state,
    isFolded:
      own !== undefined &&
      lines === 0 &&
      repaired.length === 0 &&
      own.identity.manifest === manifest &&
      own.identity.project === project,
    isRemembered,
    unreceipted,
    repaired,
    former: former_,
    cataloguedAt: memo?.catalogued_at,
  };
}

/** A lockfile is of the manifest it names; one whose manifest is gone is of the manifest that bears its name now. */
async function assertOurs(
  { identity }: FoundLockfile,
  { lockfile, manifest, sandbox }: StateHome,
): Promise<void> {
  if (identity.manifest === manifest && identity.sandbox === sandbox) return;
  const isThere = await stat(join(dirname(lockfile), identity.manifest)).catch(undefinedIfAbsent);
  if (!isThere && identity.sandbox === sandbox) return;
  const whose =
    identity.sandbox === sandbox
      ? identity.manifest
      : `${identity.manifest}, ${identity.sandbox ? 'on the sandbox' : 'not on the sandbox'}`;
  throw new DailiesError('lockfile-of-another', `${basename(lockfile)} belongs to ${whose}`, {
    hint: `rename ${manifest}, so that its lockfile gets another name; if the lockfile is a copy, move it away`,
  });
}

/** The lockfile that this manifest had under its former name: it has bought what is asked for, and its manifest is gone. */
async function findFormer(
  home: StateHome,
): Promise<{ readonly path: string; readonly stored: FoundLockfile } | undefined> {
  const folder = dirname(home.lockfile);
  const names: string[] = await readdir(folder).catch(() => []);
  for (const name of names.sort()) {
    if (!name.endsWith('.lock.json')) continue;
    const path = join(folder, name);
    // A lockfile that cannot be read is its own project's trouble.
    const stored = await readLockfile(path).catch(() => undefined);
    if (!stored || stored.identity.sandbox !== home.sandbox || names.includes(stored.identity.manifest))
      continue;
    if (home.hasBought(stored.attempts)) return { path, stored };
  }
  return undefined;
}

/** What the receipts tell of a project: by its id, or where there is no lockfile by the manifest they were made for. */
async function knownReceipts(
  home: StateHome,
  stored: FoundLockfile | undefined,
): Promise<{ readonly attempts: ReadonlyMap<string, Attempt>; readonly projectId: string | undefined }> {
  if (stored) {
    const { project_id } = stored.identity;
    return { attempts: await readReceipts(receiptsPath(home.root, project_id)), projectId: project_id };
  }
  const attempts = new Map<string, Attempt>();
  let projectId: string | undefined;
  const names: string[] = await readdir(dirname(home.lockfile)).catch(() => []);
  for (const { path, owner } of await receiptsIn(home.root)) {
    if (owner.sandbox !== home.sandbox || owner.place !== home.place) continue;
    const isOurs = owner.manifest === home.manifest;
    if (!isOurs && names.includes(owner.manifest)) continue;
    const told = await readReceipts(path);
    if (!isOurs && !home.hasBought([...told.values()])) continue;
    projectId = owner.project_id;
    for (const [id, attempt] of told) attempts.set(id, attempt);
  }
  return { attempts, projectId };
}

/** What the receipts know and the lockfile does not, or not yet. */
function aheadOf(state: StateInMemory, known: ReadonlyMap<string, Attempt>): readonly Attempt[] {
  return [...known.values()].filter(
    (attempt) => !state.has(attempt.id) || attempt.steps > state.get(attempt.id).steps,
  );
}

/**
 * The receipt of a delivery is written before the clip is in the store, and the run may have died between: what only a
 * receipt calls delivered has to be seen, or it is fetched again, whether or not a take still wants it.
 */
async function seen(attempts: readonly Attempt[], { root }: StateHome): Promise<readonly Attempt[]> {
  const clips = openClipFolder({ root });
  const isThere = async (attempt: DeliveredAttempt): Promise<boolean> => {
    for (const { sha256 } of attempt.state.outputs) if (!(await clips.stat(sha256))) return false;
    return true;
  };
  const all: Attempt[] = [];
  for (const attempt of attempts) {
    const isCertain = !isDelivered(attempt) || attempt.state.pruned === true || (await isThere(attempt));
    all.push(isCertain ? attempt : { ...attempt, state: { ...attempt.state, unseen: true } });
  }
  return all;
}

/** Takes in what the receipts know ahead of the lockfile. */
function restore({
  state,
  ahead,
  stored,
  repaired,
  before,
}: {
  readonly state: StateInMemory;
  readonly ahead: readonly Attempt[];
  readonly stored: FoundLockfile | undefined;
  readonly repaired: string[];
  readonly before: string;
}): void {
  if (ahead.length === 0) return;
  const named = ahead.map((attempt) => {
    const names = state.has(attempt.id) ? state.get(attempt.id).names : undefined;
    return names === undefined ? attempt : { ...attempt, names };
  });
  state.restore(named);
  const count = ahead.length === 1 ? 'one purchase' : `${ahead.length} purchases`;
  const why = stored
    ? `${before} does not know ${ahead.length === 1 ? 'it' : 'them'} as far`
    : 'there is no lockfile';
  repaired.push(`${count} taken from the receipts: ${why}`);
}

/** Attempts that were changed in the lockfile are as the receipts have them, or nobody knows. */
function repair({
  own,
  state,
  home,
  repaired,
}: {
  readonly own: FoundLockfile;
  readonly state: StateInMemory;
  readonly home: StateHome;
  readonly repaired: string[];
}): void {
  for (const { id, owner } of own.damaged) {
    const where = `shots.${owner.shot}.takes.${owner.take}`;
    if (!state.has(id)) {
      throw corrupt(
        home.lockfile,
        `was changed by another program or by a fault of the disk: the checksum of attempt ${id} at ${where} does not match, and the receipts do not know it`,
      );
    }
    repaired.push(
      `attempt ${id} at ${where} was changed in ${basename(home.lockfile)}, and is taken from the receipts`,
    );
  }
}

/** Applies the lines that the state does not hold yet; gives how many those were. */
function replay(
  journal: Iterable<PlacedEntry>,
  { state, path }: { readonly state: StateInMemory; readonly path: string },
): number {
  let applied = 0;
  for (const { place, entry } of journal) {
    try {
      if (state.apply(entry)) applied += 1;
    } catch (error) {
      throw journalCorrupt({ path, place, what: `it does not fit what came before: ${messageOf(error)}` });
    }
  }
  return applied;
}

/** Whether the receipts have a purchase as far as it matters: what was paid, and what came of it. */
function isReceipted(attempt: Attempt, receipts: ReadonlyMap<string, Attempt>): boolean {
  const told = receipts.get(attempt.id);
  return told !== undefined && essenceOf(told) === essenceOf(attempt);
}

function essenceOf(attempt: Attempt): string {
  const { owner, state } = attempt;
  const kind = isInFlight(attempt) ? 'pending' : isCompleted(attempt) ? 'completed' : state.kind;
  const clips = isDelivered(attempt) ? attempt.state.outputs.map(({ sha256 }) => sha256) : [];
  const marks = state.kind === 'delivered' ? [state.lost !== undefined, state.pruned === true] : [];
  return JSON.stringify([owner, kind, 'job' in state ? state.job.id : '', clips, marks]);
}

/** What this machine remembers of a project besides its state. It can be made again, so nothing hangs on it. */
interface Memo {
  /** Of the lockfile and of the receipts, when the one was known to hold all of the other. */
  readonly lockfile: string;
  readonly receipts: string;
  /** When the models of the snapshot were read, ISO 8601. */
  readonly catalogued_at?: string;
}

/** Where the memo of a project lies. */
export function memoPath({ cache, lockfile }: StateHome): string {
  return join(cache, `${basename(lockfile)}.seen.json`);
}

/** The memo of a lockfile and its receipts as they stand now. */
export async function memoOf(
  home: StateHome,
  projectId: string,
  cataloguedAt: string | undefined,
): Promise<Memo> {
  return {
    lockfile: await signatureOf(home.lockfile),
    receipts: await signatureOf(receiptsPath(home.root, projectId)),
    ...(cataloguedAt === undefined ? {} : { catalogued_at: cataloguedAt }),
  };
}

async function readMemo(home: StateHome): Promise<Memo | undefined> {
  const found = await readJson(memoPath(home));
  if (!isRecord(found) || typeof found['lockfile'] !== 'string' || typeof found['receipts'] !== 'string')
    return undefined;
  const { lockfile, receipts, catalogued_at } = found;
  return { lockfile, receipts, ...(typeof catalogued_at === 'string' ? { catalogued_at } : {}) };
}

async function isSeen(
  home: StateHome,
  { identity }: FoundLockfile,
  memo: Memo | undefined,
): Promise<boolean> {
  if (!memo) return false;
  const now = await memoOf(home, identity.project_id, undefined);
  return now.lockfile === memo.lockfile && now.receipts === memo.receipts;
}

/** Tells a file from what it was before: size, date and place on the disk; empty where there is none. */
async function signatureOf(path: string): Promise<string> {
  try {
    const found = await stat(path).catch(undefinedIfAbsent);
    return found ? `${found.size} ${found.mtimeMs} ${found.ino}` : '';
  } catch (cause) {
    throw diskError({ path, doing: 'read', cause });
  }
}
