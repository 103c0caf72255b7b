import { createHash } from 'node:crypto';
import { ageOf, type Clock } from '../clock.js';
import type { Marker } from './markers.js';

/**
 * A stored job: its whole future is decided when it is accepted, so that its state at any
 * time follows from its age alone, and a killed sandbox continues where it would have been.
 */
export interface SandboxJob {
  readonly version: 1;
  readonly id: string;
  readonly generation_id: string;
  /** Milliseconds since 1970. */
  readonly accepted_at: number;
  /** Milliseconds from the acceptance to the start and to the end of the work. */
  readonly starts_after: number;
  readonly ends_after: number;
  readonly ending: JobEnding;
  /** How many clips it makes. */
  readonly outputs: number;
  /** The clips are not there to fetch, although the job completes. */
  readonly loses_clips: boolean;
  /** US dollars; null if the model has no price. */
  readonly cost: number | null;
  readonly clip: ClipSettings;
}

export type JobEnding = 'completed' | 'failed' | 'cancelled' | 'expired';

/** What a job's clips show; images are named by the sha256 of their bytes. */
export interface ClipSettings {
  readonly model: string;
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly audio: boolean;
  readonly seed: number | null;
  readonly first_frame: string | null;
  readonly last_frame: string | null;
  readonly references: readonly string[];
}

export type JobStatus = 'pending' | 'in_progress' | JobEnding;

/** Says what state a job is in now. */
export type StatusOf = (job: SandboxJob) => JobStatus;

/** Says what state each job is in now; it reads the time of day once for each, so that setting the clock delays no job. */
export function watchJobs(clock: Clock): StatusOf {
  const ages = new Map<string, () => number>();
  return (job) => {
    const ageMs = ages.get(job.id) ?? ageOf(clock, job.accepted_at);
    ages.set(job.id, ageMs);
    if (ageMs() < job.starts_after) return 'pending';
    return ageMs() < job.ends_after ? 'in_progress' : job.ending;
  };
}

/**
 * How long a job waits and works, in milliseconds: some three to six seconds at speed 1. Every model has a pace
 * of its own, and longer or larger clips take longer; the same request always takes as long.
 */
export function timingOf(
  clip: ClipSettings,
  speed: number,
  markers: ReadonlySet<Marker>,
): Pick<SandboxJob, 'starts_after' | 'ends_after'> {
  const [queue = 0, pace = 0] = createHash('sha256').update(clip.model).digest();
  const factor = (markers.has('slow') ? 10 : 1) / speed;
  const waiting = 300 + 500 * (queue / 255);
  const megapixels = (clip.width * clip.height) / 1e6;
  const working = 2000 + 1500 * (pace / 255) + 60 * clip.seconds + 120 * megapixels;
  return { starts_after: Math.round(waiting * factor), ends_after: Math.round((waiting + working) * factor) };
}

/** How a job ends, by the markers of its prompt. `isFirst`: the same request was never submitted before. */
export function endingOf(markers: ReadonlySet<Marker>, isFirst: boolean): JobEnding {
  if (markers.has('fail') || (markers.has('fail once') && isFirst)) return 'failed';
  if (markers.has('cancel')) return 'cancelled';
  return markers.has('expire') ? 'expired' : 'completed';
}

/** Why a job did not complete, as a gateway would say it. */
export function reasonOf(ending: Exclude<JobEnding, 'completed'>): string {
  return `The sandbox ${DEEDS[ending]} because its prompt asks for it.`;
}

const DEEDS = {
  failed: 'made this job fail',
  cancelled: 'cancelled this job',
  expired: 'let this job expire',
} as const;
