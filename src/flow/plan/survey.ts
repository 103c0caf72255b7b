import { join } from 'node:path';
import type { Attempt } from '../../domain/attempt.js';
import { nearest } from '../../domain/nearest.js';
import { pickOf, type Picks } from '../../domain/picks.js';
import { isLive, isUncertain } from '../../domain/standing.js';
import type { Take } from '../../domain/take.js';
import { DailiesError } from '../../errors.js';
import { spellingBy } from '../../catalogue/spelling.js';
import type { Catalogue } from '../../domain/catalogue.js';
import { outputStem } from '../../manifest/output-name.js';
import { createClaims, type Claims } from '../../plan/claims.js';
import type { Decision, DecisionContext } from '../../plan/decision.js';
import { decideAll, isToFetch } from '../../plan/decide.js';
import { pickedTake, slotKey, sourcesLeftOpen, withAncestors } from '../../plan/graph.js';
import { arePicksAlike, followPicks } from '../../plan/picks.js';
import { rerenderOf, type Rerender } from '../../plan/rerender.js';
import { clipName, viewOf, type View } from '../../plan/view.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { ShotState } from '../../store/shot-state.js';
import { findClips, type FoundClips } from '../clips/find-clips.js';
import { gatewayIdentity } from '../project/connections.js';
import { openPath } from '../project/paths.js';
import type { Project } from '../project/project.js';

/** Which takes a plan or a run covers, and how it treats them. */
export interface Scope {
  /** Shot ids, manifest ids or take keys. */
  readonly only?: readonly string[];
  /** A shot: it and all it is made from. */
  readonly until?: string;
  /** Shots or takes to rerender although they are delivered. */
  readonly rerender?: readonly string[];
  /** false: what failed before is left alone. */
  readonly retryFailed?: boolean;
  /** Hash every clip on disk instead of looking at size and time. */
  readonly verify?: boolean;
  readonly onUncertain?: 'hold' | 'resubmit';
  readonly approve?: boolean;
}

/** What the plan is based on: decisions about every take of the manifest, and the takes in scope. */
export interface Survey {
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Takes in scope, in manifest order. */
  readonly inScope: readonly Take[];
  /** The picks the decisions rest on. */
  readonly picks: Picks;
  /** Attempts that serve no take, but whose clip or job is still useful; none in a narrowed scope. */
  readonly orphans: readonly Attempt[];
  readonly claims: Claims;
  /** Where the clips were found. */
  readonly found: FoundClips;
  /** The takes to rerender, if that was asked for. */
  readonly rerender: Rerender | undefined;
  /** For decisions that have to be made again when a source has been delivered. */
  readonly context: Omit<DecisionContext, 'decided'>;
}

/** What decisions are made under. */
interface Surveyed {
  readonly project: Project;
  readonly attempts: readonly Attempt[];
  readonly picks: Picks;
  readonly scope: Scope;
  readonly found: FoundClips;
  /** The catalogue that settings are compared by. */
  readonly models: Catalogue['models'];
  /** Further takes in scope, to pick from. */
  readonly choices?: readonly Take[];
}

/** Everything known about models: an old dated slug stays known after the model gets another. */
export function knownModels({
  state,
  models = [],
}: {
  readonly state: ShotState;
  readonly models?: Catalogue['models'] | undefined;
}): Catalogue['models'] {
  return [...models, ...(state.catalogue()?.models ?? [])];
}

/**
 * Looks for the clips and decides about every take. Reads, never writes: a run does what a plan shows because both use this.
 * Throws `usage` on unknown ids in the scope.
 */
export async function survey({
  project,
  state,
  clips,
  scope = {},
  models,
  known,
}: {
  readonly project: Project;
  readonly state: ShotState;
  readonly clips: ClipStore;
  /** If absent: all takes. */
  readonly scope?: Scope;
  /** A catalogue to compare settings by, besides the one that the lockfile has kept. */
  readonly models?: Catalogue['models'];
  /** Where the clips are, if that is known already. */
  readonly known?: FoundClips;
}): Promise<Survey> {
  const [attempts, picks] = [state.attempts(), state.picks()];
  const found =
    known ??
    (await findClips({
      ...{ attempts, clips, verify: scope.verify ?? false },
      namesOf: namesByTake(project),
    }));
  const surveyed: Surveyed = {
    ...{ project, attempts, picks, scope, found },
    models: knownModels({ state, models }),
  };
  let decided = decideUnder(surveyed);
  // Which clips picks are about is known for a generation of shots once the one before it was decided about.
  for (let rounds = Object.keys(picks).length; rounds > 0; rounds--) {
    const followed = followPicks(decided.decisions, picks);
    if (arePicksAlike(followed, decided.picks)) break;
    decided = decideUnder({ ...surveyed, picks: followed });
  }
  const choices = choicesFor(decided, surveyed);
  return choices.length === 0 ? decided : decideUnder({ ...surveyed, picks: decided.picks, choices });
}

