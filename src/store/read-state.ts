import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Attempt } from '../domain/attempt.js';
import type { Picks } from '../domain/picks.js';
import { isRecord } from '../domain/is-record.js';
import { isDelivered, isUnfetched } from '../domain/standing.js';
import { undefinedIfAbsent } from '../disk-error.js';
import { DailiesError, messageOf } from '../errors.js';
import type { ClipStore } from './clip-store.js';
import { journalCorrupt, journalPath, readJournal, type PlacedEntry } from './journal.js';
import type { JournalEntry } from './journal-line.js';
import { knownReceipts } from './known-receipts.js';
import { corrupt, readLockfile, type FoundLockfile } from './lockfile.js';
import { attemptProblem } from './lockfile-problem.js';
import type { Lockfile, ProjectIdentity } from './lockfile-text.js';
import { STORE_PLACE, type ReceiptStore } from './receipt-store.js';
import { essenceOf } from './receipt-essence.js';
import { createState, knowsMore, type StateInMemory } from './shot-state.js';
import { readJson, signatureOf } from './text-file.js';

/** Where the state of a project is, and who owns it. All paths are absolute. */
export interface StateHome extends Omit<ProjectIdentity, 'project_id'> {
  readonly lockfile: string;
  readonly clips: ClipStore;
  readonly receipts: ReceiptStore;
  /** Whether other machines use the same store; there the project may be in another folder. */
  readonly isShared: boolean;
  /** Distinguishes projects of one name in a shared store; empty if the store is beside the manifest. */
  readonly place: string;
  /** The folder for files that can be made again. */
  readonly cache: string;
  /** Every shot of the manifest, for the lockfile. */
  readonly shots: readonly string[];
  /** The picks that purchases reveal. Without a lockfile, no other source has them. */
  readonly picksBehind: (attempts: readonly Attempt[]) => Picks;
  /** Whether some of these attempts bought, or may have bought, what the manifest asks for: so a renamed manifest finds its state. */
  readonly hasBought: (attempts: readonly Attempt[]) => boolean;
}

/** The state on disk, as a start finds it. */
export interface StateOnDisk {
  readonly identity: ProjectIdentity;
  readonly state: StateInMemory;
  /** Whether the lockfile has all of it, under our names. */
  readonly isFolded: boolean;
  /** Purchases that the receipts lack, or know less about. */
  readonly unreceipted: readonly Attempt[];
  /** Whether the receipts have the manifest under another name or in another place, or do not say who owns them. */
  readonly isRenamed: boolean;
  /** What was repaired, in sentences for people. */
  readonly repaired: readonly string[];
  /** The lockfile of the manifest's former name: it is removed once the state is safe under the new name. */
  readonly former: string | undefined;
  /** When the catalogue of the snapshot was read, ISO 8601; undefined if this machine does not know. */
  readonly cataloguedAt: string | undefined;
  /** What the report showed when the lockfile was written; undefined if the lockfile has changed since. */
  readonly reported: string | undefined;
}

/**
 * Reads lockfile, receipts and journal into one state. It takes no lock and writes nothing, and a run may be at work meanwhile.
 * For each attempt, the record that followed it farthest wins.
 * Throws `lockfile-newer`, `lockfile-corrupt`, `journal-corrupt`, `disk` (exit 3 all).
 */
