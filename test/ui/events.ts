import type { RunEvent, RunSummary, Spent, TakeResult } from '../../src/events.js';
import type { PlanAction } from '../../src/domain/plan.js';
import type { NamedOutput } from '../../src/domain/attempt.js';

const AT = '2026-10-10T09:00:00.000Z';
const MODEL = 'google/veo-3.1-lite';

/** What a run says of the money of its project. */
export function spent(usd: number, { estimated = 0, unpriced = 0 } = {}): Spent {
  return { spent_usd: usd, spent_estimated: estimated, spent_unpriced: unpriced };
}

/** Makes the events of a run, as the flow sends them. */
export const events = {
  started: (total: number, rest: Partial<Extract<RunEvent, { type: 'run.started' }>> = {}): RunEvent => ({
    type: 'run.started',
    at: AT,
    format: 1,
    project: 'teaser',
    gateway: 'openrouter',
    output: 'renders',
    total,
    to_buy: total,
    concurrency: 4,
    spent_usd: 0,
    spent_unpriced: 0,
    expected_usd: 0.12 * total,
    max_usd: 0.12 * total,
    unpriced: 0,
    budget_usd: 20,
    ...rest,
  }),
  planned: (key: string, action: PlanAction = 'render'): RunEvent => ({
    type: 'shot.planned',
    ...take(key),
    action,
    model: MODEL,
    reasons: ['new'],
    duration: 4,
  }),
  submitting: (key: string): RunEvent => ({ type: 'shot.submitting', ...take(key), model: MODEL }),
  submitted: (key: string, money = spent(0)): RunEvent => ({
    type: 'shot.submitted',
    ...take(key),
    ...money,
    model: MODEL,
    job_id: 'job',
  }),
  rendering: (key: string, elapsedMs: number): RunEvent => ({
    type: 'shot.progress',
    ...take(key),
    model: MODEL,
    status: 'in_progress',
    elapsed_ms: elapsedMs,
  }),
  completed: (key: string, elapsedMs: number, costUsd: number, money = spent(costUsd)): RunEvent => ({
    type: 'shot.completed',
    ...take(key),
    ...money,
    model: MODEL,
    elapsed_ms: elapsedMs,
    cost_usd: costUsd,
  }),
  downloading: (key: string, bytes: number, totalBytes: number): RunEvent => ({
    type: 'shot.downloading',
    ...take(key),
    bytes,
    total_bytes: totalBytes,
  }),
  delivered: (key: string, { reused = false, money = spent(0) } = {}): RunEvent => ({
    type: 'shot.delivered',
    ...take(key),
    ...money,
    model: MODEL,
    reused,
    outputs: [output(`renders/${key}.mp4`)],
  }),
  failed: (key: string, message: string, { willRetry = false, money = spent(0) } = {}): RunEvent => ({
    type: 'shot.not_delivered',
    ...take(key),
    ...money,
    model: MODEL,
    outcome: 'failed',
    message,
    will_retry: willRetry,
  }),
  finished: (): RunEvent => ({ type: 'run.finished', at: AT, summary: summary([]) }),
};

function take(key: string): { at: string; id: string; take: number; key: string } {
  return { at: AT, id: key, take: 1, key };
}

export function output(path: string, warnings: readonly string[] = []): NamedOutput {
  const media = { container: 'mp4', duration_s: 4, width: 1280, height: 720, video_codec: 'avc' } as const;
  return { path, bytes: 1000, sha256: '0'.repeat(64), media, warnings };
}

export function result(
  key: string,
  outcome: TakeResult['outcome'],
  rest: Partial<TakeResult> = {},
): TakeResult {
  return { id: key, take: 1, key, action: 'render', outcome, model: MODEL, outputs: [], ...rest };
}

export function summary(shots: readonly TakeResult[], rest: Partial<RunSummary> = {}): RunSummary {
  const delivered = shots.filter((shot) => shot.outcome === 'delivered').length;
  return {
    version: 1,
    project: 'teaser',
    gateway: 'openrouter',
    output: 'renders',
    started_at: '2026-10-10T09:00:00.000Z',
    finished_at: '2026-10-10T09:11:40.000Z',
    elapsed_ms: 700_000,
    exit_code: delivered === shots.length ? 0 : 1,
    counts: { total: shots.length, delivered, reused: 0, submitted: shots.length },
    cost_usd: 18.2,
    cost_unpriced: 0,
    estimated_usd: 17.9,
    estimated_unpriced: 0,
    spent_usd: 18.2,
    spent_unpriced: 0,
    budget_usd: 20,
    shots,
    ...rest,
  };
}
