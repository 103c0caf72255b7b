/*
 * A worker that does nothing but what the store asks of it: claim, intend, settle, the note of the job's end, deliver, finish, for
 * jobs of no length at no gateway. `count` has it say what it has done so far; it hands over
 * and ends when its parent lets go of it.
 */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../src/clock.js';
import { isLive } from '../src/domain/standing.js';
import { orderDocument, parseOrder } from '../src/flow/batch/order-document.js';
import type { JobOrder } from '../src/flow/work/worker.js';
import { recordRequest } from '../src/shot/order.js';
import type { Claim } from '../src/store/attempt-store.js';
import { openPostgresAttempts } from '../src/store/postgres/open-store.js';

/** What it says. */
export interface WorkerCounts {
  readonly takes: number;
  readonly requestBytes: number;
  readonly cpuMs: number;
}

const [url = '', gateway = '', places = ''] = process.argv.slice(2);
const ending = new AbortController();
const counts = { takes: 0, requestBytes: 0 };
const at = () => new Date().toISOString();
const store = await openPostgresAttempts<JobOrder>({
  ...{ url, clock: systemClock, accounts: [{ gateway }], parseOrder, documentOf: orderDocument },
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ ...counts, cpuMs: (user + system) / 1000 });
});
process.on('disconnect', () => ending.abort());
process.send?.('ready');

async function work(claim: Claim<JobOrder>): Promise<void> {
  const { order, attempt: before } = claim;
  if (order.kind !== 'buy' || (before && isLive(before))) throw new Error('no order of this benchmark');
  const request = recordRequest(order.order, () => undefined);
  const verdict = await store.intend(claim, { ...order.purchase, request }, randomUUID());
  if (verdict.kind !== 'go') throw new Error(`the intent came to ${verdict.kind}`);
  const sentAtMs = systemClock.elapsed();
  const accepted = { kind: 'accepted', job: { id: randomUUID() }, status: 'pending' } as const;
  const pending = await store.settle(verdict.attempt, accepted, sentAtMs);
  const completed = store.note(pending, { type: 'completed', at: at(), cost_usd: 0.05 });
  // A clip takes longer than a moment: the end of the job is written down by itself.
  await store.deliver(completed, [], () => new Promise((resolve) => setImmediate(resolve)));
  await store.finish(claim);
  counts.takes += 1;
  counts.requestBytes += JSON.stringify(request).length;
}

const active = new Set<Promise<void>>();
while (!ending.signal.aborted) {
  const claims = await store.claim(Number(places) - active.size, ending.signal).catch(() => []);
  for (const claim of claims) {
    const done = work(claim).finally(() => active.delete(done));
    active.add(done);
  }
  if (active.size >= Number(places)) await Promise.race(active);
}
await Promise.all(active);
await store.close();
