import pLimit from 'p-limit';
import { outputsOf, type Attempt, type Output } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { DailiesError } from '../errors.js';
import { nearest } from '../domain/nearest.js';
import { createClaims, type Claims } from '../plan/claims.js';
import type { Decision, DecisionContext } from '../plan/decision.js';
import { decideAll } from '../plan/decide.js';
import { pickedTake, pickOf, slotKey, sourcesLeftOpen, withAncestors, type Picks } from '../plan/graph.js';
import { arePicksAlike, followPicks } from '../plan/picks.js';
import { isLive } from '../plan/standing.js';
import { inspectOutput } from '../store/clips.js';
import { openPath } from './paths.js';
import { gatewayIdentity } from './connections.js';
import { asideIn, clipPlace, isInPlace } from './clip-place.js';
import type { Project } from './project.js';

/** Which takes a plan or a run is about, and how it goes about them. */
export interface Scope {
  /** Shot ids, manifest ids or take keys. */
  readonly only?: readonly string[];
  /** A shot: it and all it is made from. */
  readonly until?: string;
  /** Shots or takes to make anew although they are delivered. */
  readonly rerender?: readonly string[];
  /** false: what failed before is left alone. */
  readonly retryFailed?: boolean;
  /** Hash every clip on disk instead of looking at size and time. */
  readonly verify?: boolean;
  readonly onUncertain?: 'hold' | 'resubmit';
  readonly approve?: boolean;
}

/** What the plan rests on: decisions about every take of the manifest, and those in scope. */
export interface Survey {
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Takes in scope, in manifest order. */
  readonly inScope: readonly Take[];
  /** The picks the decisions rest on. */
  readonly picks: Picks;
  /** Attempts that serve no take, and whose clip or job is still worth something; none in a narrowed scope. */
  readonly orphans: readonly Attempt[];
  readonly claims: Claims;
  /** Whether the clips of an attempt lie where it has them on record, changed or not. */
  readonly isThere: (attempt: Attempt) => boolean;
  /** For decisions that have to be made again when a source has been delivered. */
  readonly context: Omit<DecisionContext, 'decided'>;
}

/** What a survey is made of. */
interface Surveyed {
  readonly project: Project;
  readonly attempts: readonly Attempt[];
  readonly picks: Picks;
  readonly scope: Scope;
  /** Takes that are in scope besides, to be picked from. */
  readonly choices?: readonly Take[];
}

/** Looks at the disk and decides about every take. Reads, never writes. Throws `usage` on unknown ids in the scope. */
export async function survey(surveyed: Surveyed): Promise<Survey> {
  const { project, attempts, picks, scope } = surveyed;
  const { folder } = project.paths;
  const statuses = await clipStatuses({ attempts, folder, hash: scope.verify ?? false });
  const isAside = asideIn(project);
  let found = decideUnder(surveyed, statuses);
  // Which clips picks are about is known for a generation of shots once the one before it was decided about.
  for (let rounds = Object.keys(picks).length; rounds > 0; rounds--) {
    const followed = followPicks(found.decisions, { picks, isAside });
    if (arePicksAlike(followed, found.picks)) break;
    found = decideUnder({ ...surveyed, picks: followed }, statuses);
  }
  const choices = choicesFor(found, surveyed);
  return choices.length === 0 ? found : decideUnder({ ...surveyed, picks: found.picks, choices }, statuses);
}

/** What `--until` leaves out and a person needs: the other takes of a source of which one is to be picked. */
function choicesFor({ decisions, inScope, picks, context }: Survey, { project, scope }: Surveyed): Take[] {
  if (scope.until === undefined || !context.approve) return [];
  const toPick = new Set(
    inScope
      .filter((take) => decisions.get(slotKey(take))?.blocked_by !== undefined)
      .flatMap((take) => sourcesLeftOpen(take))
      .filter((shot) => pickOf(picks, shot) === undefined)
      .filter((shot) => decisions.get(slotKey(pickedTake(shot, picks)))?.blocked_by === undefined),
  );
  return project.manifest.takes.filter(({ shot }) => toPick.has(shot));
}

