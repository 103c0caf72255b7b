import pLimit, { type LimitFunction } from 'p-limit';
import { isoNow } from '../clock.js';
import { spentUsd } from '../cost/budget.js';
import type { Attempt } from '../domain/attempt.js';
import type { EventSink } from '../events.js';
import { findFrameTool } from '../media/frame-tool.js';
import { createPollTiming, type LengthSample } from '../shot/poll-timing.js';
import type { ShotStore } from '../store/shot-store.js';
import { createBudgetLedger } from './budget-ledger.js';
import { pricesBy } from './check-catalogue.js';
import type { Connections } from './connections.js';
import type { Prepared } from './prepare.js';
import type { Project } from './project.js';
import type { RunContext } from './run-context.js';
import { createStopControl } from './stop-control.js';
import { createSubmitGate } from './submit-gate.js';

/** Sets up what all shots of a run share. */
export function createContext({
  project,
  store,
  connections,
  prepared,
  maxCostUsd,
  signal,
  emit,
}: {
  readonly project: Project;
  readonly store: ShotStore;
  readonly connections: Connections;
  readonly prepared: Prepared;
  readonly maxCostUsd: number | undefined;
  readonly signal: AbortSignal;
  readonly emit: EventSink;
}): RunContext {
  const { clock, manifest } = project;
  const control = createStopControl(signal, (reason) =>
    emit({ type: 'run.stopping', at: isoNow(clock), reason }),
  );
  return {
    project,
    store,
    connections,
    control,
    emit,
    clock,
    survey: prepared.surveyed,
    priceOf: pricesBy(prepared.catalogue),
    gate: createSubmitGate(clock),
    timing: createPollTiming({ intervalMs: manifest.poll.intervalMs, history: lengthsOf(store.attempts()) }),
    ledger: createBudgetLedger({
      spentUsd: spentUsd(store.attempts()),
      budgetUsd: manifest.budget_usd,
      maxCostUsd,
    }),
    clips: prepared.clips,
    limits: createLimits(project),
    frameTool: lazily(() => findFrameTool(project.env)),
    serving: new Map(),
    frames: new Map(),
  };
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** How long the jobs of earlier runs took, oldest first. */
function* lengthsOf(attempts: readonly Attempt[]): Generator<LengthSample> {
  for (const { request, times } of attempts) {
    if (times.accepted === undefined || times.completed === undefined) continue;
    const { model, duration, resolution } = request;
    yield { model, duration, resolution, lengthMs: times.completed - times.accepted };
  }
}

/** A model's slot is taken first and a global one second, so that nobody waits while holding a global slot. */
function createLimits({ manifest }: Project): RunContext['limits'] {
  const { jobs, downloads, per_model } = manifest.concurrency;
  const all = pLimit(jobs);
  const perModel = new Map<string, LimitFunction>(
    Object.entries(per_model).map(([model, count]) => [model, pLimit(count)]),
  );
  return {
    job(model, work) {
      const ofModel = perModel.get(model);
      return ofModel ? ofModel(() => all(work)) : all(work);
    },
    download: pLimit(downloads),
    move: pLimit(1),
  };
}
