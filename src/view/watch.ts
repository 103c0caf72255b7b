import { basename } from 'node:path';
import type { Clock } from '../clock.js';
import type { Diagnostic } from '../domain/diagnostic.js';
import { DailiesError, ManifestError, messageOf } from '../errors.js';
import type { Project } from '../flow/project/project.js';
import type { Told } from '../sheet/page/live/facts.js';
import { journalPath } from '../store/journal.js';
import { readLockFile } from '../store/lock-file.js';
import { notesPath } from '../store/notes-file.js';
import { isLockHeld, runLockPath } from '../store/run-lock.js';
import { signatureOf } from '../store/text-file.js';
import { lookAt, type Look } from './look.js';

/** What was seen of a project at one moment. */
export interface Seen {
  readonly project: Project;
  readonly look: Look;
  /** Who has the project's lock, in words; undefined if nobody, or this process. */
  readonly other: { readonly who: string; readonly since: number | undefined } | undefined;
  /** Why the manifest, or the state, cannot be read as it is now: then the rest is as it was. */
  readonly told: readonly Told[];
}

/** A database says nothing by itself: it is asked this often. */
const DATABASE_MS = 1000;
/** How often files are looked at for a change. */
const FILES_MS = 250;
/** A look that takes long waits for others, and does not work all the time. */
const MOST_PAUSE_MS = 600;
/** While a run is on, times and guesses move on without a file. */
const RUNNING_MS = 10_000;

/**
 * Watches a project until `signal` aborts, whoever works on it: files show by themselves that they have changed, and a database is
 * asked once a second. What has changed is a hint; what is told is always what was read. Looks have
 * a pause between them that grows with their length, so that a page leaves the processor to the run.
 */
export async function watchProject(watch: {
  readonly first: Seen;
  /** Reads the manifest as it is now. */
  readonly load: () => Promise<Project>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether there was cause to look since this was last asked, although no file may have changed. */
  readonly wasHinted: () => boolean;
  readonly isRunOn: () => boolean;
  readonly tell: (seen: Seen) => void;
}): Promise<void> {
  const { clock, signal } = watch;
  let seen = watch.first;
  let files = filesOf(seen.project);
  let lookedAt = clock.elapsed();
  let pauseMs = 0;
  for (;;) {
    const isDatabase = seen.project.database !== undefined;
    const pause = clock.sleep(Math.max(pauseMs, isDatabase ? DATABASE_MS : FILES_MS), signal);
    if (
      await pause.then(
        () => false,
        () => true,
      )
    )
      return;
    const now = filesOf(seen.project);
    const isDue = watch.isRunOn() && clock.elapsed() - lookedAt > RUNNING_MS;
    if (!watch.wasHinted() && !isDatabase && !isDue && now.all === files.all) continue;
    lookedAt = clock.elapsed();
    seen = await see(seen, now.manifest === files.manifest ? undefined : watch.load);
    files = now;
    pauseMs = Math.min(MOST_PAUSE_MS, 3 * (clock.elapsed() - lookedAt));
    watch.tell(seen);
  }
}

/** Looks for the first time. Throws what keeps the project from being read. */
export async function seeFirst(load: () => Promise<Project>): Promise<Seen> {
  return seen(await load());
}

/** Looks again. What cannot be read stays as it was, with the reason. */
async function see(before: Seen, load: (() => Promise<Project>) | undefined): Promise<Seen> {
  try {
    return await seen(load ? await load() : before.project);
  } catch (error) {
    return { ...before, told: tellOf(error) };
  }
}

async function seen(project: Project): Promise<Seen> {
  const [look, other] = [await lookAt(project), await holderOf(project)];
  return { project, look, other, told: findings(project.diagnostics, project.source.file) };
}

/** An error as the page tells it; of a manifest, its mistakes. */
function tellOf(error: unknown): readonly Told[] {
  if (error instanceof ManifestError) return findings(error.diagnostics, error.source.file);
  const hint = error instanceof DailiesError ? error.hint : undefined;
  return [{ kind: 'error', text: messageOf(error), hint }];
}

const MOST_FINDINGS = 5;

function findings(diagnostics: readonly Diagnostic[], file: string): readonly Told[] {
  const errorsFirst = diagnostics.toSorted((a, b) => (a.severity < b.severity ? -1 : 1));
  return errorsFirst.slice(0, MOST_FINDINGS).map(({ severity, at, message, hint }) => ({
    kind: severity,
    text: `${at ? `${basename(file)}:${at.line}:${at.column}` : basename(file)}  ${message}`,
    hint,
  }));
}

/** Tells the files of a project from what they were before. */
function filesOf({ paths }: Project): { readonly manifest: string; readonly all: string } {
  const { lockfile } = paths;
  const signature = (path: string): string => {
    try {
      return signatureOf(path);
    } catch {
      // A look says what is wrong with it.
      return 'unreadable';
    }
  };
  const manifest = signature(paths.manifest);
  const others = [lockfile, journalPath(lockfile), notesPath(lockfile), lockfile];
  const lock = signature(runLockPath(lockfile)) === '' ? 'free' : 'held';
  return { manifest, all: [manifest, ...others.map(signature), lock].join('|') };
}

async function holderOf({ paths, database }: Project): Promise<Seen['other']> {
  if (database !== undefined) return undefined;
  const path = runLockPath(paths.lockfile);
  if (!(await isLockHeld(path))) return undefined;
  const found = await readLockFile(path).catch(() => undefined);
  if (!found?.holder) return { who: 'another run', since: undefined };
  const { pid, host, started_at } = found.holder;
  if (pid === process.pid) return undefined;
  return { who: `process ${pid} on ${host}`, since: Date.parse(started_at) };
}
