/** What a worker of a storm is told. */
export interface ChaosWorkerTerms {
  readonly url: string;
  readonly gateway: string;
  readonly name: string;
  readonly places: number;
  readonly lease: { readonly leaseMs: number; readonly beatMs: number };
}

/** The script of a worker: it claims, buys, follows and delivers until it is killed. */
export function chaosWorker(terms: ChaosWorkerTerms): string {
  return `
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, isoNow } from './clock.js';
import { isCompleted, isInFlight, isLive } from './domain/standing.js';
import { openPostgresAttempts } from './store/postgres/open-store.js';
const { url, gateway, name, places, lease } = ${JSON.stringify(terms)};
const { signal } = new AbortController();
const at = () => isoNow(systemClock);
const store = await openPostgresAttempts({ url, name, clock: systemClock, accounts: [{ gateway }], parseOrder: (doc) => doc, lease });
const submit = async ({ key, model }) => {
  try {
    const answer = await fetch(gateway + '/?slot=' + key + '&model=' + model, { method: 'POST' });
    if (answer.status === 429)
      return { kind: 'not_accepted', reason: 'rate_limited', message: '429', retryAfterMs: 50 };
    return { kind: 'accepted', job: { id: (await answer.json()).id }, status: 'pending' };
  } catch (error) {
    return { kind: 'uncertain', message: error.message };
  }
};
const buy = async (claim) => {
  for (;;) {
    const verdict = await store.intend(claim, claim.order.purchase, randomUUID());
    if (verdict.kind === 'wait') await sleep(verdict.ms);
    else if (verdict.kind !== 'go') return undefined;
    else {
      const { attempt } = verdict;
      const sentAtMs = systemClock.elapsed();
      if (!store.isOurs(attempt)) return store.record(attempt, { type: 'not_accepted', at: at(), message: 'late' });
      const after = await store.settle(attempt, await submit(claim.order), sentAtMs);
      if (after.state.kind !== 'planned') return after;
    }
  }
};
const work = async (claim) => {
  let attempt = claim.attempt && isLive(claim.attempt) ? claim.attempt : await buy(claim);
  while (attempt && isInFlight(attempt)) {
    const answer = await fetch(gateway + '/' + attempt.state.job.id).then((found) => found.json(), () => ({}));
    if (answer.isDone) attempt = store.note(attempt, { type: 'completed', at: at(), cost_usd: 0.5 });
    else await sleep(40);
  }
  if (attempt && isCompleted(attempt)) await store.deliver(attempt, [], () => sleep(5));
};
let [active, wake] = [0, () => undefined];
for (;;) {
  const claims = active < places ? await store.claim(places - active, signal) : [];
  for (const claim of claims) {
    active++;
    work(claim)
      .catch((error) => { if (error.code !== 'taken-over') console.error(name, error); })
      .then(() => store.finish(claim))
      .catch((error) => console.error(name, error))
      .finally(() => { active--; wake(); });
  }
  if (active >= places) await new Promise((resolve) => (wake = resolve));
}
`;
}
