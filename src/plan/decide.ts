import type { Attempt } from '../domain/attempt.js';
import type { PlanAction } from '../domain/plan.js';
import type { Take, TakeRef } from '../domain/take.js';
import { unreachable } from '../errors.js';
import { fingerprint, recordRequest, type KnownInput, type Order } from '../shot/order.js';
import { changesBetween } from './changes.js';
import type { Claims } from './claims.js';
import { inDependencyOrder, sourcesOf, sourceTake, pickedTake, slotKey, type Picks } from './graph.js';

/** What is to be done about one take, and why. */
export interface Decision {
  readonly take: Take;
  readonly action: PlanAction;
  readonly reasons: readonly string[];
  /** The purchase that serves the take, for all actions but render, rerender and retry. */
  readonly attempt?: Attempt;
  /** What would be bought; absent while a source has no clip. */
  readonly order?: Order;
  readonly fingerprint?: string;
  /** Older purchases of the take whose clips are still to be fetched, and kept aside. */
  readonly collect: readonly Attempt[];
  /** Uncertain attempts that the new one takes the place of (`on_uncertain: resubmit`). */
  readonly give_up?: readonly Attempt[];
  /** Shots whose clips have to come first. */
  readonly waits_for: readonly string[];
  /** The shot, or the pick, without which this take cannot be rendered. */
  readonly blocked_by?: string;
}

/** All that a decision rests on besides the take. */
export interface DecisionContext {
  readonly claims: Claims;
  readonly picks: Picks;
  /** Every dependant waits until its source has been picked by a person. */
  readonly approve: boolean;
  /** Takes to be made anew although they are delivered, as slot keys. */
  readonly rerender: ReadonlySet<string>;
  /** Whether an order that failed before is bought again. */
  readonly retryFailed: boolean;
  /** Whether what was uncertain when the run began is given up for a new attempt. */
  readonly resubmitUncertain: boolean;
  /** sha256 and type of a local file, by its path in the manifest. */
  readonly localInput: (path: string) => { readonly sha256: string; readonly mime: string } | undefined;
  /** How the clips of a delivered attempt stand on disk. */
  readonly clipStatus: (attempt: Attempt) => 'intact' | 'missing' | 'changed';
  /** Whether the clips lie where this take's clips belong. */
  readonly isInPlace: (attempt: Attempt, take: Take) => boolean;
  /** Whether the run will work on a take; the clips of the others are there or they are not. */
  readonly isInScope: (ref: TakeRef) => boolean;
  /** The decision already made about a source, in the same plan; sources come first. */
  readonly decided: (ref: TakeRef) => Decision | undefined;
}

/** An order and what it is known by. */
interface Printed {
  readonly order: Order;
  readonly print: string;
}

/**
 * Decides about all takes, each after its sources. What a take owns it is given first, for every take whose
 * inputs are known; only then may the others look for what nobody claims: two shots that have swapped their
 * prompts find each other's clips.
 */
export function decideAll(
  takes: readonly Take[],
  context: Omit<DecisionContext, 'decided'>,
): ReadonlyMap<string, Decision> {
  const decisions = new Map<string, Decision>();
  const full: DecisionContext = { ...context, decided: (ref) => decisions.get(slotKey(ref)) };
  const printed = new Map<Take, Printed>();
  for (const take of takes) {
    if (sourcesOf(take, context.picks).length > 0) continue;
    const order = orderOf(take, full);
    if (!order) continue;
    const print = fingerprint(order);
    printed.set(take, { order, print });
    context.claims.claimOwn(take, print);
    context.claims.settle(take);
  }
  for (const take of inDependencyOrder(takes, context.picks)) {
    const known = printed.get(take);
    decisions.set(slotKey(take), known ? decideOrder(known, full) : decide(take, full));
  }
  return decisions;
}

/** Decides about one take whose sources have been decided about. */
export function decide(take: Take, context: DecisionContext): Decision {
  const sources = surveySources(take, context);
  const isReady = sources.blockedBy === undefined && sources.waitsFor.length === 0;
  const order = isReady ? orderOf(take, context) : undefined;
  return order
    ? decideOrder({ order, print: fingerprint(order) }, context)
    : decideWaiting(take, sources, context);
}

interface SourceSurvey {
  readonly waitsFor: readonly string[];
  readonly blockedBy?: string;
}

