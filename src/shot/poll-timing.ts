import {
  expectedBefore,
  likelihood,
  nextPollAt,
  windowEndMs,
  windowStartMs,
  type Forecast,
} from './poll-forecast.js';

/** What makes jobs alike in length. */
export interface JobKind {
  readonly model: string;
  /** Seconds, as requested. */
  readonly duration?: number | undefined;
  readonly resolution?: string | undefined;
}

/** How long a completed job took. */
export interface LengthSample extends JobKind {
  /** From the gateway's acceptance to the poll that found the job completed. */
  readonly lengthMs: number;
  /** The job's age at the last poll that found it unfinished; 0: there was none. Absent: not known, and taken for just before. */
  readonly unfinishedMs?: number | undefined;
}

/** The state of a job when its next poll is timed. */
export interface JobProgress extends JobKind {
  /** Since the gateway accepted it. */
  readonly elapsedMs: number;
  /** In this run. */
  readonly pollsSoFar: number;
  /** How likely it is that nobody announces its end (`Announcements.silence`); 1 where absent. */
  readonly silence?: number | undefined;
}

/** Says when to ask for a job again, and learns from those that have completed. It keeps no clock. */
export interface PollTiming {
  /** How long to wait before the next poll, in milliseconds; 0 where the first one is overdue. */
  nextWaitMs(job: JobProgress): number;
  learn(completed: LengthSample): void;
  /** How long such jobs take from acceptance to completion; undefined if none of the model was seen, and nothing is published. */
  expectedMs(kind: JobKind): number | undefined;
  /** After how long hardly any such job is still at work; undefined if nothing is known of any job. */
  latestMs(kind: JobKind): number | undefined;
}

/**
 * Times polls by what is known of jobs alike: of the same model, length and resolution; else of the same model;
 * else of any. `intervalMs` is the longest wait once a job's end is to be expected, and at any time while nothing
 * is known; before that a wait may be up to eight times as long. `history` comes oldest first. `published` is how long a
 * gateway says that jobs of a model take: it counts until one of the model was seen.
 */
export function createPollTiming(setup: {
  readonly intervalMs: number;
  readonly history?: Iterable<LengthSample>;
  readonly published?: ReadonlyMap<string, number>;
}): PollTiming {
  const { intervalMs, published = new Map<string, number>() } = setup;
  const publishedOf = ({ model }: JobKind): LengthRecord | undefined => {
    const ms = published.get(model);
    return ms === undefined ? undefined : recordWith(emptyRecord(LEAST_ALIKE), Math.log(ms));
  };
  const records = new Map<string, LengthRecord>();
  let doubt = LEAST_DOUBT;

  /** Of the most similar jobs that were seen, or that the catalogue tells of. */
  const recordOf = (kind: JobKind) => {
    const [exact = '', model = '', any = ''] = keysOf(kind);
    return records.get(exact) ?? records.get(model) ?? publishedOf(kind) ?? records.get(any);
  };

  const timing: PollTiming = {
    nextWaitMs(job) {
      const record = recordOf(job);
      return record
        ? learnedWaitMs(forecastOf(record, doubt), job, intervalMs)
        : unlearnedWaitMs(job, intervalMs);
    },

    learn(completed) {
      // If the clock was set while the job ran, the length is useless.
      if (!Number.isFinite(completed.lengthMs) || completed.lengthMs <= 0) return;
      const keys = keysOf(completed);
      const [exact = ''] = keys;
      const known = records.get(exact);
      let length = logLength(completed);
      if (known) {
        const forecast = forecastOf(known, doubt);
        const unlike = chanceUnlike(forecast, completed);
        doubt = Math.min(MOST_DOUBT, Math.max(LEAST_DOUBT, unlike));
        // Such jobs now take a different time, and earlier lengths are no guide any more.
        if (unlike > 0.5) records.delete(exact);
        else if (completed.unfinishedMs === 0) length = expectedBefore(forecast, completed.lengthMs);
      }
      for (const [level, key] of keys.entries()) {
        records.set(key, recordWith(records.get(key) ?? emptyRecord(level), length));
      }
    },

    expectedMs(kind) {
      const [exact = '', model = ''] = keysOf(kind);
      const record = records.get(exact) ?? records.get(model) ?? publishedOf(kind);
      return record && Math.exp(record.mean);
    },

    latestMs(kind) {
      const record = recordOf(kind);
      return record && windowEndMs(forecastOf(record, doubt));
    },
  };
  for (const completed of setup.history ?? []) timing.learn(completed);
  return timing;
}

/** Nothing is known: poll the job soon, then less often as it gets older. */
function unlearnedWaitMs(job: JobProgress, intervalMs: number): number {
  const { elapsedMs, pollsSoFar } = job;
  if (pollsSoFar === 0 && elapsedMs > FIRST_WAIT_MS) return 0;
  return Math.min(Math.max(FIRST_WAIT_MS, elapsedMs * WAIT_GROWTH), intervalMs) / shareOf(job);
}

