import { isoNow } from '../../clock.js';
import { DailiesError, messageOf } from '../../errors.js';
import type { PostgresStore } from '../../store/postgres/open-store.js';
import { gatewayIdentity } from '../project/connections.js';
import type { WorkTools } from '../work/tools.js';
import type { JobOrder } from '../work/worker.js';
import { planBatch } from './plan-batch.js';
import type { WorkerOptions } from './work.js';

/** Plans batches one after the other, whenever some may need it; returns a function that asks for it. */
export function planner(
  options: WorkerOptions,
  { store, tools }: { readonly store: PostgresStore<JobOrder>; readonly tools: WorkTools },
): () => void {
  const { clock, onEvent, paths, env, clips, targets } = options;
  const { control, timing } = tools;
  let isPlanning = false;
  const planNext = async (): Promise<boolean> => {
    const batch = await store.toPlan();
    if (!batch) return false;
    try {
      const place = { paths, env, clock };
      const target = targets.find((one) => gatewayIdentity(one) === batch.gateway);
      if (!target) return true;
      const offered = await store.whilePlanning(batch.project, batch.batch, (attempts) =>
        planBatch(attempts, batch, { place: { ...place, target }, clips, timing, signal: control.working }),
      );
      if (!offered) return true;
      const counts = { offered: offered.buying + offered.fetching, waiting: offered.waiting };
      const about = { project: batch.name, batch: batch.batch };
      onEvent({ type: 'worker.planned', at: isoNow(clock), ...about, ...counts });
    } catch (error) {
      if (control.working.aborted) return false;
      const isPassing =
        error instanceof DailiesError && ['store-unreachable', 'bucket', 'disk'].includes(error.code);
      const message = `${batch.name} cannot be planned: ${messageOf(error)}`;
      onEvent({ type: 'worker.trouble', at: isoNow(clock), message });
      if (isPassing) return false;
      await store.stopBatch(batch.batch, { message });
    }
    return true;
  };
  const planAll = async (): Promise<void> => {
    isPlanning = true;
    while (!control.reason && (await planNext()));
  };
  return () => {
    if (isPlanning) return;
    planAll()
      .catch((error: unknown) => {
        onEvent({ type: 'worker.trouble', at: isoNow(clock), message: messageOf(error) });
      })
      .finally(() => (isPlanning = false));
  };
}
