/** Work that waits for a place among the jobs in flight. */
export interface Waiting {
  readonly model: string;
  /** The higher, the sooner it gets a place; among equals, the order of requests decides. */
  readonly rank: number;
}

/** The places for jobs in flight: a number in all, and for some models a number of their own. */
export interface Places<T extends Waiting> {
  want(work: T): void;
  /** Gives the free places, up to `most`, to the most urgent work; waits until there is one. Rejects when the signal aborts. */
  take(most: number, signal: AbortSignal): Promise<readonly T[]>;
  /** Gives the place of some work back. */
  leave(work: T): void;
}

export function createPlaces<T extends Waiting>(count: {
  readonly jobs: number;
  readonly perModel: Readonly<Record<string, number>>;
}): Places<T> {
  /** Waiting work by model, the next one at the end. */
  const queues = new Map<string, T[]>();
  const free = new Map(Object.entries(count.perModel));
  let freeJobs = count.jobs;
  let wake: (() => void) | undefined;

  /** Of the queues whose model has room, the one with the most urgent work. */
  const nextQueue = (): T[] | undefined => {
    let best: T[] | undefined;
    for (const [model, queue] of queues) {
      if ((free.get(model) ?? 1) <= 0) continue;
      if ((queue.at(-1)?.rank ?? -Infinity) > (best?.at(-1)?.rank ?? -Infinity) || !best) {
        if (queue.length > 0) best = queue;
      }
    }
    return best;
  };
  const handOut = (most: number): T[] => {
    const out: T[] = [];
    while (freeJobs > 0 && out.length < most) {
      const work = nextQueue()?.pop();
      if (!work) break;
      freeJobs--;
      const ofModel = free.get(work.model);
      if (ofModel !== undefined) free.set(work.model, ofModel - 1);
      out.push(work);
    }
    return out;
  };
  return {
    want(work) {
      const queue = queues.get(work.model) ?? [];
      queues.set(work.model, queue);
      queue.splice(placeIn(queue, work.rank), 0, work);
      wake?.();
    },
    async take(most, signal) {
      for (;;) {
        signal.throwIfAborted();
        const out = handOut(most);
        if (out.length > 0) return out;
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener('abort', wake, { once: true });
        });
        if (wake) signal.removeEventListener('abort', wake);
      }
    },
    leave({ model }) {
      freeJobs++;
      const ofModel = free.get(model);
      if (ofModel !== undefined) free.set(model, ofModel + 1);
      wake?.();
    },
  };
}

/** Before all work with this rank or a higher one. */
function placeIn(queue: readonly Waiting[], rank: number): number {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((queue[middle]?.rank ?? Infinity) < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}
