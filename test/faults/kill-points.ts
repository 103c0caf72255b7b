import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
} from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Film } from './film.js';

/**
 * A moment in the life of a shot to kill a run at, told from outside: by what the gateway is asked, by what the journal
 * says, or by a named pipe in the place of a file, which holds whoever opens it for writing.
 */
export interface KillPoint {
  readonly name: string;
  /** Whether it takes a clip so large that half of it is on the disk while the other half is still to come. */
  readonly needsLargeClip?: boolean;
  /** Lies in wait in a project where `shot` is still to be rendered; `strike` kills. Gives what ends the wait. */
  arm(scene: { readonly film: Film; readonly shot: string; readonly strike: () => void }): Promise<Disarm>;
}

export type Disarm = () => Promise<void>;

/** The moments that every restart has to get right, in the order in which a shot comes past them. */
export const CHOSEN_POINTS: readonly KillPoint[] = [
  atRequest('before the intent', 'models'),
  atRequest('after the intent', 'submit'),
  {
    name: 'after the POST',
    arm: ({ film, strike }) => onAccepted(film, strike),
  },
  atLine('after the id', 'accepted'),
  atRequest('mid-poll', 'poll'),
  {
    name: 'mid-download',
    needsLargeClip: true,
    arm({ film, shot, strike }) {
      film.server.failNext('stall', { on: 'content' });
      return whenFileHolds(partOf(film, shot), strike);
    },
  },
  {
    name: 'before the rename',
    async arm({ film, shot, strike }) {
      await mkdir(join(film.output, shot), { recursive: true });
      return atOpening(`${stemOf(film, shot)}.json.tmp`, strike);
    },
  },
  {
    name: 'mid-fold',
    arm: ({ film, strike }) => atOpening(`${film.lockfile}.tmp`, strike),
  },
];

/** Moments close to those. */
export const FURTHER_POINTS: readonly KillPoint[] = [
  atLine('intent just written', 'submit_started'),
  {
    name: 'answer just sent',
    arm: ({ film, strike }) => onAccepted(film, () => setImmediate(strike)),
  },
  atLine('end of the job just written', 'completed'),
  {
    name: 'clip just renamed',
    arm: ({ film, shot, strike }) => whenFileHolds(`${stemOf(film, shot)}.mp4`, strike),
  },
  { name: 'mid-fold at the end', arm: atLastFold },
  { name: 'lockfile just replaced', arm: atReplacement },
];

/**
 * At any time: `luck` gives numbers in [0, 1). How long a run takes, and so until when it can be killed, is found out on
 * the way: the window grows while kills strike, and shrinks when a run has ended before.
 */
export function atRandom(luck: () => number): KillPoint {
  let windowMs = 400;
  return {
    name: 'at random',
    async arm({ film, strike }) {
      let timer: NodeJS.Timeout | undefined;
      let hasStruck = false;
      const strikeByChance = () => {
        hasStruck = true;
        strike();
      };
      const stop = await whileWatching(film.folder, () => {
        // Before it has the lock a run changes nothing.
        if (existsSync(`${film.lockfile}.lck`)) timer ??= setTimeout(strikeByChance, luck() * windowMs);
      });
      return async () => {
        clearTimeout(timer);
        windowMs *= hasStruck ? 1.1 : 0.8;
        await stop();
      };
    },
  };
}

const stemOf = (film: Film, shot: string) => join(film.output, shot, shot);
const partOf = (film: Film, shot: string) => `${stemOf(film, shot)}.part`;

/** Strikes when the gateway is asked, and drops the request: it was sent, and nobody has taken it. */
function atRequest(name: string, endpoint: string): KillPoint {
  return {
    name,
    arm({ film: { stage }, strike }) {
      let isArmed = true;
      stage.onRequest = (request) => {
        if (!isArmed || request.endpoint !== endpoint) return;
        strike();
        throw new Error('dropped');
      };
      return disarming(() => (isArmed = false));
    },
  };
}

/** Strikes when one more line of this type is in the journal. */
function atLine(name: string, type: string): KillPoint {
  return {
    name,
    arm({ film, strike }) {
      const hasNew = newLines(film, type);
      return whileWatching(film.folder, () => {
        if (hasNew()) strike();
      });
    },
  };
}

function onAccepted({ stage }: Film, strike: () => void): Promise<Disarm> {
  stage.onAccepted = strike;
  return disarming(() => (stage.onAccepted = () => undefined));
}

function whenFileHolds(path: string, strike: () => void): Promise<Disarm> {
  const before = sizeOf(path);
  const timer = setInterval(() => {
    if (sizeOf(path) > before) strike();
  }, 1);
  return disarming(() => clearInterval(timer));
}

/** Strikes when somebody opens a file for writing, and has not written to it yet. */
function atOpening(path: string, strike: () => void): Promise<Disarm> {
  const pipe = layPipe(path);
  const opened = open(path, 'r').then(async (reader) => {
    strike();
    await reader.close();
  });
  return Promise.resolve(() => letGo(pipe, opened));
}

/** The pipe is laid when the last clip is on record, for at the start there may be a fold too. */
async function atLastFold({ film, strike }: Parameters<KillPoint['arm']>[0]): Promise<Disarm> {
  const isDelivered = newLines(film, 'delivered');
  const temp = `${film.lockfile}.tmp`;
  const pipe = layPipe(join(film.folder, 'pipe'));
  let opened: Promise<void> | undefined;
  const stop = await whileWatching(film.folder, () => {
    if (opened || !isDelivered()) return;
    renameSync(pipe, temp);
    opened = open(temp, 'r').then(async (reader) => {
      strike();
      await reader.close();
    });
  });
  return async () => {
    await stop();
    await letGo(opened ? temp : pipe, opened);
  };
}

/** Strikes when the lockfile has been replaced after the last clip: its journal may still lie beside it. */
function atReplacement({ film, strike }: Parameters<KillPoint['arm']>[0]): Promise<Disarm> {
  const isDelivered = newLines(film, 'delivered');
  const inode = () => statSync(film.lockfile, { throwIfNoEntry: false })?.ino;
  let before: number | undefined;
  return whileWatching(film.folder, () => {
    if (before !== undefined && inode() !== before) strike();
    if (isDelivered()) before ??= inode();
  });
}

/** What an earlier kill has left there would be written over. */
function layPipe(path: string): string {
  rmSync(path, { force: true });
  execFileSync('mkfifo', [path]);
  return path;
}

/** Whoever still waits at the pipe is let go, and the pipe removed. */
async function letGo(pipe: string, opened: Promise<void> | undefined): Promise<void> {
  if (existsSync(pipe)) {
    const both = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    await opened;
    closeSync(both);
  }
  await rm(pipe, { force: true });
}

function whileWatching(folder: string, look: () => void): Promise<Disarm> {
  const watcher = watch(folder, look);
  return disarming(() => watcher.close());
}

/** Whether the journal has, or has had, a line of this type that it does not have now. */
function newLines({ journal }: Film, type: string): () => boolean {
  const lines = () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n') : []);
  const old = new Set(lines());
  let hasCome = false;
  return () => (hasCome ||= lines().some((line) => line.includes(`"type":"${type}"`) && !old.has(line)));
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function disarming(disarm: () => unknown): Promise<Disarm> {
  return Promise.resolve(() => {
    disarm();
    return Promise.resolve();
  });
}