function surveySources(take: Take, { decided, picks, approve, isInScope }: DecisionContext): SourceSurvey {
  const waitsFor: string[] = [];
  for (const ref of sourcesOf(take, picks)) {
    const source = decided(ref);
    const cannotCome = !source || source.blocked_by !== undefined || source.action === 'held';
    if (cannotCome || (source.action !== 'reuse' && !isInScope(ref)))
      return { waitsFor, blockedBy: ref.shot };
    if (approve && picks[ref.shot] === undefined)
      return { waitsFor: [...waitsFor, ref.shot], blockedBy: ref.shot };
    if (clipOf(source) === undefined) waitsFor.push(ref.shot);
  }
  return { waitsFor };
}

/** The clip that a source has on record, whether or not it must be fetched again. */
function clipOf(decision: Decision): { readonly sha256: string; readonly job_id: string } | undefined {
  if (decision.action !== 'reuse' && decision.action !== 'download') return undefined;
  const state = decision.attempt?.state;
  const sha256 = state?.kind === 'delivered' ? state.outputs[0]?.sha256 : undefined;
  return state?.kind === 'delivered' && sha256 !== undefined ? { sha256, job_id: state.job.id } : undefined;
}

/** The take with its inputs known; undefined where a local file could not be read (validation has said so). */
function orderOf(take: Take, context: DecisionContext): Order | undefined {
  const known = (source: Take['frames'][number]['source']): KnownInput | undefined => {
    switch (source.kind) {
      case 'url':
        return source;
      case 'file': {
        const found = context.localInput(source.path);
        return found && { kind: 'file', path: source.path, ...found };
      }
      case 'shot': {
        const ref = sourceTake(source, context.picks);
        const decision = context.decided(ref);
        const clip = decision && clipOf(decision);
        return clip && { kind: 'frame', ...ref, at: source.at, clip_sha256: clip.sha256 };
      }
      default:
        return unreachable(source);
    }
  };
  const frames = take.frames.flatMap(({ frame_type, source }) => {
    const input = known(source);
    return input ? [{ frame_type, input }] : [];
  });
  const references = take.references.flatMap(({ media, source }) => {
    const input = known(source);
    return input ? [{ media, input }] : [];
  });
  if (frames.length < take.frames.length || references.length < take.references.length) return undefined;
  if (take.previous_shot === undefined) return { take, frames, references };
  const previous = context.decided(pickedTake(take.previous_shot, context.picks));
  const clip = previous && clipOf(previous);
  return clip && { take, frames, references, previous: { job_id: clip.job_id, clip_sha256: clip.sha256 } };
}

/** A take that cannot be claimed yet: its picture hangs on clips that are still to come. */
function decideWaiting(
  take: Take,
  { waitsFor, blockedBy }: SourceSurvey,
  context: DecisionContext,
): Decision {
  const owned = context.claims.owned(take);
  const uncertain = owned.find(isUncertain);
  // While the sources are on their way nothing is settled: what the take owns may yet serve it.
  const collect = blockedBy === undefined ? [] : owned.filter(isUnfetched);
  const base = { take, collect, waits_for: waitsFor };
  if (uncertain && !context.resubmitUncertain)
    return { ...base, action: 'held', reasons: heldReasons(uncertain), attempt: uncertain };
  const had = owned.some((attempt) => attempt.state.kind === 'delivered');
  if (blockedBy !== undefined) {
    const needsPick = context.approve && waitsFor.includes(blockedBy);
    const reason = needsPick ? `waits for a pick of ${blockedBy}` : `needs a clip of ${blockedBy}`;
    return {
      ...base,
      action: had ? 'rerender' : 'render',
      reasons: [reason],
      blocked_by: blockedBy,
    };
  }
  const reasons = had ? waitsFor.map((shot) => `${shot} gets a new clip`) : ['new'];
  return { ...base, action: had ? 'rerender' : 'render', reasons };
}