export async function readState(home: StateHome): Promise<StateOnDisk> {
  // The journal first: if a run folds it at this moment, the lockfile that is read second has its lines.
  const journal = await readJournal(journalPath(home.lockfile));
  const memo = await readMemo(home);
  const isAsWeWroteIt = memo !== undefined && memo.lockfile === signatureOf(home.lockfile);
  const own = await readLockfile(home.lockfile, { isAsWeWroteIt });
  if (own) await assertOurs(own, home);
  const former = own ? undefined : await findFormer(home);
  const stored = own ?? former?.stored;
  const state = createState(stored);
  const repaired: string[] = [];
  const isRemembered =
    own &&
    own.identity.manifest === home.manifest &&
    !own.theirs &&
    !journal &&
    own.damaged.length === 0 &&
    (await isSeen(home, own, memo));
  const known = isRemembered ? undefined : await knownReceipts(home, stored);
  const receipts = await seen(known?.attempts ?? new Map<string, Attempt>(), state, home);
  if (own) repair({ own, state, receipts, home, repaired });
  // The journal before the receipts, which lack the steps that cost nothing.
  const former_ = former?.path;
  if (former_ !== undefined) {
    const left = await readJournal(journalPath(former_));
    if (left) replay(left, { state, receipts, path: journalPath(former_) });
  }
  const lines = journal ? replay(journal, { state, receipts, path: journalPath(home.lockfile) }) : 0;
  // After the journal, which continues our side.
  if (stored?.theirs) {
    takeInSide(stored.theirs, state);
    repaired.push(
      `${basename(former_ ?? home.lockfile)} has merge conflicts in it: both sides were read, and every purchase of either counts`,
    );
  }
  restore({ state, receipts, why: stored ? basename(home.lockfile) : undefined, repaired });
  if (!stored)
    state.apply({ type: 'picked', picks: { ...home.picksBehind(state.attempts()), ...state.picks() } });
  const project_id =
    stored?.identity.project_id ?? known?.owner?.project_id ?? randomBytes(8).toString('hex');
  const { project, manifest, sandbox } = home;
  const unreceipted = known ? state.attempts().filter((one) => !isReceipted(one, known.own)) : [];
  return {
    identity: { project, project_id, manifest, sandbox },
    state,
    isFolded:
      own !== undefined &&
      lines === 0 &&
      repaired.length === 0 &&
      own.identity.manifest === manifest &&
      own.identity.project === project,
    unreceipted,
    // Receipts of a project that is also in a database stay the project's own.
    isRenamed:
      known !== undefined &&
      known.owner?.place !== STORE_PLACE &&
      (known.owner?.manifest !== manifest || known.owner.place !== home.place),
    repaired,
    former: former_,
    cataloguedAt: memo?.catalogued_at,
    reported: isAsWeWroteIt ? memo.reported : undefined,
  };
}

/** A lockfile belongs to the manifest it names; if that manifest is gone, to the manifest that has its name now. */
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

/** The lockfile of this manifest under its former name: it bought what this one asks for, and its own manifest is gone. */
async function findFormer(
  home: StateHome,
): Promise<{ readonly path: string; readonly stored: FoundLockfile } | undefined> {
  const folder = dirname(home.lockfile);
  const names: string[] = await readdir(folder).catch(() => []);
  for (const name of names.sort()) {
    if (!name.endsWith('.lock.json')) continue;
    const path = join(folder, name);
    // A lockfile that cannot be read concerns only its own project.
    const stored = await readLockfile(path).catch(() => undefined);
    if (!stored || stored.identity.sandbox !== home.sandbox || names.includes(stored.identity.manifest))
      continue;
    if (home.hasBought(stored.attempts)) return { path, stored };
  }
  return undefined;
}

/**
 * A run writes the receipt of a delivery before the clip is in the store, and may die in between. So if only a receipt says
 * delivered, the clip has to be in the store, or it is downloaded again, even if no take wants it any more.
 */
async function seen(
  receipts: ReadonlyMap<string, Attempt>,
  state: StateInMemory,
  { clips }: StateHome,
): Promise<ReadonlyMap<string, Attempt>> {
  const all = new Map(receipts);
  const look = async (attempt: Attempt): Promise<void> => {
    const before = state.find(attempt.id);
    if (!isDelivered(attempt) || attempt.state.pruned || (before && isDelivered(before))) return;
    const found = await Promise.all(attempt.state.outputs.map(({ sha256 }) => clips.stat(sha256)));
    if (found.includes(undefined))
      all.set(attempt.id, { ...attempt, state: { ...attempt.state, unseen: true } });
  };
  await Promise.all([...receipts.values()].map(look));
  return all;
}

