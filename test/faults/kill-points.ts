import { existsSync, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../src/disk-error.js';
import type { Ambush } from './command.js';
import type { Film } from './film.js';

/** A moment in the life of a shot to kill a command at. */
export interface KillPoint {
  readonly name: string;
  /** Whether it takes a clip so large that half of it is on the disk while the other half is still to come. */
  readonly needsLargeClip?: boolean;
  /** The command; `run` where absent. What is pruned is the clip of a shot that has left the manifest. */
  readonly command?: 'prune';
  /** A step on the disk that the command is about to take. */
  readonly ambush?: Ambush;
  /**
   * Lies in wait, where the moment is told from outside, in a project where `shot` is still to be rendered: by what the
   * gateway is asked, or by what the journal says. `strike` kills. Gives what ends the wait.
   */
  arm?(scene: { readonly film: Film; readonly shot: string; readonly strike: () => void }): Promise<Disarm>;
}

export type Disarm = () => Promise<void>;

const JOURNAL = '\\.lock\\.journal$';
const LOCKFILE = '\\.lock\\.json$';
const LOCKFILE_TEMP = '\\.lock\\.json\\.tmp$';
const RECEIPTS = '/receipts/\\w+\\.jsonl$';
const CLIP = '/clips/\\w\\w/\\w+\\.mp4$';
const NAME = '/renders/.*\\.mp4$';
const line = (type: string) => `"type":"${type}"`;

/** The moments that every restart has to get right, in the order in which a shot comes past them. */
export const CHOSEN_POINTS: readonly KillPoint[] = [
  atRequest('before the intent', 'models'),
  {
    name: 'intent in the journal, not in the receipts',
    ambush: { before: 'writeFile', path: RECEIPTS, holding: line('submit_started') },
  },
  atRequest('after the intent', 'submit'),
  {
    name: 'after the POST',
    arm: ({ film, strike }) => onAccepted(film, strike),
  },
  {
    name: 'after the id',
    ambush: { before: 'writeFile', path: JOURNAL, after: line('accepted') },
  },
  atRequest('mid-poll', 'poll'),
  {
    name: 'mid-download',
    needsLargeClip: true,
    arm({ film, strike }) {
      film.server.failNext('stall', { on: 'content' });
      return whenAPartGrows(film, strike);
    },
  },
  { name: 'delivery in the receipts, clip not in the store', ambush: { before: 'rename', path: CLIP } },
  {
    name: 'clip in the store, not in the journal',
    ambush: { before: 'writeFile', path: JOURNAL, holding: line('delivered') },
  },
  { name: 'delivery in the journal, no name', ambush: { before: 'copyFile', path: '/renders/' } },
  { name: 'mid-fold', ambush: { before: 'writeFile', path: LOCKFILE_TEMP, torn: true } },
  { name: 'mid-prune', command: 'prune', ambush: { before: 'rm', path: CLIP } },
];

/** Moments close to those. */
export const FURTHER_POINTS: readonly KillPoint[] = [
  atLine('intent just written', 'submit_started'),
  {
    name: 'answer just sent',
    arm: ({ film, strike }) => onAccepted(film, () => setImmediate(strike)),
  },
  {
    name: 'id in the journal, not in the receipts',
    ambush: { before: 'writeFile', path: RECEIPTS, holding: line('accepted') },
  },
  atLine('id just written', 'accepted'),
  atLine('end of the job just written', 'completed'),
  {
    name: 'before the receipt of the delivery',
    ambush: { before: 'writeFile', path: RECEIPTS, holding: line('delivered') },
  },
  {
    name: 'in the midst of the receipt of the delivery',
    ambush: { before: 'writeFile', path: RECEIPTS, holding: line('delivered'), torn: true },
  },
  { name: 'name made, and not in its place', ambush: { before: 'rename', path: NAME } },
  { name: 'name in its place, and not told of', ambush: { before: 'rename', path: '/renders/.*\\.json$' } },
  {
    name: 'mid-fold at the end',
    ambush: { before: 'writeFile', path: LOCKFILE_TEMP, after: line('delivered'), torn: true },
  },
  {
    name: 'fold written, and not in its place',
    ambush: { before: 'rename', path: LOCKFILE, after: line('delivered') },
  },
  { name: 'lockfile just replaced', ambush: { before: 'rm', path: JOURNAL, after: line('delivered') } },
  {
    name: 'pruned, and not in the journal',
    command: 'prune',
    ambush: { before: 'writeFile', path: JOURNAL, holding: line('pruned') },
  },
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

/** Strikes when a download has brought more than was there before. */
function whenAPartGrows({ store }: Film, strike: () => void): Promise<Disarm> {
  const before = partSizes(store);
  const timer = setInterval(() => {
    for (const [purchase, bytes] of partSizes(store)) if (bytes > (before.get(purchase) ?? 0)) strike();
  }, 1);
  return disarming(() => clearInterval(timer));
}

/** The bytes of each output that is on its way; behind its purchase stands which process fetches it. */
function partSizes(store: string): ReadonlyMap<string, number> {
  const incoming = join(store, 'incoming');
  const parts = ifThere(() => readdirSync(incoming))?.filter((name) => name.endsWith('.part')) ?? [];
  return new Map(
    parts.map((name) => {
      const found = statSync(join(incoming, name), { throwIfNoEntry: false });
      return [name.replace(/\..*/, ''), found?.size ?? 0];
    }),
  );
}

function whileWatching(folder: string, look: () => void): Promise<Disarm> {
  const watcher = watch(folder, look);
  return disarming(() => watcher.close());
}

/** Whether the journal has, or has had, a line of this type that it does not have now. */
function newLines({ journal }: Film, type: string): () => boolean {
  const lines = () => ifThere(() => readFileSync(journal, 'utf8'))?.split('\n') ?? [];
  const old = new Set(lines());
  let hasCome = false;
  return () => (hasCome ||= lines().some((line) => line.includes(`"type":"${type}"`) && !old.has(line)));
}

/**
 * What a look finds; undefined where there is nothing. The command at work removes what a look before has shown to be
 * there, and nobody catches what a watcher throws: the process of the tests would die of it.
 */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function disarming(disarm: () => unknown): Promise<Disarm> {
  return Promise.resolve(() => {
    disarm();
    return Promise.resolve();
  });
}
