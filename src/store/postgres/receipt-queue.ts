import type { Attempt } from '../../domain/attempt.js';
import { essenceOf } from '../receipt-essence.js';
import type { ReceiptBook, ReceiptsOwner, ReceiptStore } from '../receipt-store.js';

/** The receipts of the projects that a process works on, in any order of its attempts. */
export interface ReceiptQueue {
  /**
   * Resolves when the receipts of a project have the current state of an attempt; at once if they have it already. Attempts that wait
   * meanwhile are written together. Throws as the store of receipts does.
   */
  keep(project: string, attempt: Attempt): Promise<void>;
  close(): Promise<void>;
}

/** One project's. */
interface Queue {
  readonly book: ReceiptBook;
  /** Attempts that the next call of the book takes. */
  due: Map<string, Attempt>;
  /** Settles when those have been written. */
  next: Promise<void> | undefined;
  running: Promise<unknown>;
}

/**
 * A receipt is the current state of an attempt, from any worker: so a worker that takes over adds to what another one has begun.
 * `ownerOf` tells whose receipts a project's are.
 */
export function createReceiptQueue(
  store: ReceiptStore,
  ownerOf: (project: string) => Promise<ReceiptsOwner>,
): ReceiptQueue {
  const queues = new Map<string, Promise<Queue>>();
  const kept = new Map<string, string>();
  const open = async (project: string): Promise<Queue> => ({
    book: store.open(await ownerOf(project), () => undefined),
    ...{ due: new Map(), next: undefined, running: Promise.resolve() },
  });
  const queueOf = (project: string): Promise<Queue> => {
    const known = queues.get(project);
    if (known) return known;
    const fresh = open(project);
    queues.set(project, fresh);
    fresh.catch(() => queues.delete(project));
    return fresh;
  };
  const flush = async (queue: Queue): Promise<void> => {
    await queue.running.catch(() => undefined);
    const { due } = queue;
    queue.due = new Map();
    queue.next = undefined;
    queue.running = queue.book.append([...due.values()].map((attempt) => ({ type: 'restored', attempt })));
    await queue.running;
    for (const attempt of due.values()) kept.set(attempt.id, essenceOf(attempt));
  };
  return {
    async keep(project, attempt) {
      if (kept.get(attempt.id) === essenceOf(attempt)) return;
      const queue = await queueOf(project);
      // A receipt names no path.
      const { names: _, ...rest } = attempt;
      queue.due.set(attempt.id, rest);
      await (queue.next ??= flush(queue));
      if (attempt.state.kind === 'delivered') kept.delete(attempt.id);
    },
    async close() {
      for (const opened of queues.values()) {
        const queue = await opened.catch(() => undefined);
        await queue?.running.catch(() => undefined);
        await queue?.book.close();
      }
    },
  };
}
