import { createAnnouncements } from '../src/shot/announcements.js';
import {
  createPollTiming,
  type JobKind,
  type JobProgress,
  type LengthSample,
} from '../src/shot/poll-timing.js';

/** A job whose length the gateway knows, and the client finds out by asking. */
export interface SimulatedJob extends JobKind {
  readonly lengthMs: number;
}

/** A way of polling: the wait before the next poll, and what it makes of a job that was found completed. */
export interface PollPolicy {
  waitMs(job: JobProgress): number;
  learn?(completed: LengthSample): void;
  /** Told how each end was found: by an event, or by a poll, and of an event that comes after that. */
  found?(how: 'announced' | 'missed' | 'late'): void;
}

/** How the gateway announces ends: after so long, and which share of the events is lost. */
export interface SimulatedEvents {
  readonly afterMs: number;
  readonly lost: number;
  readonly seed: number;
}

/** How a policy did on a batch. */
export interface PollResult {
  /** How long completed jobs went unnoticed, as a share of their length; the mean over the jobs. */
  readonly unnoticed: number;
  readonly pollsPerJob: number;
  /** Until the last job was noticed, through the bound that arithmetic gives: max(longest, sum / cap). */
  readonly makespan: number;
}

/** One line of the table. */
export interface PollRow extends PollResult {
  readonly policy: string;
  readonly mix: string;
}

/** Every policy on the mix, and on the same with lengths that jump in the middle of the run. Deterministic. */
export function comparePolling(setup: { readonly seed: number; readonly cap: number }): readonly PollRow[] {
  const policies: readonly (readonly [string, () => PollPolicy])[] = [
    ['fixed 30 s', () => fixedPolling(30_000)],
    ['fixed 10 s', () => fixedPolling(10_000)],
    ['learned', () => learnedPolling(10_000)],
  ];
  const mixes: readonly (readonly [string, number])[] = [
    ['steady', 1],
    ['× 3 midway', 3],
    ['÷ 3 midway', 1 / 3],
  ];
  return mixes.flatMap(([mix, jump]) => {
    const jobs = jobMix({ seed: setup.seed, jump });
    return policies.map(([policy, create]) => ({
      policy,
      mix,
      ...simulate({ jobs, policy: create(), cap: setup.cap }),
    }));
  });
}

/** What a gateway's events change, on the mix: all of them arrive, one in ten is lost, or none is sent. Deterministic. */
export function compareEvents(setup: { readonly seed: number; readonly cap: number }): readonly PollRow[] {
  const { seed, cap } = setup;
  const jobs = jobMix({ seed, jump: 1 });
  const rows: readonly (readonly [string, SimulatedEvents | undefined])[] = [
    ['all arrive', { afterMs: EVENT_MS, lost: 0, seed }],
    ['one in ten is lost', { afterMs: EVENT_MS, lost: 0.1, seed }],
    ['none is sent', undefined],
  ];
  return rows.map(([mix, events]) => ({
    policy: 'with --callback',
    mix,
    ...simulate({ jobs, policy: announcedPolling(10_000), cap, ...(events ? { events } : {}) }),
  }));
}

/** How long after the end an event arrives. */
const EVENT_MS = 100;

/**
 * Two hundred jobs of one model at a cap, whose lengths nobody knows beforehand: how long they take, through what the same order takes if
 * each end is noticed at once. Lengths are drawn evenly from 30 to 250 s.
 */
export function eventMakespan(setup: { readonly seed: number; readonly cap: number }): number {
  const { seed, cap } = setup;
  const random = randomFrom(seed);
  const jobs = Array.from({ length: 200 }, () => ({ model: 'a/b', lengthMs: 30_000 + 220_000 * random() }));
  const events = { afterMs: EVENT_MS, lost: 0, seed };
  const noticed = simulate({ jobs, policy: announcedPolling(10_000), cap, events });
  const atOnce = simulate({ jobs, policy: fixedPolling(Infinity), cap, events: { ...events, afterMs: 0 } });
  return noticed.makespan / atOnce.makespan;
}

/** The rows as a Markdown table. */
export function pollTable(rows: readonly PollRow[]): string {
  const lines = rows.map(({ policy, mix, unnoticed, pollsPerJob, makespan }) =>
    [
      mix,
      policy,
      `${(unnoticed * 100).toFixed(1)} %`,
      pollsPerJob.toFixed(1),
      `${makespan.toFixed(3)} ×`,
    ].join(' | '),
  );
  const head = [
    'lengths | polls | unnoticed | polls a job | makespan of the bound',
    '--- | --- | --: | --: | --:',
  ];
  return [...head, ...lines].map((line) => `| ${line} |`).join('\n');
}

/**
 * Three hundred jobs, fifty of each of six models whose median lengths are 30 to 240 s, log-normal with a spread
 * of 0.2, in random order. From the middle on, lengths are multiplied by `jump`.
 */
