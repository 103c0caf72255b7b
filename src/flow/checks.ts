import { catalogueDrift } from '../catalogue/drift.js';
import { checkCapabilities } from '../catalogue/check.js';
import { findModel } from '../catalogue/find.js';
import { estimateTake } from '../cost/estimate.js';
import type { Catalogue } from '../domain/catalogue.js';
import type { Diagnostic } from '../domain/diagnostic.js';
import type { Estimate } from '../domain/money.js';
import type { MediaKind, Take } from '../domain/take.js';
import { DailiesError } from '../errors.js';
import { findFrameTool } from '../media/frame-tool.js';
import { TOOL_HINT } from '../media/run-tool.js';
import { buys } from '../plan/document.js';
import type { Decision } from '../plan/decide.js';
import { exists } from '../store/clip-file.js';
import { freeBytes } from '../store/clips.js';
import type { ClipIndex } from './clip-index.js';
import { clipPlace } from './clip-place.js';
import { isLoopback } from './gateway-target.js';
import type { Project } from './project.js';

/** What the catalogue has to say about the takes: nothing where there is none. */
export function checkAgainst(project: Project, catalogue: Catalogue | undefined): Diagnostic[] {
  if (!catalogue) return [];
  const { manifest, locate } = project;
  return checkCapabilities({ takes: manifest.takes, models: catalogue.models, locate });
}

/** The price of a take; null where its model has none, or there is no catalogue. */
export function pricesBy(catalogue: Catalogue | undefined): (take: Take) => Estimate | null {
  if (!catalogue) return () => null;
  return (take) => {
    const model = findModel(catalogue.models, take.settings.model);
    return model ? estimateTake({ take, model }) : null;
  };
}

/** `--locked`: throws `catalogue-drift` where a used model is not what the lockfile's snapshot says. */
export function assertNoDrift(
  project: Project,
  { snapshot, live }: { readonly snapshot: Pick<Catalogue, 'models'> | undefined; readonly live: Catalogue },
): void {
  const used = new Set(project.manifest.takes.map((take) => take.settings.model));
  const drift = snapshot ? catalogueDrift({ snapshot: snapshot.models, live: live.models, used }) : [];
  if (drift.length === 0) return;
  throw new DailiesError('catalogue-drift', drift.map(({ message }) => message).join('; '), {
    exitCode: 3,
    hint: 'look at dailies plan, and run without --locked to accept the catalogue as it is now',
  });
}

/** Files that are not ours, where clips of these takes are to lie: nothing of theirs is ever overwritten. */
export async function foreignFiles(
  project: Project,
  decisions: readonly Decision[],
  clips: ClipIndex,
): Promise<Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const { take, action, blocked_by } of decisions) {
    if (action === 'reuse' || action === 'held' || blocked_by !== undefined) continue;
    const place = clipPlace(project, take);
    for (const extension of ['.mp4', '.webm']) {
      if (clips.ownerOf(place.storedClip(0, extension)) !== undefined) continue;
      const path = place.clip(0, extension);
      if (!(await exists(path))) continue;
      const at = project.locate(take);
      found.push({
        code: 'file-not-ours',
        severity: 'error',
        message: `${place.storedClip(0, extension)} is in the way, and this lockfile does not own it`,
        hint: 'move the file, rename the shot, or choose another output folder',
        shot: take.shot,
        ...(at ? { at } : {}),
      });
    }
  }
  return found;
}

/** An error for each shot that is made from a frame of another one, where nothing can take frames from clips. */
export async function frameToolMissing(project: Project, takes: readonly Take[]): Promise<Diagnostic[]> {
  const users = takes.filter(({ frames, references }) =>
    [...frames, ...references].some(({ source }) => source.kind === 'shot'),
  );
  if (users.length === 0 || (await findFrameTool(project.env))) return [];
  const perShot = new Map(users.map((take) => [take.shot_index, take]));
  return [...perShot.values()].map((take): Diagnostic => {
    const at = project.locate(take, take.frames[0]?.frame_type ?? 'references');
    const message = `${take.manifest_id} is made from a frame of another clip, and taking it needs ffmpeg`;
    const place = at ? { at } : {};
    return {
      code: 'frame-tool-missing',
      severity: 'error',
      message,
      hint: TOOL_HINT,
      shot: take.shot,
      ...place,
    };
  });
}

/** Asks every remote input of what is to be bought whether it is there, as a provider would. */
export async function preflight(
  project: Project,
  takes: readonly Take[],
  signal: AbortSignal,
): Promise<Diagnostic[]> {
  const uses = takes.flatMap(remoteUses).filter(({ url }) => !isServedBySandbox(project, url));
  if (uses.length === 0) return [];
  const { preflightUrls } = await import('../gateway/preflight.js');
  const problems = await preflightUrls({
    urls: uses,
    allowPrivate: reachesPrivate(project),
    proxyEnv: project.env,
    clock: project.clock,
    signal,
  });
  const perPlace = new Map(uses.map((use) => [`${use.take.shot_index} ${use.field} ${use.url}`, use]));
  return [...perPlace.values()].flatMap(({ take, field, url }): Diagnostic[] => {
    const problem = problems.get(url);
    if (!problem) return [];
    const at = project.locate(take, field);
    const hint = 'fix the address, or skip this check with --no-preflight';
    return [{ ...problem, severity: 'error', hint, shot: take.shot, ...(at ? { at } : {}) }];
  });
}

/** What is to be bought: the takes that the plan submits jobs for. */
export function purchases(decisions: readonly Decision[]): Take[] {
  return decisions.flatMap(({ action, blocked_by, take }) =>
    buys(action) && blocked_by === undefined ? [take] : [],
  );
}

/** A second of film at a usual bit rate; rough on purpose. */
const BYTES_PER_SECOND = 2_000_000;
const USUAL_SECONDS = 8;

/** A warning where the clips to come may not fit on the disk. */
export async function diskSpace(project: Project, takes: readonly Take[]): Promise<Diagnostic[]> {
  if (takes.length === 0) return [];
  const free = await freeBytes(project.paths.folder);
  let needed = 0;
  for (const { settings } of takes) needed += (settings.duration ?? USUAL_SECONDS) * BYTES_PER_SECOND;
  if (free === undefined || needed < free) return [];
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const message = `the clips may need about ${gigabytes(needed)}, and ${gigabytes(free)} are free`;
  const hint = 'make room, or choose a folder on another disk with --output';
  return [{ code: 'disk-space', severity: 'warning', message, hint }];
}

interface RemoteUse {
  readonly take: Take;
  readonly field: string;
  readonly url: string;
  readonly media: MediaKind;
}

function remoteUses(take: Take): RemoteUse[] {
  return [
    ...take.frames.flatMap(({ frame_type, source }) =>
      source.kind === 'url' ? [{ take, field: frame_type, url: source.url, media: 'image' as const }] : [],
    ),
    ...take.references.flatMap(({ media, source }, index) =>
      source.kind === 'url' ? [{ take, field: `references[${index}]`, url: source.url, media }] : [],
    ),
  ];
}

/** The sandbox draws these itself, under a name that stands for it whatever its port. */
function isServedBySandbox({ target }: Project, url: string): boolean {
  return target.kind === 'sandbox' && URL.canParse(url) && new URL(url).hostname === 'sandbox.localhost';
}

/** A gateway on this machine reaches what this machine reaches. */
function reachesPrivate({ target }: Project): boolean {
  return target.baseUrl === undefined || isLoopback(new URL(target.baseUrl).hostname);
}
