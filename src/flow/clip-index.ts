import { clipsOnRecord, type Attempt } from '../domain/attempt.js';

/** Which attempt owns the clip at a path, as the lockfile keeps paths; without regard to letter case. */
export interface ClipIndex {
  ownerOf(storedPath: string): string | undefined;
  /** An attempt has changed. */
  update(before: Attempt, after: Attempt): void;
}

/** Where several have one path on record, it is the last one's whose clip is there. */
export function createClipIndex(
  attempts: readonly Attempt[],
  isThere: (attempt: Attempt) => boolean = () => true,
): ClipIndex {
  const owners = new Map<string, string>();
  const add = (attempt: Attempt) => {
    // Where a clip is gone, the place is its own until another comes there.
    for (const path of pathsOf(attempt))
      if (!attempt.gone_clips || !owners.has(path)) owners.set(path, attempt.id);
  };
  for (const attempt of attempts) if (!isThere(attempt)) add(attempt);
  for (const attempt of attempts) if (isThere(attempt)) add(attempt);
  return {
    ownerOf: (storedPath) => owners.get(storedPath.toLowerCase()),
    update(before, after) {
      for (const path of pathsOf(before)) if (owners.get(path) === before.id) owners.delete(path);
      add(after);
    },
  };
}

function pathsOf(attempt: Attempt): string[] {
  return clipsOnRecord(attempt).map(({ path }) => path.toLowerCase());
}