/**
 * Restores attempts that were changed in the lockfile from the receipts; throws if these do not know one. An unfinished git merge
 * changes an attempt on one side, and leaves it whole on the other.
 */
function repair({
  own,
  state,
  receipts,
  home,
  repaired,
}: {
  readonly own: FoundLockfile;
  readonly state: StateInMemory;
  readonly receipts: ReadonlyMap<string, Attempt>;
  readonly home: StateHome;
  readonly repaired: string[];
}): void {
  const { theirs } = own;
  const whole = new Map(theirs && [...own.attempts, ...theirs.attempts].map((one) => [one.id, one]));
  const jobs = new Set([...receipts.values(), ...whole.values()].map(jobOf));
  for (const damaged of [...own.damaged, ...(theirs?.damaged ?? [])]) {
    const { id, owner } = damaged;
    const [one, other] = [receipts.get(id), whole.get(id)];
    const best = other && knowsMore(other, one) ? other : one;
    // A mixture may combine the id of one purchase with the job of another, or with a clip that no other record has.
    const isMixed = !jobs.has(jobOf(damaged)) || (isDelivered(damaged) && best && isUnfetched(best));
    const told = theirs && isMixed ? undefined : best;
    const where = `shots.${owner.shot}.takes.${owner.take}`;
    if (!told) {
      throw corrupt(
        home.lockfile,
        theirs
          ? `has merge conflicts in it: attempt ${id} at ${where} is whole on neither side, and the receipts do not know it`
          : `was changed by another program or by a fault of the disk: the checksum of attempt ${id} at ${where} does not match, and the receipts do not know it`,
      );
    }
    takeIn(told, state);
    if (whole.has(id)) continue;
    repaired.push(
      `attempt ${id} at ${where} was changed in ${basename(home.lockfile)}, and was restored from the receipts`,
    );
  }
}

function jobOf({ state }: Attempt): string | undefined {
  return 'job' in state ? state.job.id : undefined;
}

/**
 * Applies the lines that the state does not have yet; gives their number. If the lockfile is older than the journal's first
 * lines, the receipts know what is missing between.
 */
function replay(
  journal: Iterable<PlacedEntry>,
  {
    state,
    receipts,
    path,
  }: {
    readonly state: StateInMemory;
    readonly receipts: ReadonlyMap<string, Attempt>;
    readonly path: string;
  },
): number {
  let applied = 0;
  const touched = new Map<string, number>();
  for (const { place, entry } of journal) {
    if ('id' in entry) touched.set(entry.id, place);
    try {
      const told = 'step' in entry ? receipts.get(entry.id) : undefined;
      // Steps are missing between the state and this entry: the receipts have them.
      if (told && 'step' in entry && entry.step > (state.find(entry.id)?.steps ?? -2) + 1)
        takeIn(told, state);
      if (applyLine(entry, { told, state })) applied += 1;
    } catch (error) {
      throw journalCorrupt({ path, place, what: `it does not fit what came before: ${messageOf(error)}` });
    }
  }
  // Somebody else may have made the journal, and its checksums are easy to make.
  for (const [id, place] of touched) {
    const problem = attemptProblem(state.get(id));
    if (problem !== undefined) throw journalCorrupt({ path, place, what: `attempt ${id}: ${problem}` });
  }
  return applied;
}

/** A merge may have brought steps of another machine for the same job: then the receipts know where our steps led. */
function applyLine(
  entry: JournalEntry,
  { told, state }: { readonly told: Attempt | undefined; readonly state: StateInMemory },
): boolean {
  try {
    return state.apply(entry);
  } catch (error) {
    if (!told || !state.find(told.id) || !knowsMore(told, state.find(told.id))) throw error;
    takeIn(told, state);
    return true;
  }
}

