import { relative, sep } from 'node:path';
import { defined } from '../../domain/defined.js';
import { countUnpriced, spentUsd } from '../../cost/budget.js';
import { identityOf, namedOutputs, outputsOf, type Attempt, type NamedOutput } from '../../domain/attempt.js';
import { groupBy } from '../../domain/group-by.js';
import type { Note } from '../../domain/note.js';
import type { Estimate } from '../../domain/money.js';
import type { EarlierClip, Report, ReportOutput, ReportState, ReportTake } from '../../domain/report.js';
import type { Take } from '../../domain/take.js';
import { unsigned } from '../../domain/unsigned-url.js';
import { pickOf, type Picks } from '../../domain/picks.js';
import { isDelivered, isLive } from '../../domain/standing.js';
import { lookAtName } from '../../store/name-file.js';
import { slotKey, sourcesOf } from '../../plan/graph.js';
import { recordedSettings } from '../../shot/order.js';
import { openPath } from '../project/paths.js';
import type { Project } from '../project/project.js';
import { namesByPull } from '../project/state-home.js';
import type { Survey } from '../plan/survey.js';
import type { TakeOutcome } from '../work/take-outcome.js';

/**
 * Gathers what report.json and the contact sheet show: for takes that a run worked on, the outcome; for the
 * others, the state from the survey. Reads no clock, and from the disk only whether the names of clips in a bucket are here.
 */
export function buildReport({
  project,
  survey,
  outcomes = new Map(),
  attempts,
  picks,
  notes = [],
  clips = 'named',
  priceOf,
  generatedAt,
}: {
  readonly project: Project;
  readonly survey: Pick<Survey, 'decisions' | 'context'>;
  /** By slot key. */
  readonly outcomes?: ReadonlyMap<string, TakeOutcome>;
  /** As they are now. */
  readonly attempts: readonly Attempt[];
  readonly picks: Picks;
  readonly notes?: readonly Note[];
  /** Which clips are shown: those that have names, or, for a page that reads them from the store, all. */
  readonly clips?: 'named' | 'stored';
  readonly priceOf: (take: Take) => Estimate | null;
  /** ISO 8601, UTC. */
  readonly generatedAt: string;
}): Report {
  const byOwner = groupBy(attempts, ({ owner }) => slotKey(owner));
  const noted = groupBy(notes, ({ sha256 }) => sha256);
  const outputsAs = (attempt: Attempt) =>
    reportOutputs(project, clips === 'named' ? namedHere(project, attempt) : storedOutputs(attempt), noted);
  const takes = reportedTakes({ takes: project.manifest.takes, survey, outcomes, attempts, byOwner });
  return {
    version: 1,
    project: project.manifest.project,
    gateway: project.target.name,
    generated_at: generatedAt,
    spent_usd: spentUsd(attempts),
    spent_unpriced: countUnpriced(attempts),
    budget_usd: project.manifest.budget_usd ?? null,
    takes: takes.map((reported): ReportTake => {
      const { take, attempt, earlier } = reported;
      const outputs = attempt && !reported.isMissing ? outputsAs(attempt) : [];
      const why = reported.isMissing ? FILE_MISSING : messageOf(attempt);
      const message = reported.message ?? why ?? (attempt && whereElse(project, attempt, outputs));
      const { created: _created, ...times } = attempt?.times ?? { created: 0 };
      return {
        key: take.key,
        id: take.shot,
        manifest_id: take.manifest_id,
        take: take.take,
        takes: take.takes,
        type: take.type,
        tags: take.tags,
        ...(take.captions && { captions: take.captions }),
        matrix: unsigned(take.matrix),
        settings: recordedSettings(take),
        state: stateOf(reported),
        ...defined({ message, ...(attempt && jobOf(attempt)) }),
        estimate: attempt ? attempt.estimate : priceOf(take),
        picked: isPicked(picks, take, attempt),
        outputs,
        ...(earlier ? { earlier: earlierClip(earlier, outputsAs(earlier)) } : {}),
        times,
        attempts: byOwner.get(slotKey(take))?.length ?? 0,
        ...dependenciesOf(take, picks),
      };
    }),
  };
}

/** What the report knows about one take. */
interface ReportedTake {
  readonly take: Take;
  /** The attempt that serves it; else the last try to make it. */
  readonly attempt: Attempt | undefined;
  /** If no clip serves the take: its own last clip that is there. */
  readonly earlier: Attempt | undefined;
  /** Why it is not delivered, if the attempt does not say. */
  readonly message: string | undefined;
  readonly isBlocked: boolean;
  /** It was delivered, and its file is gone. */
  readonly isMissing: boolean;
}

