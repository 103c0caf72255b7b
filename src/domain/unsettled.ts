import type { KeptSettings } from './fields.js';
import type { Estimate } from './money.js';
import type { TakeRef } from './take.js';

/** What is known of an attempt that a person has to settle. */
export interface Unsettled {
  readonly owner: TakeRef;
  /** `uncertain`: nobody knows whether there is a job. `lost`: there was one. */
  readonly state: 'uncertain' | 'lost';
  readonly message: string;
  readonly job_id?: string;
  readonly gateway: string;
  /** Between these two the gateway got the request, if it did: ISO 8601, UTC. A killed run leaves the end open. */
  readonly submitted_at?: string;
  readonly lost_at?: string;
  readonly request: KeptSettings;
  readonly estimate: Estimate | null;
  readonly usage?: UsageSince;
}

/** What the key had used before a run that lost an answer, and what is known to have been added since. US dollars. */
export interface UsageSince {
  readonly before_usd: number;
  /** ISO 8601, UTC. */
  readonly asked_at: string;
  /** Where the gateway tells. */
  readonly now_usd?: number;
  /** What the project's jobs that have ended since cost, as reported. */
  readonly known_usd: number;
}

/** What a gateway's accounts say of a request. All of it may be missing. */
export interface Generation {
  readonly id: string;
  readonly cost_usd?: number;
  /** ISO 8601, UTC. */
  readonly created_at?: string;
  readonly model?: string;
  readonly served_by?: string;
  readonly session_id?: string;
  readonly user?: string;
}

/** How early or late a gateway's clock may be, and how late it may enter a request. */
const SLACK_MS = { before: 60_000, after: 600_000 } as const;

/** Whether a request of the gateway's accounts can be the submit of an attempt, as far as time and model tell. */
export function mayBe({ created_at, model }: Generation, open: Unsettled): boolean {
  const { submitted_at, lost_at = submitted_at, request } = open;
  if (created_at === undefined || submitted_at === undefined || lost_at === undefined) return false;
  const at = Date.parse(created_at);
  const isInTime =
    at >= Date.parse(submitted_at) - SLACK_MS.before && at <= Date.parse(lost_at) + SLACK_MS.after;
  // A dated slug begins with the model's id, and an id may be what a dated slug was asked by.
  const isOfModel = model === undefined || model.startsWith(request.model) || request.model.startsWith(model);
  return isInTime && isOfModel;
}