/** Adds what the receipts know and the state does not, or knows less about. */
function restore({
  state,
  receipts,
  why,
  repaired,
}: {
  readonly state: StateInMemory;
  readonly receipts: ReadonlyMap<string, Attempt>;
  /** The lockfile that lacks it; undefined if there is none. */
  readonly why: string | undefined;
  readonly repaired: string[];
}): void {
  const ahead = takeInAll(receipts.values(), state);
  if (ahead.length === 0) return;
  const [count, them] = ahead.length === 1 ? ['one purchase', 'it'] : [`${ahead.length} purchases`, 'them'];
  repaired.push(
    `${count} taken from the receipts: ${why === undefined ? 'there is no lockfile' : `${why} knows less about ${them}`}`,
  );
}

/** Adds what the other side of a merge knows and ours does not; if both sides know something, ours wins. */
function takeInSide({ attempts, picks, catalogue }: Lockfile, state: StateInMemory): void {
  takeInAll(attempts, state);
  state.apply({ type: 'picked', picks: { ...picks, ...state.picks() } });
  if (catalogue && !state.catalogue()) state.apply({ type: 'catalogued', catalogue });
}

/** Gives the attempts about which this brought news. */
function takeInAll(attempts: Iterable<Attempt>, state: StateInMemory): readonly Attempt[] {
  const news = [...attempts].filter((one) => knowsMore(one, state.find(one.id)));
  if (news.length > 0) state.restore(news.map((attempt) => withNames(attempt, state)));
  return news;
}

function takeIn(told: Attempt, state: StateInMemory): void {
  state.apply({ type: 'restored', attempt: withNames(told, state) });
}

/** The receipts have no names. */
function withNames(told: Attempt, state: StateInMemory): Attempt {
  const names = state.find(told.id)?.names;
  return names === undefined ? told : { ...told, names };
}

/** Whether the receipts have what matters of a purchase: what was paid, and what came of it. */
function isReceipted(attempt: Attempt, receipts: ReadonlyMap<string, Attempt>): boolean {
  const told = receipts.get(attempt.id);
  return told !== undefined && essenceOf(told) === essenceOf(attempt);
}

/** What this machine remembers of a project besides its state. It can be made again, so nothing depends on it. */
interface Memo {
  /** Signatures of the lockfile and of the receipts, from when the lockfile was known to have all of the receipts. */
  readonly lockfile: string;
  readonly receipts: string;
  /** When the models of the snapshot were read, ISO 8601. */
  readonly catalogued_at?: string | undefined;
  /** What the report shows, in the words of its writer. */
  readonly reported?: string | undefined;
}

/** The path of a project's memo. */
export function memoPath({ cache, lockfile }: StateHome): string {
  return join(cache, `${basename(lockfile)}.seen.json`);
}

/** The memo of a lockfile and its receipts in their present state. */
export async function memoOf(
  home: StateHome,
  projectId: string,
  { catalogued_at, reported }: Pick<Memo, 'catalogued_at' | 'reported'> = {},
): Promise<Memo> {
  return {
    lockfile: signatureOf(home.lockfile),
    receipts: `${await home.receipts.signature(projectId)} ${home.place}`,
    ...{ catalogued_at, reported },
  };
}

async function readMemo(home: StateHome): Promise<Memo | undefined> {
  const found = await readJson(memoPath(home));
  if (!isRecord(found) || typeof found['lockfile'] !== 'string' || typeof found['receipts'] !== 'string')
    return undefined;
  const { lockfile, receipts, catalogued_at, reported } = found;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { lockfile, receipts, catalogued_at: text(catalogued_at), reported: text(reported) };
}

async function isSeen(
  home: StateHome,
  { identity }: FoundLockfile,
  memo: Memo | undefined,
): Promise<boolean> {
  if (!memo) return false;
  const now = await memoOf(home, identity.project_id);
  return now.lockfile === memo.lockfile && now.receipts === memo.receipts;
}