/** Where the clips of an attempt may lie under a name: those it has, or where they are not known those of its take. */
function namesByTake({ manifest, paths }: Project): (attempt: Attempt) => readonly string[] {
  let stems: ReadonlyMap<string, string> | undefined;
  return (attempt) => {
    if (attempt.names) return attempt.names.map((name) => openPath(paths.folder, name));
    stems ??= new Map(manifest.takes.map((take) => [slotKey(take), stemOf({ manifest }, take)]));
    const stem = stems.get(slotKey(attempt.owner));
    if (stem === undefined || attempt.state.kind !== 'delivered') return [];
    return attempt.state.outputs.map(({ media }, index) =>
      join(paths.output, clipName(stem, index, media.container)),
    );
  };
}

/** The name of a take's clips in the output folder, without extension. */
export function stemOf({ manifest }: Pick<Project, 'manifest'>, take: Take): string {
  return outputStem({ template: manifest.output.name, take, project: manifest.project });
}

/** The names that the clips should have. */
export function viewFor(project: Project, { decisions, claims }: Pick<Survey, 'decisions' | 'claims'>): View {
  return viewOf({
    takes: project.manifest.takes,
    decisions,
    ownedBy: (take) => claims.owned(take),
    stemOf: (take) => stemOf(project, take),
  });
}

/** What `--until` leaves out and a person needs: the other takes of a source that still needs a pick. */
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

function decideUnder(surveyed: Surveyed): Survey {
  const { project, attempts, picks, scope, found, models } = surveyed;
  const { manifest, inputs } = project;
  const { takes } = manifest;
  const identity = gatewayIdentity(project.target);
  const spell = spellingBy(models);
  const claims = createClaims(attempts, takes, picks, spell);
  const inScope = scopeOf(takes, surveyed);
  const scoped = inScope === takes ? undefined : new Set(inScope.map(slotKey));
  const asked = new Set<string>();
  for (const id of scope.rerender ?? []) {
    const named = select(takes, [id], '--rerender').map(slotKey);
    if (scoped && !named.some((slot) => scoped.has(slot))) throw leftOut(id);
    for (const slot of named) if (!scoped || scoped.has(slot)) asked.add(slot);
  }
  const rerender = asked.size > 0 ? rerenderOf(asked, attempts) : undefined;
  const context: Omit<DecisionContext, 'decided'> = {
    claims,
    picks,
    spell,
    approve: scope.approve ?? manifest.approve,
    rerender: rerender?.open ?? new Set(),
    remade: new Set([...asked].filter((slot) => !rerender?.open.has(slot))),
    retryFailed: scope.retryFailed ?? true,
    resubmitUncertain: (scope.onUncertain ?? manifest.on_uncertain) === 'resubmit',
    localInput: (path) => inputs.get(path),
    clipStatus: (attempt) => found.statusOf(attempt),
    isOfThisGateway: ({ gateway }) => gateway === identity,
    isInScope: (ref) => scoped === undefined || scoped.has(slotKey(ref)),
  };
  const decisions = decideAll(takes, context);
  const collected = new Set<Attempt>();
  for (const { collect } of decisions.values()) for (const attempt of collect) collected.add(attempt);
  const candidates = claims.unclaimed().filter((attempt) => isLive(attempt) && !collected.has(attempt));
  const slots = new Set(candidates.length > 0 ? takes.map(slotKey) : []);
  const orphans = candidates.filter((attempt) => isOrphan(attempt, slots, context));
  return { decisions, inScope, picks, orphans: scoped ? [] : orphans, claims, found, context, rerender };
}

/** A clip of a removed shot; and any job, of any shot, that nothing else fetches. */
function isOrphan(
  attempt: Attempt,
  slots: ReadonlySet<string>,
  context: Pick<DecisionContext, 'clipStatus'>,
): boolean {
  const isOfTake = slots.has(slotKey(attempt.owner));
  if (isToFetch(attempt, context)) return true;
  if (attempt.state.kind === 'delivered') return !isOfTake && !attempt.state.pruned;
  return !isUncertain(attempt) || !isOfTake;
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
          ? `these ids start like that: ${begun.slice(0, 3).join(', ')}${more}`
          : near === undefined
            ? 'dailies plan lists the shots'
            : `did you mean ${near}?`,
    });
  });
}