function decideUnder(surveyed: Surveyed, statuses: ClipStatuses): Survey {
  const { project, attempts, picks, scope } = surveyed;
  const { manifest, inputs } = project;
  const { takes } = manifest;
  const identity = gatewayIdentity(project.target);
  const claims = createClaims(attempts, takes, picks);
  const inScope = scopeOf(takes, surveyed);
  const scoped = inScope === takes ? undefined : new Set(inScope.map(slotKey));
  const rerender = new Set<string>();
  for (const id of scope.rerender ?? []) {
    const named = select(takes, [id], '--rerender').map(slotKey);
    if (scoped && !named.some((slot) => scoped.has(slot))) throw leftOut(id);
    for (const slot of named) rerender.add(slot);
  }
  const context: Omit<DecisionContext, 'decided'> = {
    claims,
    picks,
    approve: scope.approve ?? manifest.approve,
    rerender,
    retryFailed: scope.retryFailed ?? true,
    resubmitUncertain: (scope.onUncertain ?? manifest.on_uncertain) === 'resubmit',
    localInput: (path) => inputs.get(path),
    clipStatus: (attempt) => statuses.get(attempt.id) ?? 'intact',
    isInPlace: (attempt, take) => isInPlace(attempt, clipPlace(project, take)),
    isOfThisGateway: ({ gateway }) => gateway === identity,
    isInScope: (ref) => scoped === undefined || scoped.has(slotKey(ref)),
  };
  const decisions = decideAll(takes, context);
  const claimedOrCollected = new Set(
    [...decisions.values()].flatMap(({ collect }) => collect.map(({ id }) => id)),
  );
  const slots = new Set(takes.map(slotKey));
  const orphans = claims
    .unclaimed()
    .filter((attempt) => isLive(attempt) && !claimedOrCollected.has(attempt.id) && isOrphan(attempt, slots));
  const isThere = (attempt: Attempt) => context.clipStatus(attempt) !== 'missing';
  return { decisions, inScope, picks, orphans: scoped ? [] : orphans, claims, isThere, context };
}

/** A clip of a removed shot; and any job, of whatever shot, that nobody else fetches. */
function isOrphan({ owner, state }: Attempt, slots: ReadonlySet<string>): boolean {
  return state.kind === 'delivered'
    ? !slots.has(slotKey(owner))
    : state.kind !== 'uncertain' || !slots.has(slotKey(owner));
}

/** How the clips of delivered attempts stand, by the attempt's id. */
type ClipStatuses = ReadonlyMap<string, ClipStatus>;
type ClipStatus = ReturnType<DecisionContext['clipStatus']>;

async function clipStatuses({
  attempts,
  folder,
  hash,
}: {
  readonly attempts: readonly Attempt[];
  readonly folder: string;
  readonly hash: boolean;
}): Promise<ClipStatuses> {
  const limit = pLimit(16);
  const statuses = new Map<string, ClipStatus>();
  const inspect = async (id: string, outputs: readonly Output[]) => {
    statuses.set(id, await worstStatus(outputs, folder, hash));
  };
  await Promise.all(
    attempts.flatMap(({ id, state }) =>
      state.kind === 'delivered' ? [limit(() => inspect(id, state.outputs))] : [],
    ),
  );
  const those = (status: ClipStatus) => attempts.filter(({ id }) => statuses.get(id) === status);
  const changed = those('changed');
  if (changed.length === 0) return statuses;
  // Somebody took the clip away, and the clip of another attempt has come to its place since.
  const intact = new Set(those('intact').flatMap(pathsOf));
  for (const attempt of changed)
    if (pathsOf(attempt).some((path) => intact.has(path))) statuses.set(attempt.id, 'missing');
  return statuses;
}

function pathsOf(attempt: Attempt): string[] {
  return outputsOf(attempt).map(({ path }) => path);
}

async function worstStatus(outputs: readonly Output[], folder: string, hash: boolean) {
  let worst: ClipStatus = 'intact';
  for (const output of outputs) {
    const status = await inspectOutput({ file: openPath(folder, output.path), output, hash });
    if (status === 'missing') return status;
    if (status === 'changed') worst = status;
  }
  return worst;
}

function scopeOf(takes: readonly Take[], { scope, picks, choices = [] }: Surveyed): readonly Take[] {
  const { only, until } = scope;
  let selected: ReadonlySet<Take> | undefined;
  if (only && only.length > 0) selected = new Set(select(takes, only, '--only'));
  if (until !== undefined) {
    const roots = select(takes, [until], '--until');
    const chain = new Set([...withAncestors({ takes, roots, picks }), ...choices]);
    const before = selected;
    selected = before ? new Set([...chain].filter((take) => before.has(take))) : chain;
  }
  const final = selected;
  return final ? takes.filter((take) => final.has(take)) : takes;
}

function leftOut(id: string): DailiesError {
  return new DailiesError('usage', `--rerender ${id}: --only or --until leaves it out`, {
    hint: `name ${id} there too, or leave it out of --rerender`,
  });
}

/** The takes that ids name: a take's key, an expanded shot, or a shot of the manifest. */
function select(takes: readonly Take[], ids: readonly string[], option: string): Take[] {
  return ids.flatMap((id) => {
    const found = takes.filter(
      (take) => take.key === id || slotKey(take) === id || take.shot === id || take.manifest_id === id,
    );
    if (found.length > 0) return found;
    const begun = [...new Set(takes.map(({ shot }) => shot))].filter((shot) => shot.startsWith(id));
    const more = begun.length > 3 ? ` and ${begun.length - 3} more` : '';
    const near = nearest(id, new Set(takes.flatMap((take) => [take.shot, take.key])));
    throw new DailiesError('usage', `${option} ${id}: the manifest has no such shot`, {
      hint:
        begun.length > 0
          ? `these begin so: ${begun.slice(0, 3).join(', ')}${more}`
          : near === undefined
            ? 'dailies plan lists the shots'
            : `did you mean ${near}?`,
    });
  });
}
