import type { LimitFunction } from 'p-limit';
import { isoNow, type Clock } from '../clock.js';
import type { Attempt, AttemptEvent } from '../domain/attempt.js';
import type { Estimate } from '../domain/money.js';
import type { Take } from '../domain/take.js';
import type { EventSink, RunEvent } from '../events.js';
import type { FrameTool } from '../media/frame-tool.js';
import { advance } from '../shot/advance.js';
import type { FrameFile } from '../shot/order.js';
import type { PollTiming } from '../shot/poll-timing.js';
import type { ShotStore } from '../store/shot-store.js';
import type { BudgetLedger } from './budget-ledger.js';
import type { ClipIndex } from './clip-index.js';
import type { Connections } from './connections.js';
import type { OtherProjects } from './other-projects.js';
import type { Project } from './project.js';
import type { StopControl } from './stop-control.js';
import type { SubmitGate } from './submit-gate.js';
import type { Survey } from './survey.js';
import type { WorkOrder } from './work-order.js';

/** What all shots of one run share. */
export interface RunContext {
  readonly project: Project;
  readonly store: ShotStore;
  readonly connections: Connections;
  /** The price of a take; null where its model has none. */
  readonly priceOf: (take: Take) => Estimate | null;
  readonly survey: Survey;
  readonly order: WorkOrder;
  readonly clock: Clock;
  readonly control: StopControl;
  readonly gate: SubmitGate;
  readonly timing: PollTiming;
  readonly ledger: BudgetLedger;
  readonly clips: ClipIndex;
  /** Read when first asked for, which seldom comes to pass. */
  readonly others: () => Promise<OtherProjects>;
  /** Throws `disk` once the output folder is gone. */
  readonly assertOutput: () => void;
  readonly limits: {
    /** Holds a job's slot: the model's first, where it has a cap, then the global one. The highest rank goes first. */
    readonly job: <T>(
      job: { readonly model: string; readonly rank: number },
      work: () => Promise<T>,
    ) => Promise<T>;
    readonly download: LimitFunction;
    /** Moves of clips on disk: one at a time. */
    readonly move: LimitFunction;
  };
  /** What decodes video here, looked for when it is first needed. */
  readonly frameTool: () => Promise<FrameTool | undefined>;
  /** The attempt that serves a take, by the take's key, as far as the run has come. */
  readonly serving: Map<string, string>;
  /** The attempts this run has begun, by the take's key. */
  readonly begun: Map<string, string[]>;
  /** Frames taken from clips in this run, or on their way. */
  readonly frames: Map<string, Promise<FrameFile>>;
  readonly emit: EventSink;
}

/** The part of an event that says which take it is about. */
export function about(take: Take, clock: Clock) {
  return { at: isoNow(clock), id: take.shot, take: take.take, key: take.key };
}

/** Tells onlookers something that ends nothing. */
export function warn(context: RunContext, message: string, take?: Take): void {
  const event: RunEvent = { type: 'warning', at: isoNow(context.clock), message };
  context.emit(take ? { ...event, key: take.key } : event);
}

/** An event of an attempt without its time. */
type Undated<E> = E extends AttemptEvent ? Omit<E, 'at'> : never;

/** Puts a transition on disk and in the ledger. Resolves when it is safe; throws `disk` where it cannot be. */
export async function record(
  { store, ledger, clips, clock }: Pick<RunContext, 'store' | 'ledger' | 'clips' | 'clock'>,
  attempt: Attempt,
  event: Undated<AttemptEvent>,
): Promise<Attempt> {
  const written = store.apply(attempt.id, { ...event, at: isoNow(clock) });
  const after = store.get(attempt.id);
  ledger.update(attempt, after);
  clips.update(attempt, after);
  try {
    return await written;
  } catch (error) {
    // An intent that could not be written down is taken back: nothing was bought.
    ledger.update(after, store.get(attempt.id));
    throw error;
  }
}

/**
 * As `record`, for what the gateway or the disk would tell again, or the next line about money brings along: nothing waits
 * for the line. A disk that refuses it refuses the next one about money too. Throws `internal` on an illegal move.
 */
export function note(
  { store, ledger, clips, clock }: Pick<RunContext, 'store' | 'ledger' | 'clips' | 'clock'>,
  attempt: Attempt,
  event: Undated<AttemptEvent>,
): Attempt {
  const dated: AttemptEvent = { ...event, at: isoNow(clock) };
  advance(store.get(attempt.id), dated);
  store.apply(attempt.id, dated).catch(() => undefined);
  const after = store.get(attempt.id);
  ledger.update(attempt, after);
  clips.update(attempt, after);
  return after;
}

/** The result of some work, or undefined where it ended because the signal has aborted. */
export async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
