import { relative, sep } from 'node:path';
import { countUnpriced, spentUsd } from '../cost/budget.js';
import type { Attempt } from '../domain/attempt.js';
import type { Estimate } from '../domain/money.js';
import type { Report, ReportOutput, ReportState, ReportTake } from '../domain/report.js';
import type { Take } from '../domain/take.js';
import { unsigned } from '../domain/unsigned-url.js';
import { slotKey, sourcesOf, type Picks } from '../plan/graph.js';
import { recordedSettings } from '../shot/order.js';
import { openPath } from './paths.js';
import type { Project } from './project.js';

/** What stands behind one take in the report. */
export interface ReportedTake {
  readonly take: Take;
  /** The attempt that serves it; else the last one that was made for it. */
  readonly attempt: Attempt | undefined;
  /** Why it is not delivered, where the attempt does not say. */
  readonly message?: string | undefined;
  readonly isBlocked?: boolean;
  /** It was delivered, and its file is not there any more. */
  readonly isMissing?: boolean;
}

/** Gathers what report.json and the contact sheet show. Pure: reads no clock and no disk. */
export function buildReport({
  project,
  takes,
  attempts,
  picks,
  priceOf,
  generatedAt,
}: {
  readonly project: Project;
  readonly takes: readonly ReportedTake[];
  readonly attempts: readonly Attempt[];
  readonly picks: Picks;
  readonly priceOf: (take: Take) => Estimate | null;
  /** ISO 8601, UTC. */
  readonly generatedAt: string;
}): Report {
  const counts = new Map<string, number>();
  for (const { owner } of attempts) counts.set(slotKey(owner), (counts.get(slotKey(owner)) ?? 0) + 1);
  return {
    version: 1,
    project: project.manifest.project,
    gateway: project.target.name,
    generated_at: generatedAt,
    spent_usd: spentUsd(attempts),
    spent_unpriced: countUnpriced(attempts),
    budget_usd: project.manifest.budget_usd ?? null,
    takes: takes.map((reported): ReportTake => {
      const { take, attempt } = reported;
      const message = reported.message ?? (reported.isMissing ? FILE_MISSING : messageOf(attempt));
      const { created: _created, ...times } = attempt?.times ?? { created: 0 };
      return {
        key: take.key,
        id: take.shot,
        manifest_id: take.manifest_id,
        take: take.take,
        takes: take.takes,
        type: take.type,
        tags: take.tags,
        matrix: unsigned(take.matrix),
        settings: recordedSettings(take),
        state: stateOf(reported),
        ...(message === undefined ? {} : { message }),
        ...(attempt && 'job' in attempt.state ? { job_id: attempt.state.job.id } : {}),
        ...(attempt && 'cost_usd' in attempt.state ? { cost_usd: attempt.state.cost_usd } : {}),
        estimate: attempt ? attempt.estimate : priceOf(take),
        picked: picks[take.shot] === take.take,
        outputs: reported.isMissing ? [] : outputsOf(project, attempt),
        times,
        attempts: counts.get(slotKey(take)) ?? 0,
        ...dependenciesOf(take, picks),
      };
    }),
  };
}

function dependenciesOf(take: Take, picks: Picks): Pick<ReportTake, 'depends_on'> {
  const sources = new Set(sourcesOf(take, picks).map(({ shot }) => shot));
  return sources.size > 0 ? { depends_on: [...sources] } : {};
}

const FILE_MISSING = 'its file is missing; the next run fetches it again, for free';

function stateOf({ attempt, isBlocked, isMissing }: ReportedTake): ReportState {
  if (isBlocked) return 'blocked';
  if (!attempt || attempt.state.kind === 'planned') return 'missing';
  // Bought, rendered, and to be downloaded: as before its delivery.
  return isMissing ? 'completed' : attempt.state.kind;
}

function messageOf(attempt: Attempt | undefined): string | undefined {
  return attempt && 'message' in attempt.state ? attempt.state.message : undefined;
}

function outputsOf({ paths }: Project, attempt: Attempt | undefined): ReportOutput[] {
  if (attempt?.state.kind !== 'delivered') return [];
  return attempt.state.outputs.map(({ path, bytes, sha256, media, warnings }) => ({
    path: relative(paths.output, openPath(paths.folder, path)).split(sep).join('/'),
    bytes,
    sha256,
    media,
    warnings,
  }));
}