function reportedTakes({
  takes,
  survey: { decisions, context },
  outcomes,
  attempts,
  byOwner,
}: {
  readonly takes: readonly Take[];
  readonly survey: Pick<Survey, 'decisions' | 'context'>;
  readonly outcomes: ReadonlyMap<string, TakeOutcome>;
  readonly attempts: readonly Attempt[];
  readonly byOwner: ReadonlyMap<string, readonly Attempt[]>;
}): ReportedTake[] {
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const found = takes.map((take) => {
    const [outcome, decision] = [outcomes.get(slotKey(take)), decisions.get(slotKey(take))];
    const attempt = byId.get((outcome?.attempt ?? decision?.attempt)?.id ?? '');
    return { take, outcome, decision, attempt };
  });
  const serving = new Set(found.map(({ attempt }) => attempt));
  return found.map(({ take, outcome, decision, attempt: serves }) => {
    const own = (byOwner.get(slotKey(take)) ?? []).filter((attempt) => !serving.has(attempt));
    const attempt = serves ?? lastTry(own, decision?.fingerprint);
    const isThere = attempt !== undefined && isDelivered(attempt);
    const isEarlier = (older: Attempt) => isDelivered(older) && context.clipStatus(older) !== 'missing';
    const earlier = isThere ? undefined : own.findLast(isEarlier);
    const isBlocked = outcome ? outcome.result.outcome === 'blocked' : decision?.blocked_by !== undefined;
    const isChanged = attempt === undefined && own.length > 0;
    const why = isBlocked || isChanged ? decision?.reasons.join('; ') : undefined;
    return {
      take,
      attempt,
      earlier,
      message: outcome?.result.message ?? why,
      isBlocked,
      isMissing: isThere && (outcome ? outcome.result.outcome !== 'delivered' : decision?.action !== 'reuse'),
    };
  });
}

/** The last try of all, unless it has ended and the take asks for something else now. */
function lastTry(own: readonly Attempt[], fingerprint: string | undefined): Attempt | undefined {
  const last = own.at(-1);
  if (last === undefined || last.state.kind === 'delivered') return undefined;
  return isLive(last) || (fingerprint ?? last.fingerprint) === last.fingerprint ? last : undefined;
}

function dependenciesOf(take: Take, picks: Picks): Pick<ReportTake, 'depends_on'> {
  const sources = new Set(sourcesOf(take, picks).map(({ shot }) => shot));
  return sources.size > 0 ? { depends_on: [...sources] } : {};
}

const FILE_MISSING = 'its file is missing; the next run fetches it again, for free';

function stateOf({ attempt, isBlocked, isMissing }: ReportedTake): ReportState {
  if (isBlocked) return 'blocked';
  if (!attempt || attempt.state.kind === 'planned') return 'missing';
  // The clip is paid for and rendered, and has to be downloaded: as before its delivery.
  return isMissing ? 'completed' : attempt.state.kind;
}

function messageOf(attempt: Attempt | undefined): string | undefined {
  return attempt && 'message' in attempt.state ? attempt.state.message : undefined;
}

/** A clip that does not serve its take, with what was asked for it. */
export function earlierClip(attempt: Attempt, outputs: readonly ReportOutput[]): EarlierClip {
  const { request, estimate } = attempt;
  const { frame_images, input_references, previous_job_id, ...settings } = request;
  const { created: _created, ...times } = attempt.times;
  return {
    settings,
    ...jobOf(attempt),
    estimate,
    outputs,
    times,
  };
}

/** A pick is of the clip that a person has seen: it does not count for a clip that replaced it. */
function isPicked(picks: Picks, take: Take, attempt: Attempt | undefined): boolean {
  const [clip] = attempt ? outputsOf(attempt) : [];
  const picked = picks[take.shot]?.clip;
  const isOfAnother = clip !== undefined && picked !== undefined && picked !== identityOf(clip);
  return pickOf(picks, take.shot) === take.take && !isOfAnother;
}

function jobOf({ state }: Attempt): Pick<ReportTake, 'job_id' | 'generation_id' | 'served_by' | 'cost_usd'> {
  const job = 'job' in state ? state.job : undefined;
  return defined({
    job_id: job?.id,
    generation_id: job?.generation_id,
    served_by: job?.served_by,
    cost_usd: 'cost_usd' in state ? state.cost_usd : undefined,
  });
}

/** The place of a delivered clip that has no name on this machine, and its details. */
function whereElse(project: Project, attempt: Attempt, here: readonly ReportOutput[]): string | undefined {
  if (!namesByPull(project) || !isDelivered(attempt) || here.length > 0) return undefined;
  const warnings = attempt.state.outputs.flatMap((output) => output.warnings);
  const place = project.paths.bucket ? 'in the bucket' : 'in the folder that all machines share';
  return [`${place}: dailies pull brings it here`, ...warnings].join('; ');
}

/** The clips of an attempt that have names; if only `pull` makes them, a name may be on another machine. */
function namedHere(project: Project, attempt: Attempt): readonly NamedOutput[] {
  const isHere = ({ path }: NamedOutput) =>
    !namesByPull(project) || lookAtName(openPath(project.paths.folder, path)) === 'file';
  return namedOutputs(attempt).filter(isHere);
}

/** All clips of an attempt; a clip without a name is named by its content. */
export function storedOutputs(attempt: Attempt): readonly NamedOutput[] {
  return outputsOf(attempt).map((output, index) => ({
    ...output,
    path: attempt.names?.[index] ?? `${output.sha256.slice(0, 12)}.${output.media.container}`,
  }));
}

/** Clips as the report has them, with the notes on each. */
export function reportOutputs(
  { paths }: Pick<Project, 'paths'>,
  outputs: readonly NamedOutput[],
  noted: ReadonlyMap<string, readonly Note[]>,
): ReportOutput[] {
  return outputs.map(({ path, bytes, sha256, media, warnings }) => {
    const notes = noted
      .get(sha256)
      ?.map(({ id, at_seconds, text }) => ({ id, at_seconds, text }))
      .sort((a, b) => a.at_seconds - b.at_seconds);
    return {
      path: relative(paths.output, openPath(paths.folder, path)).split(sep).join('/'),
      ...{ bytes, sha256, media, warnings, ...defined({ notes }) },
    };
  });
}
