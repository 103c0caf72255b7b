/** Lets work on one key come one after the other, whatever becomes of each; work on different keys goes side by side. */
export function createTurns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const turns = new Map<string, Promise<void>>();
  return (key, work) => {
    const turn = (turns.get(key) ?? Promise.resolve()).then(work);
    const end: Promise<void> = turn
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (turns.get(key) === end) turns.delete(key);
      });
    turns.set(key, end);
    return turn;
  };
}
