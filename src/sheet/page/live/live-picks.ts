import type { SheetTake } from '../data.js';
import type { Picks } from '../picks.js';
import type { Base } from '../service.js';
import type { Connection } from './connection.js';
import type { Unblocked } from './facts.js';

/** A change of a pick: from which take to which, null for none. */
export interface PickChange {
  readonly shot: string;
  readonly before: number | null;
  readonly take: number | null;
}

/**
 * Picks that are saved as they are made. What the person has done shows at once, and goes back if the server could not
 * save it; what others pick shows as it comes.
 */
export function makeLivePicks(
  { data, stock }: Base,
  {
    connection,
    saved,
    failed,
  }: {
    readonly connection: Connection;
    readonly saved: (change: PickChange, unblocked: Unblocked) => void;
    readonly failed: (change: PickChange, error: unknown) => void;
  },
) {
  let reported = reportedNow();
  const asked = new Map<string, number | null>();
  const listeners: (() => void)[] = [];

  stock.onChange(() => {
    const before = reported;
    reported = reportedNow();
    const isSame =
      before.size === reported.size && [...before].every(([shot, take]) => reported.get(shot) === take);
    if (!isSame) tell();
  });

  function reportedNow(): Map<string, number> {
    const isPicked = (take: SheetTake): boolean => take.picked;
    return new Map(data.takes.filter(isPicked).map((take) => [take.shot, take.take]));
  }

  function pickOf(shot: string): number | undefined {
    const wish = asked.get(shot);
    return wish === undefined ? reported.get(shot) : (wish ?? undefined);
  }

  function tell(): void {
    for (const listener of listeners) listener();
  }

  async function save(change: PickChange): Promise<void> {
    const { shot, take } = change;
    asked.set(shot, take);
    tell();
    try {
      const unblocked = await connection.ask<Unblocked>('pick', { shot, take });
      if (take === null) reported.delete(shot);
      else reported.set(shot, take);
      asked.delete(shot);
      saved(change, unblocked);
    } catch (error) {
      asked.delete(shot);
      tell();
      failed(change, error);
    }
  }

  const picks: Picks = {
    pickOf,
    toggle(shot, take) {
      const before = pickOf(shot) ?? null;
      void save({ shot, before, take: before === take ? null : take });
    },
    // They are in the project already: there is nothing to export.
    file: undefined,
    changes: () => 0,
    onChange: (listener) => void listeners.push(listener),
  };
  return { picks, save };
}
