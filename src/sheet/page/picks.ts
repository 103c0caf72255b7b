import type { SheetData } from './data.js';
import type { Memory } from './memory.js';

/** The picked take of each shot, and how to change it. */
export interface Picks {
  pickOf(shot: string): number | undefined;
  /** Picks a take, or undoes its pick. */
  toggle(shot: string, take: number): void;
  /** What `dailies pick` reads; undefined if picks are in the project as soon as they are made. */
  readonly file: (() => PicksFile) | undefined;
  /** How many shots differ from the report: what an export would change in the project. */
  changes(): number;
  onChange(listener: () => void): void;
}

/** What `dailies pick` reads. */
export interface PicksFile {
  readonly version: 1;
  readonly project: string;
  /** Shot to the number of its picked take. */
  readonly picks: Readonly<Record<string, number>>;
}

/**
 * The picked take of each shot: the report's, overridden by changes on this page. Only the changes are
 * remembered, so that an older visit does not hide picks that `dailies pick` has applied since.
 */
export function makePicks(data: SheetData, memory: Memory): Picks {
  const reported = new Map(data.takes.filter((take) => take.picked).map((take) => [take.shot, take.take]));
  const takesOf = new Map<string, Set<number>>();
  for (const { shot, take } of data.takes) takesOf.set(shot, (takesOf.get(shot) ?? new Set()).add(take));
  /** Null: unpicked here, though the report has a pick. */
  const changed = new Map<string, number | null>(remembered());
  const listeners: (() => void)[] = [];

  function remembered(): [string, number | null][] {
    const kept = memory.read('picks');
    if (typeof kept !== 'object' || kept === null) return [];
    return Object.entries(kept).filter(
      (entry): entry is [string, number | null] =>
        (entry[1] === null
          ? takesOf.has(entry[0])
          : (takesOf.get(entry[0])?.has(entry[1] as number) ?? false)) &&
        entry[1] !== (reported.get(entry[0]) ?? null),
    );
  }

  function pickOf(shot: string): number | undefined {
    const change = changed.get(shot);
    return change === undefined ? reported.get(shot) : (change ?? undefined);
  }

  function toggle(shot: string, take: number): void {
    const next = pickOf(shot) === take ? null : take;
    if (next === (reported.get(shot) ?? null)) changed.delete(shot);
    else changed.set(shot, next);
    memory.write('picks', Object.fromEntries(changed));
    for (const listener of listeners) listener();
  }

  function file(): PicksFile {
    const picked = [...takesOf.keys()].flatMap((shot) => {
      const take = pickOf(shot);
      return take === undefined ? [] : [[shot, take] as const];
    });
    return { version: 1, project: data.project, picks: Object.fromEntries(picked) };
  }

  return {
    pickOf,
    toggle,
    file,
    changes: () => changed.size,
    onChange: (listener: () => void) => void listeners.push(listener),
  };
}