function decideOrder({ order, print }: Printed, context: DecisionContext): Decision {
  const { claims, rerender } = context;
  const { take } = order;
  const own = claims.claimOwn(take, print);
  const before = claims.owned(take);
  const base = { take, order, fingerprint: print, waits_for: [] };
  const found = own ?? claims.claimAnywhere(print);
  const uncertain = [...new Set([...before, ...(found ? [found] : [])])].filter(isUncertain);
  const attempt = uncertain[0] ?? found;
  claims.settle(take);
  const collect = before.filter((older) => older !== attempt && isUnfetched(older));
  if (uncertain[0] && context.resubmitUncertain) {
    const reasons = ['resubmitted', ...heldReasons(uncertain[0])];
    return {
      ...base,
      collect,
      action: 'render',
      reasons,
      give_up: uncertain,
    };
  }
  if (attempt?.state.kind === 'delivered' && rerender.has(slotKey(take)))
    return { ...base, collect, action: 'rerender', reasons: ['asked for'] };
  if (attempt) return { ...base, collect, attempt, ...serveWith(attempt, take, context) };
  return { ...base, collect, ...buy(order, before, context) };
}

type Outcome = Pick<Decision, 'action' | 'reasons'>;

/** A purchase that serves the take: what is left to do with it is free. */
function serveWith(attempt: Attempt, take: Take, context: DecisionContext): Outcome {
  const { state } = attempt;
  const isOwn = slotKey(attempt.owner) === slotKey(take);
  const origin = isOwn ? [] : ['renamed'];
  switch (state.kind) {
    case 'submitting':
    case 'uncertain':
    case 'lost':
      return { action: 'held', reasons: [...origin, ...heldReasons(attempt)] };
    case 'pending':
    case 'in_progress':
      return {
        action: 'resume',
        reasons: [
          ...origin,
          `job in flight since ${timeOfDay(attempt.times.accepted ?? attempt.times.created)}`,
        ],
      };
    case 'completed':
    case 'downloading':
      return { action: 'download', reasons: [...origin, 'clip not fetched yet'] };
    case 'delivered':
      switch (context.clipStatus(attempt)) {
        case 'missing':
          return { action: 'download', reasons: [...origin, 'file missing'] };
        case 'changed':
          return {
            action: 'reuse',
            reasons: [...origin, 'file changed by hand, left as it is'],
          };
        case 'intact': {
          const reason = context.isInPlace(attempt, take) ? 'delivered' : 'restored';
          return { action: 'reuse', reasons: isOwn ? [reason] : origin };
        }
      }
    // falls through
    default:
      return { action: 'held', reasons: [`attempt is ${state.kind}`] };
  }
}

/** Nothing serves the take: it has to be bought, and the reasons say why. */
function buy(order: Order, before: readonly Attempt[], context: DecisionContext): Outcome {
  const last = before.at(-1);
  if (!last) return { action: 'render', reasons: ['new'] };
  const changes = changesBetween(
    last.request,
    recordRequest(order, () => undefined),
  );
  if (changes.length > 0) {
    const hadClip = before.some(isLive);
    return { action: hadClip ? 'rerender' : 'render', reasons: changes };
  }
  const { state } = last;
  switch (state.kind) {
    case 'failed':
    case 'cancelled':
    case 'expired':
    case 'refused':
      return context.retryFailed
        ? { action: 'retry', reasons: [`${state.kind}: ${state.message}`] }
        : { action: 'held', reasons: [`${state.kind}: ${state.message}`, 'not tried again'] };
    case 'not_charged':
      return { action: 'render', reasons: ['settled as not charged'] };
    case 'abandoned':
      return { action: 'rerender', reasons: ['abandoned'] };
    default:
      return { action: 'render', reasons: ['new'] };
  }
}

function heldReasons({ state, times }: Attempt): string[] {
  switch (state.kind) {
    case 'lost':
      return [`job ${state.job.id} is lost: ${state.message}`];
    case 'uncertain':
    case 'submitting':
      return [`submit unanswered at ${timeOfDay(times.submitted ?? times.created)}`];
    default:
      return [];
  }
}

function isLive({ state }: Attempt): boolean {
  return ['delivered', 'pending', 'in_progress', 'completed', 'downloading', 'lost', 'abandoned'].includes(
    state.kind,
  );
}

function isUncertain({ state }: Attempt): boolean {
  return state.kind === 'uncertain' || state.kind === 'submitting';
}

/** Bought, and its clip not on disk yet. */
function isUnfetched({ state }: Attempt): boolean {
  return ['pending', 'in_progress', 'completed', 'downloading'].includes(state.kind);
}

/** Hours and minutes where the reader is. */
function timeOfDay(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}