/**
 * By the forecast; but never longer than the intervals allow, and never at once again. Where ends are announced, the
 * intervals are as much longer as polls are rarer.
 */
function learnedWaitMs(forecast: Forecast, job: JobProgress, intervalMs: number): number {
  const { elapsedMs, pollsSoFar } = job;
  const polled = pollsSoFar > 0;
  const share = shareOf(job);
  if (!polled && nextPollAt(forecast, { elapsedMs: 0, polled, share }) < elapsedMs) return 0;
  const next = nextPollAt(forecast, { elapsedMs, polled, share });
  const tillWindowMs = Math.max(0, windowStartMs(forecast) - elapsedMs);
  const tillEndMs = windowEndMs(forecast) - elapsedMs;
  const longest = Math.min(
    tillWindowMs + intervalMs / share,
    (intervalMs * MOST_INTERVALS) / share,
    // However much is announced: hardly any job is still at work at the end of the range.
    tillEndMs > 0 ? Math.max(tillEndMs, tillWindowMs + intervalMs) : Infinity,
  );
  return Math.max(Math.min(next - elapsedMs, longest), polled ? Math.min(SHORTEST_GAP_MS, intervalMs) : 0);
}

/**
 * The share of the usual polls that a job is worth. An end that is announced is found without a poll, so polls are for
 * the others alone: their hazard is that of all ends, times the silence, and the density of polls follows its root.
 */
function shareOf({ silence = 1 }: JobProgress): number {
  return Math.min(1, CARE * Math.sqrt(silence));
}

/** An end that is missed waits long for a poll that is rare, so polls are a bit less rare than that. Found by experiment. */
const CARE = 1.6;

/** A wait never outlasts so many intervals: jobs may have become much shorter than those learned from. */
const MOST_INTERVALS = 8;

const FIRST_WAIT_MS = 100;
const WAIT_GROWTH = 0.33;
const SHORTEST_GAP_MS = 10;

/** Some doubt always remains: it costs less than half a poll, and detects changed lengths. */
const LEAST_DOUBT = 0.002;
const MOST_DOUBT = 0.6;

/** For each key of `keysOf`: how much jobs with that in common differ until they are seen, and how unlike the next may be. */
const LEVELS = [
  { spread: 0.22, doubt: 0 },
  { spread: 0.45, doubt: 0.05 },
  { spread: 0.7, doubt: 0.2 },
] as const;

/** A gateway's own figure is about all jobs of a model, whoever asked for them. */
const LEAST_ALIKE = 2;

/** How many jobs the assumed spread counts as, beside those seen. */
const ASSUMED = 3;

/** How much each length counts relative to the one after it: today's jobs say more than last week's. */
const FADING = 0.96;

/** What is kept of the lengths seen under one key: logarithms of milliseconds, the older the fainter. */
interface LengthRecord {
  readonly level: number;
  readonly weight: number;
  readonly mean: number;
  /** The weighted sum of squared distances from the mean. */
  readonly scatter: number;
}

/** From the most similar to any. */
function keysOf({ model, duration, resolution }: JobKind): readonly string[] {
  return [`${model}\n${duration ?? ''}\n${resolution ?? ''}`, model, ''];
}

/** Halfway between the last two polls; of a job found completed by the first, a third of its age. */
function logLength({ lengthMs, unfinishedMs }: LengthSample): number {
  if (unfinishedMs === undefined) return Math.log(Math.max(1, lengthMs));
  return Math.log(Math.max(1, unfinishedMs > 0 ? (lengthMs + unfinishedMs) / 2 : lengthMs / 3));
}

/** By Bayes' rule: how likely it is that the job was unlike those seen before, given when it ended. */
function chanceUnlike(forecast: Forecast, { lengthMs, unfinishedMs }: LengthSample): number {
  // Without the poll before, the length is assumed to be about right.
  const { alike, unlike } = likelihood(forecast, unfinishedMs ?? lengthMs * 0.9, lengthMs);
  const chance = forecast.doubt * unlike;
  const either = chance + (1 - forecast.doubt) * alike;
  return either > 0 ? chance / either : forecast.doubt;
}

function emptyRecord(level: number): LengthRecord {
  return { level, weight: 0, mean: 0, scatter: 0 };
}

function recordWith(record: LengthRecord, length: number): LengthRecord {
  const weight = record.weight * FADING + 1;
  const step = length - record.mean;
  const mean = record.mean + step / weight;
  const scatter = record.weight === 0 ? 0 : record.scatter * FADING + step * (length - mean);
  return { level: record.level, weight, mean, scatter };
}

/** The spread is that of the lengths seen and the assumed one, widened for how few were seen. */
function forecastOf({ level, weight, mean, scatter }: LengthRecord, doubt: number): Forecast {
  const assumed = LEVELS[level] ?? LEVELS[2];
  const variance = (scatter + ASSUMED * assumed.spread ** 2) / (weight - 1 + ASSUMED);
  return {
    middle: mean,
    spread: Math.sqrt(variance * (1 + 1 / weight)),
    doubt: Math.min(MOST_DOUBT, doubt + assumed.doubt),
  };
}
