import type { NotDelivered, RunEvent, Spent } from '../events.js';
import { createTimeLeft, type Cohort, type RunningJob } from './time-left.js';

/** A take that is being worked on. */
export interface ActiveShot {
  readonly key: string;
  readonly model: string;
  readonly state: 'sending' | 'queued' | 'rendering' | 'downloading';
  /** Milliseconds since 1970 of the submit, or of the download's start. */
  readonly sinceMs: number;
  readonly expectedMs?: number | undefined;
  /** Of the download, as of `bytesAtMs`. */
  readonly bytes?: number;
  readonly bytesAtMs?: number;
  readonly totalBytes?: number | undefined;
}

/** A run as its events describe it; every view is drawn from this. */
export interface RunState {
  readonly project: string;
  readonly sandbox: boolean;
  readonly total: number;
  readonly delivered: number;
  readonly reused: number;
  /** Takes that this run will not deliver, by outcome. */
  readonly lost: ReadonlyMap<NotDelivered, number>;
  /** Oldest first. */
  readonly active: ReadonlyMap<string, ActiveShot>;
  /** Money of the whole project, as the run counts it. */
  readonly spentUsd: number;
  /** The cost of some job is not reported: `spentUsd` counts it at its upper estimate, or not at all. */
  readonly spentIsApproximate: boolean;
  readonly budgetUsd: number | null;
  /** Length of the longest key that may come to be shown. */
  readonly keyWidth: number;
}

export interface RunView {
  readonly state: RunState;
  handle(event: RunEvent, now: number): void;
  /** Milliseconds; undefined while nothing is known about some jobs to come. */
  timeLeftMs(now: number): number | undefined;
}

/** What is kept of a take from its plan to its end. */
interface PlannedTake {
  readonly cohort: Cohort;
  waiting: boolean;
}

/** Updates the state of a run with its events. */
export function createRunView(): RunView {
  const takes = new Map<string, PlannedTake>();
  const waiting = new Map<Cohort, number>();
  const active = new Map<string, ActiveShot>();
  const lost = new Map<NotDelivered, number>();
  const timeLeft = createTimeLeft();
  const state = {
    project: '',
    sandbox: false,
    total: 0,
    delivered: 0,
    reused: 0,
    lost,
    active,
    spentUsd: 0,
    spentIsApproximate: false,
    budgetUsd: null as number | null,
    keyWidth: 0,
  };
  let concurrency = 1;
  let inFlight = 0;
  let mostInFlight = 0;

  const setWaiting = (key: string, waits: boolean): void => {
    const take = takes.get(key);
    if (take === undefined || take.waiting === waits) return;
    take.waiting = waits;
    waiting.set(take.cohort, (waiting.get(take.cohort) ?? 0) + (waits ? 1 : -1));
  };

  const setActive = (key: string, shot: ActiveShot | undefined): void => {
    if (isInFlight(active.get(key))) inFlight -= 1;
    if (isInFlight(shot)) inFlight += 1;
    mostInFlight = Math.max(mostInFlight, inFlight);
    if (shot === undefined) active.delete(key);
    else active.set(key, shot);
  };

  const setSpent = (spent: Spent): void => {
    state.spentUsd = spent.spent_usd;
    state.spentIsApproximate = spent.spent_estimated + spent.spent_unpriced > 0;
  };

  const handle = (event: RunEvent, now: number): void => {
    switch (event.type) {
      case 'run.started':
        state.project = event.project;
        state.sandbox = event.gateway === 'sandbox';
        state.total = event.total;
        state.spentUsd = event.spent_usd;
        state.spentIsApproximate = event.spent_unpriced > 0;
        state.budgetUsd = event.budget_usd;
        concurrency = event.concurrency;
        return;
      case 'shot.planned': {
        const { action, model, key } = event;
        if (action === 'reuse' || action === 'orphan') return;
        const cohort = `${model} ${event.duration ?? ''}`;
        takes.set(key, { cohort, waiting: false });
        if (action === 'held') return;
        state.keyWidth = Math.max(state.keyWidth, key.length);
        if (event.expected_ms !== undefined) timeLeft.expect(cohort, event.expected_ms);
        if (action !== 'download') setWaiting(key, true);
        return;
      }
      case 'shot.submitting':
        setWaiting(event.key, false);
        setActive(event.key, { key: event.key, model: event.model, state: 'sending', sinceMs: now });
        return;
      case 'shot.submitted': {
        setSpent(event);
        const sinceMs = active.get(event.key)?.sinceMs ?? now;
        setActive(event.key, { key: event.key, model: event.model, state: 'queued', sinceMs });
        return;
      }
      case 'shot.progress':
        setWaiting(event.key, false);
        setActive(event.key, {
          key: event.key,
          model: event.model,
          state: event.status === 'pending' ? 'queued' : 'rendering',
          sinceMs: now - event.elapsed_ms,
          expectedMs: event.expected_ms,
        });
        return;
      case 'shot.completed': {
        setSpent(event);
        setWaiting(event.key, false);
        const take = takes.get(event.key);
        if (take !== undefined) timeLeft.learn(take.cohort, event.elapsed_ms);
        setActive(event.key, { key: event.key, model: event.model, state: 'downloading', sinceMs: now });
        return;
      }
      case 'shot.downloading': {
        const known = active.get(event.key);
        setActive(event.key, {
          key: event.key,
          model: known?.model ?? '',
          state: 'downloading',
          sinceMs: known?.bytes === undefined ? now : known.sinceMs,
          bytes: event.bytes,
          bytesAtMs: now,
          totalBytes: event.total_bytes,
        });
        return;
      }
      case 'shot.delivered':
        setSpent(event);
        setWaiting(event.key, false);
        setActive(event.key, undefined);
        state.delivered += 1;
        if (event.reused) state.reused += 1;
        return;
      case 'shot.not_delivered':
        setSpent(event);
        setActive(event.key, undefined);
        setWaiting(event.key, event.will_retry);
        if (!event.will_retry) lost.set(event.outcome, (lost.get(event.outcome) ?? 0) + 1);
        return;
      case 'diagnostic':
      case 'warning':
      case 'run.slowed':
      case 'run.stopping':
      case 'run.finished':
        return;
    }
  };

  const timeLeftMs = (now: number): number | undefined => {
    const running: RunningJob[] = [];
    for (const shot of active.values()) {
      if (!isInFlight(shot)) continue;
      const { key, sinceMs, expectedMs } = shot;
      running.push({ cohort: takes.get(key)?.cohort ?? '', elapsedMs: now - sinceMs, expectedMs });
    }
    // A limit for one model may keep the run below its cap for good, so the number it has reached counts.
    return timeLeft.estimate({ running, waiting, cap: Math.min(concurrency, Math.max(1, mostInFlight)) });
  };

  return { state, handle, timeLeftMs };
}

/** How many takes the run is done with, whether well or not. */
export function settledTakes({ delivered, lost }: RunState): number {
  return [...lost.values()].reduce((sum, takes) => sum + takes, delivered);
}

function isInFlight(shot: ActiveShot | undefined): boolean {
  return shot !== undefined && shot.state !== 'downloading';
}
