import pLimit from 'p-limit';
import { isoNow } from '../clock.js';
import type { Attempt, AttemptStateKind } from '../domain/attempt.js';
import type { EventSink } from '../events.js';
import { findFrameTool } from '../media/frame-tool.js';
import { createPollTiming, type LengthSample } from '../shot/poll-timing.js';
import { openFolder } from '../store/clip-file.js';
import type { ShotStore } from '../store/shot-store.js';
import { createBudgetLedger } from './budget-ledger.js';
import { readOtherProjects } from './other-projects.js';
import { pricesBy } from './prices.js';
import type { Connections } from './connections.js';
import type { Prepared } from './prepare.js';
import type { Project } from './project.js';
import type { RunContext } from './run-context.js';
import { createSlots } from './slots.js';
import { createStopControl } from './stop-control.js';
import { createSubmitGate } from './submit-gate.js';
import { workOrder } from './work-order.js';

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
  const control = createStopControl({
    signal,
    clock,
    onStop: (reason) => emit({ type: 'run.stopping', at: isoNow(clock), reason }),
  });
  const survey = prepared.surveyed;
  const timing = createPollTiming({
    intervalMs: manifest.poll.intervalMs,
    history: lengthsOf(store.attempts()),
  });
  return {
    project,
    store,
    connections,
    control,
    emit,
    clock,
    survey,
    order: workOrder({ survey, timing }),
    priceOf: pricesBy(prepared.catalogue, project),
    gate: createSubmitGate(clock),
    timing,
    ledger: createBudgetLedger({
      attempts: store.attempts(),
      budgetUsd: manifest.budget_usd,
      maxCostUsd,
    }),
    clips: prepared.clips,
    others: lazily(() => readOtherProjects(project.paths)),
    assertOutput: openFolder(project.paths.output),
    limits: createLimits(project),
    frameTool: lazily(() => findFrameTool(project.env)),
    serving: new Map(),
    begun: new Map(),
    frames: new Map(),
  };
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** How long the jobs of earlier runs took, oldest first: those that brought a clip, and whose run saw them end. */
function* lengthsOf(attempts: readonly Attempt[]): Generator<LengthSample> {
  for (const { request, state, times } of attempts) {
    if (times.accepted === undefined || times.completed === undefined) continue;
    if (times.resumed !== undefined || FRUITLESS.has(state.kind)) continue;
    const { model, duration, resolution } = request;
    yield { model, duration, resolution, lengthMs: times.completed - times.accepted };
  }
}

const FRUITLESS = new Set<AttemptStateKind>(['failed', 'cancelled', 'expired']);

/** A model's slot is taken first and a global one second, so that nobody waits while holding a global slot. */
function createLimits({ manifest }: Project): RunContext['limits'] {
  const { jobs, downloads, per_model } = manifest.concurrency;
  const all = createSlots(jobs);
  const perModel = new Map(Object.entries(per_model).map(([model, count]) => [model, createSlots(count)]));
  return {
    job({ model, rank }, work) {
      const ofModel = perModel.get(model);
      return ofModel ? ofModel.run(rank, () => all.run(rank, work)) : all.run(rank, work);
    },
    download: pLimit(downloads),
    move: pLimit(1),
  };
}
