/** A number of places for work that runs at once. */
export interface Slots {
  /**
   * Does the work as soon as a place is free. Of those that wait the highest rank goes first, among equals who
   * came first.
   */
  run<T>(rank: number, work: () => Promise<T>): Promise<T>;
}

export function createSlots(count: number): Slots {
  /** By rank, the next one at the end. */
  const waiting: { readonly rank: number; readonly begin: () => void }[] = [];
  let free = count;

  const enter = async (rank: number): Promise<void> => {
    if (free === 0) {
      await new Promise<void>((begin) => waiting.splice(placeOf(rank), 0, { rank, begin }));
    } else free--;
  };
  /** Before all that wait with this rank or a higher one. */
  const placeOf = (rank: number): number => {
    let [low, high] = [0, waiting.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((waiting[middle]?.rank ?? Infinity) < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const leave = (): void => {
    const next = waiting.pop();
    // The place goes from hand to hand: it is never free in between.
    if (next) next.begin();
    else free++;
  };
  return {
    async run(rank, work) {
      await enter(rank);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
