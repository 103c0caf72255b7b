/** Runs work on one key in turn, even if some of it fails; work on different keys runs at the same time. */
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
