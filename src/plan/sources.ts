import { identityOf, outputsOf } from '../domain/attempt.js';
import { pickOf, type PickedTake } from '../domain/picks.js';
import type { Take, TakeRef } from '../domain/take.js';
import { unreachable } from '../errors.js';
import type { KnownInput, Order } from '../shot/order.js';
import type { Decision, DecisionContext } from './decision.js';
import { pickedTake, pictureSourcesOf, slotKey, sourcesOf, sourceTake } from './graph.js';

/** The state of a take's sources. */
export interface SourceSurvey {
  /** Shots that have no clip on record yet. */
  readonly waitsFor: readonly string[];
  readonly block?: Block;
}

/** Why nothing may be bought for a take for now, and which shot is missing. */
export interface Block extends Objection {
  readonly shot: string;
}

/** Why a take cannot be made from a source. */
interface Objection {
  readonly reason: string;
  /** Only a pick is missing: of this source, or of one that it is made from. */
  readonly isPick: boolean;
}

/** Examines the sources of a take, which are already decided. */
export function surveySources(take: Take, context: DecisionContext): SourceSurvey {
  const sources = sourcesOf(take, context.picks);
  if (sources.length === 0) return { waitsFor: [] };
  const waiting = new Set<string>();
  const blocks: Block[] = [];
  for (const ref of sources) {
    const source = context.decided(ref);
    if (!source || clipOf(source) === undefined) waiting.add(ref.shot);
    const found = objection({ take, ref, source, context });
    if (found) blocks.push({ shot: ref.shot, ...found });
  }
  const waitsFor = [...waiting];
  const [first] = blocks;
  if (!first) return { waitsFor };
  return { waitsFor, block: { ...first, isPick: blocks.every(({ isPick }) => isPick) } };
}

/** Whether approval is asked for a take's shot: a shot with one take leaves no choice. */
export function isToChoose({ takes }: Pick<Take, 'takes'>): boolean {
  return takes > 1;
}

/** Why a take cannot be made from a source; undefined if it can, now or once the source is there. */
function objection({
  take,
  ref,
  source,
  context: { picks, approve, isInScope, clipStatus, isOfThisGateway },
}: {
  readonly take: Take;
  readonly ref: TakeRef;
  readonly source: Decision | undefined;
  readonly context: DecisionContext;
}): Objection | undefined {
  // The manifest's own references were checked before: only a pick can name a take that is gone.
  if (!source)
    return missingPick(
      `take ${ref.take} of ${ref.shot} is picked but does not exist: pick another (dailies pick)`,
    );
  if (source.action !== 'reuse' && !isInScope(ref))
    return missing(`needs a clip of ${ref.shot}: name ${ref.shot} in --only too`);
  if (source.blocked_by !== undefined || source.action === 'held')
    return { reason: `needs a clip of ${ref.shot}`, isPick: source.waits_for_pick === true };
  // A pick made before this clip existed is not a pick of it.
  const isApproved = pickOf(picks, ref.shot) === ref.take && isPicked(picks[ref.shot], clipOf(source));
  if (approve && isToChoose(source.take) && !isApproved)
    return missingPick(`waits for a pick of ${ref.shot}`);
  if (take.previous_shot === ref.shot && source.attempt && !isOfThisGateway(source.attempt))
    return missing(
      `only the gateway of ${ref.shot} can continue its job: use --rerender ${ref.shot}, or --gateway`,
    );
  const isChanged = source.action === 'reuse' && source.attempt && clipStatus(source.attempt) === 'changed';
  const needsPicture = pictureSourcesOf(take, picks).some((picture) => slotKey(picture) === slotKey(ref));
  return isChanged && needsPicture
    ? missing(`the clip of ${ref.shot} was changed, and the gateway no longer has it`)
    : undefined;
}

function missingPick(reason: string): Objection {
  return { reason, isPick: true };
}

function missing(reason: string): Objection {
  return { reason, isPick: false };
}

/** The take with its inputs known; undefined if a local file could not be read (validation has said so). */
export function orderOf(
  take: Take,
  context: Pick<DecisionContext, 'picks' | 'localInput' | 'decided'>,
): Order | undefined {
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

function isPicked(pick: PickedTake | undefined, clip: { readonly sha256: string } | undefined): boolean {
  return clip !== undefined && pick?.clip === clip.sha256;
}

/** The clip that a source has on record, whether or not it must be fetched again. */
function clipOf({ attempt }: Decision): { readonly sha256: string; readonly job_id: string } | undefined {
  const [clip] = attempt ? outputsOf(attempt) : [];
  if (!attempt || !clip || !('job' in attempt.state)) return undefined;
  return { sha256: identityOf(clip), job_id: attempt.state.job.id };
}
