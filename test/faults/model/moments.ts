import type { RunEnd } from './story.js';

/** Counts what happens in a run, and strikes when it is time. */
export interface Moments {
  readonly hasStruck: boolean;
  /** Something has happened. */
  pass(): void;
  /** The run is over: nothing strikes any more. */
  end(): void;
}

export function countMoments(end: RunEnd, strike: () => void): Moments {
  let momentsLeft = end.how === 'itself' ? Infinity : end.moment;
  let turnsLeft = end.how === 'itself' ? 0 : end.turns;
  let isOver = false;
  let hasStruck = false;
  const turn = () => {
    if (isOver) return;
    if (turnsLeft-- > 0) setImmediate(turn);
    else {
      hasStruck = true;
      strike();
    }
  };
  return {
    get hasStruck() {
      return hasStruck;
    },
    pass() {
      if (--momentsLeft === 0) setImmediate(turn);
    },
    end() {
      isOver = true;
    },
  };
}

/** Somebody who reads the state again and again while a run is at work: it has to be whole at every moment. */
export interface Reader {
  look(): void;
  /** What could not be read, in words. */
  close(): Promise<readonly string[]>;
}

export function openReader(read: () => Promise<unknown>): Reader {
  const wrong: string[] = [];
  let reading: Promise<unknown> | undefined;
  return {
    look() {
      reading ??= read()
        .catch((error: unknown) => wrong.push(`while a run was on: ${String(error)}`))
        .finally(() => (reading = undefined));
    },
    async close() {
      await reading;
      return wrong;
    },
  };
}