export function jobMix(setup: { readonly seed: number; readonly jump: number }): readonly SimulatedJob[] {
  const random = randomFrom(setup.seed);
  const jobs = MEDIAN_SECONDS.flatMap((seconds, model) =>
    Array.from({ length: JOBS_PER_MODEL }, () => ({
      model: `model-${model}`,
      lengthMs: seconds * 1000 * Math.exp(0.2 * normalFrom(random)),
      order: random(),
    })),
  );
  jobs.sort((a, b) => a.order - b.order);
  return jobs.map(({ model, lengthMs }, index) => ({
    model,
    duration: 4,
    resolution: '720p',
    lengthMs: lengthMs * (index < jobs.length / 2 ? 1 : setup.jump),
  }));
}

export function fixedPolling(intervalMs: number): PollPolicy {
  return { waitMs: () => intervalMs };
}

export function learnedPolling(intervalMs: number): PollPolicy {
  const timing = createPollTiming({ intervalMs });
  return {
    waitMs: (job) => timing.nextWaitMs(job),
    learn: (completed) => timing.learn(completed),
  };
}

/** As `learnedPolling`, with polls as rare as the gateway's events let them be. */
function announcedPolling(intervalMs: number): PollPolicy {
  const timing = createPollTiming({ intervalMs });
  const announcements = createAnnouncements();
  return {
    waitMs: (job) => timing.nextWaitMs({ ...job, silence: announcements.silence() }),
    learn: (completed) => timing.learn(completed),
    found(how) {
      if (how === 'announced') announcements.heard();
      else if (how === 'missed') announcements.missed();
      else announcements.cameLate();
    },
  };
}

/**
 * Runs a batch on a simulated clock: a slot is refilled the moment its job is noticed, and a poll takes no time. An event
 * causes one poll.
 */
export function simulate(batch: {
  readonly jobs: readonly SimulatedJob[];
  readonly policy: PollPolicy;
  readonly cap: number;
  /** Without it the gateway announces nothing. */
  readonly events?: SimulatedEvents;
}): PollResult {
  const { jobs, policy, cap, events } = batch;
  const random = randomFrom(events?.seed ?? 0);
  const running: Running[] = [];
  let submitted = 0;
  let polls = 0;
  let unnoticed = 0;
  let nowMs = 0;

  const submitNext = () => {
    const job = jobs[submitted];
    if (!job) return;
    submitted++;
    const eventMs = events && random() >= events.lost ? nowMs + job.lengthMs + events.afterMs : Infinity;
    running.push({
      job,
      startMs: nowMs,
      eventMs,
      pollMs: Math.min(eventMs, nowMs + policy.waitMs({ ...job, elapsedMs: 0, pollsSoFar: 0 })),
      polls: 0,
      unfinishedMs: 0,
    });
  };
  while (running.length < cap && submitted < jobs.length) submitNext();

  for (let slot = nextToPoll(running); slot !== undefined; slot = nextToPoll(running)) {
    nowMs = slot.pollMs;
    polls++;
    slot.polls++;
    const { job } = slot;
    const elapsedMs = nowMs - slot.startMs;
    if (elapsedMs < job.lengthMs) {
      slot.unfinishedMs = elapsedMs;
      const nextMs = nowMs + policy.waitMs({ ...job, elapsedMs, pollsSoFar: slot.polls });
      slot.pollMs = Math.min(slot.eventMs, nextMs);
      continue;
    }
    unnoticed += (elapsedMs - job.lengthMs) / job.lengthMs;
    const isAnnounced = slot.eventMs <= nowMs;
    policy.found?.(isAnnounced ? 'announced' : 'missed');
    if (!isAnnounced && slot.eventMs < Infinity) policy.found?.('late');
    const unfinishedMs = isAnnounced ? undefined : slot.unfinishedMs;
    policy.learn?.({ ...job, lengthMs: elapsedMs, unfinishedMs });
    running.splice(running.indexOf(slot), 1);
    submitNext();
  }

  const lengths = jobs.map((job) => job.lengthMs);
  const bound = Math.max(lengths.reduce((a, b) => a + b, 0) / cap, ...lengths);
  return { unnoticed: unnoticed / jobs.length, pollsPerJob: polls / jobs.length, makespan: nowMs / bound };
}

interface Running {
  readonly job: SimulatedJob;
  readonly startMs: number;
  /** When the event about its end arrives; Infinity: never. */
  readonly eventMs: number;
  pollMs: number;
  polls: number;
  unfinishedMs: number;
}

const MEDIAN_SECONDS = [30, 45, 70, 110, 160, 240];
const JOBS_PER_MODEL = 50;

function nextToPoll(running: readonly Running[]): Running | undefined {
  return running.reduce<Running | undefined>(
    (first, slot) => (first && first.pollMs <= slot.pollMs ? first : slot),
    undefined,
  );
}

/** Mulberry32: a small generator whose numbers hang on the seed alone. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A standard normal number, by Box and Muller. */
function normalFrom(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
