import type { Attempt } from '../../domain/attempt.js';
import type { Catalogue } from '../../domain/catalogue.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import type { Take } from '../../domain/take.js';
import type { Decision } from '../../plan/decision.js';
import { purchases, purchasesInTime } from '../../plan/document.js';
import { unpricedModels } from './check-catalogue.js';
import { changedClips, diskSpace, foreignFiles } from './check-files.js';
import { frameToolMissing, oversized, preflight, privateInputs } from './check-inputs.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { Project } from '../project/project.js';
import type { Survey } from './survey.js';

/** How remote inputs are looked at. */
export interface RemoteChecks {
  /** Leave the gateway and all remote inputs alone. */
  readonly offline?: boolean;
  /** false: remote inputs are not asked for. */
  readonly preflight?: boolean;
}

/** What is wrong, or good to know, about the work that a plan shows and a run does. */
export async function checkWork(
  project: Project,
  work: {
    readonly surveyed: Survey;
    readonly decisions: readonly Decision[];
    readonly attempts: readonly Attempt[];
    readonly clips: ClipStore;
    readonly catalogue: Catalogue | undefined;
  },
  remote: RemoteChecks & { readonly signal: AbortSignal },
): Promise<Diagnostic[]> {
  const { surveyed, decisions, catalogue } = work;
  const toBuy = purchases(decisions);
  return [
    ...(await foreignFiles(project, work)),
    ...(catalogue ? unpricedModels(project, toBuy, catalogue) : []),
    ...changedClips(project, surveyed),
    ...oversized(project, toBuy),
    ...(await frameToolMissing(project, purchasesInTime(decisions))),
    ...(await checkRemote(project, toBuy, remote)),
    ...(await diskSpace(project, toBuy)),
  ];
}

/** What is wrong with takes alone, whatever has become of them. */
export async function checkTakes(
  project: Project,
  remote: RemoteChecks & { readonly signal: AbortSignal },
): Promise<Diagnostic[]> {
  const { takes } = project.manifest;
  return [
    ...oversized(project, takes),
    ...(await frameToolMissing(project, takes)),
    ...(await checkRemote(project, takes, remote)),
  ];
}

async function checkRemote(
  project: Project,
  takes: readonly Take[],
  { offline, preflight: asked, signal }: RemoteChecks & { readonly signal: AbortSignal },
): Promise<Diagnostic[]> {
  if (asked === false) return [];
  return offline ? privateInputs(project, takes) : preflight(project, takes, signal);
}
