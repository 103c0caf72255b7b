import type { Attempt, AttemptStateKind, MediaFacts, RecordedRequest } from './attempt.js';
import { sumUsd, type Estimate } from './money.js';
import type { KeptSettings } from './fields.js';
import type { ShotType } from './take.js';

/** The state of a take on the sheet and in the report: that of an attempt, or no attempt exists, or the plan blocks it. */
export type ReportState = AttemptStateKind | 'missing' | 'blocked';

/** One clip of a take as the report shows it. */
export interface ReportOutput {
  /** Relative to the report's own folder, with `/`, not URL-encoded; absolute where it lies elsewhere. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly media: MediaFacts;
  readonly warnings: readonly string[];
  /** What people have written about moments of it, in the order of the clip; absent: nothing. */
  readonly notes?: readonly ReportNote[];
}

/** A note on a clip. */
export interface ReportNote {
  readonly id: string;
  readonly at_seconds: number;
  readonly text: string;
}

/** Milliseconds since 1970 of the steps reached by the attempt shown. */
export type ReportTimes = Omit<Attempt['times'], 'created'>;

/** A clip that exists but does not serve its take: what was asked for then, and what it cost. */
export interface EarlierClip {
  readonly settings: Omit<RecordedRequest, 'frame_images' | 'input_references' | 'previous_job_id'>;
  readonly job_id?: string;
  /** The job's id in the gateway's accounts of requests. */
  readonly generation_id?: string;
  /** The provider that made the clip, where the gateway says so. */
  readonly served_by?: string;
  /** Reported by the gateway; absent is not zero. */
  readonly cost_usd?: number;
  readonly estimate: Estimate | null;
  readonly outputs: readonly ReportOutput[];
  readonly times: ReportTimes;
}

/** One take in report.json and on the contact sheet. */
export interface ReportTake {
  readonly key: string;
  readonly id: string;
  readonly manifest_id: string;
  readonly take: number;
  readonly takes: number;
  readonly type: ShotType;
  readonly tags: readonly string[];
  /** By language. */
  readonly captions?: Readonly<Record<string, string>>;
  /** URLs in it have no signatures. */
  readonly matrix: Readonly<Record<string, unknown>>;
  readonly settings: KeptSettings;
  readonly state: ReportState;
  /** Why it is not delivered, in the gateway's or our words. */
  readonly message?: string;
  readonly job_id?: string;
  /** The job's id in the gateway's accounts of requests. */
  readonly generation_id?: string;
  /** The provider that made the clip, where the gateway says so. */
  readonly served_by?: string;
  /** Reported by the gateway; absent is not zero. */
  readonly cost_usd?: number;
  readonly estimate: Estimate | null;
  readonly picked: boolean;
  readonly outputs: readonly ReportOutput[];
  /** The last clip that was made for it, if it is out of date: made before the shot changed. */
  readonly earlier?: EarlierClip;
  readonly times: ReportTimes;
  /** Attempts made for this take so far. */
  readonly attempts: number;
  /** Expanded ids of the shots whose clips this one waits for, as in a plan row: drawn in the sheet's timeline. */
  readonly depends_on?: readonly string[];
}

/** report.json, and all that the contact sheet is made from. */
export interface Report {
  readonly version: 1;
  readonly project: string;
  readonly gateway: string;
  /** ISO 8601, UTC. */
  readonly generated_at: string;
  readonly spent_usd: number;
  /** How many jobs `spent_usd` leaves out, as in the plan. */
  readonly spent_unpriced: number;
  readonly budget_usd: number | null;
  readonly takes: readonly ReportTake[];
}

/** The cost of the attempts that a take shows: a sum, if any of them has a price, and whether the gateway reported all of it. */
export interface TakeCost {
  /** US dollars; undefined if nothing is known. */
  readonly usd: number | undefined;
  readonly isReported: boolean;
  /** Whether any of them may have been charged. */
  readonly isCharged: boolean;
}

/** What a take and its earlier clip cost, or are expected to cost if the gateway does not say; by the prices, on the sandbox too. */
export function costOfTake(take: Pick<ReportTake, 'state' | 'cost_usd' | 'estimate' | 'earlier'>): TakeCost {
  const isCharged = !FREE.includes(take.state) || take.cost_usd !== undefined;
  const paid = [...(isCharged ? [take] : []), ...(take.earlier ? [take.earlier] : [])];
  const amounts = paid.flatMap(({ cost_usd, estimate }) => cost_usd ?? estimate?.expected_usd ?? []);
  return {
    usd: amounts.length === 0 ? undefined : sumUsd(amounts),
    isReported: paid.every(({ cost_usd }) => cost_usd !== undefined),
    isCharged: paid.length > 0,
  };
}

/** States in which no attempt has cost anything, nor may have. */
const FREE: readonly ReportState[] = ['refused', 'blocked', 'planned', 'missing', 'not_charged'];
