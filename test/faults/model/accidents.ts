import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { outputsOf, type Attempt } from '../../../src/domain/attempt.js';
import { journalPath } from '../../../src/store/journal.js';
import { clipsBelow, sha256, type Scene } from '../invariants.js';
import type { Accident } from './story.js';

/** What accidents do to the files of a project, and what they leave for others to know. */
export interface Accidents {
  /** Clips, by their sha256, that are not what they were; and what they are now. */
  readonly spoilt: ReadonlySet<string>;
  /** Whether anything has happened that makes our own files look like somebody else's. */
  readonly haveHappened: boolean;
  /** Clips, by their sha256, that were taken away or spoilt: they are fetched again where a take asks for them. */
  readonly gone: ReadonlySet<string>;
  /** A clip was taken away on purpose. */
  remove(sha256: string): void;
  befall(accident: Accident, project: Scene, attempts: readonly Attempt[]): Promise<void>;
  /** Keeps a copy of lockfile and journal as they are now. */
  copy(lockfile: string): void;
  /** The same, of some of the many moments of a run. */
  copyNowAndThen(lockfile: string): void;
  /** A person moves away what stands in the way of names. */
  clearTheWay(project: Scene): Promise<void>;
}

export function createAccidents(): Accidents {
  const spoilt = new Set<string>();
  const gone = new Set<string>();
  const copies: Copy[] = [];
  let haveHappened = false;
  let moments = 0;

  const copy = (lockfile: string) => {
    // The journal first: a fold in between is in the lockfile then.
    const journal = textOf(journalPath(lockfile));
    copies.push({ journal, lockfile: textOf(lockfile) });
  };
  const lose = async (what: string, { output, store }: Scene) => {
    if (what !== 'the names') for (const name of await clipsBelow(store)) gone.add(basename(name, '.mp4'));
    if (what !== 'the store') await rm(output, { recursive: true, force: true });
    if (what !== 'the names') await rm(store, { recursive: true, force: true });
  };
  const loseClip = async (which: number, { output, store }: Scene, attempts: readonly Attempt[]) => {
    const delivered = attempts.flatMap(outputsOf);
    const clip = delivered[which % Math.max(1, delivered.length)];
    if (!clip) return;
    gone.add(clip.sha256);
    await rm(placeOf(store, clip.sha256), { force: true });
    await removeWhere(output, (content) => content === clip.sha256);
  };
  const spoil = async ({ which, how }: Accident & { do: 'spoil' }, { store }: Scene) => {
    const clips = await clipsBelow(store);
    const name = clips[which % Math.max(1, clips.length)];
    if (name === undefined) return;
    const path = join(store, name);
    const bytes = await readFile(path);
    await chmod(path, 0o644);
    if (how === 'truncate') await truncate(path, Math.floor(bytes.length / 2));
    else await writeFile(path, bytes.fill(1, 100, 120));
    // The clock of a story runs ahead: this is later than any delivery.
    await utimes(path, IN_THE_FUTURE, IN_THE_FUTURE);
    for (const set of [gone, spoilt]) set.add(basename(name, '.mp4'));
    spoilt.add(sha256(await readFile(path)));
  };

  return {
    spoilt,
    gone,
    get haveHappened() {
      return haveHappened;
    },
    async befall(accident, project, attempts) {
      haveHappened = true;
      const { lockfile } = project;
      if (accident.do === 'spoil') await spoil(accident, project);
      else if (accident.do === 'roll back') putBack(copies[accident.which % copies.length], lockfile);
      else if (accident.what === 'the lockfile') putBack(undefined, lockfile);
      else if (accident.what === 'a clip') await loseClip(accident.which, project, attempts);
      else await lose(accident.what, project);
    },
    remove: (sha256) => void gone.add(sha256),
    copy,
    copyNowAndThen(lockfile) {
      if (moments++ % 5 === 0) copy(lockfile);
    },
    async clearTheWay({ output, store }) {
      const there = new Set((await clipsBelow(store)).map((name) => basename(name, '.mp4')));
      await removeWhere(output, (content) => !there.has(content) || spoilt.has(content));
    },
  };
}

const IN_THE_FUTURE = new Date('2100-01-01');

/** Lockfile and journal at one moment. */
interface Copy {
  readonly lockfile: Buffer | undefined;
  readonly journal: Buffer | undefined;
}

function putBack(copy: Copy | undefined, lockfile: string): void {
  for (const [path, text] of [
    [lockfile, copy?.lockfile],
    [journalPath(lockfile), copy?.journal],
  ] as const) {
    if (text) writeFileSync(path, text);
    else rmSync(path, { force: true });
  }
}

function textOf(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}

function placeOf(store: string, sha256: string): string {
  return join(store, sha256.slice(0, 2), `${sha256}.mp4`);
}

async function removeWhere(folder: string, isMeant: (content: string) => boolean): Promise<void> {
  for (const name of await clipsBelow(folder)) {
    const path = join(folder, name);
    if (isMeant(sha256(await readFile(path)))) await rm(path);
  }
}
