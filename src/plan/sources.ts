import type { Take } from '../domain/take.js';
import { unreachable } from '../errors.js';
import type { KnownInput, Order } from '../shot/order.js';
import type { Decision, DecisionContext } from './decision.js';
import { pickedTake, sourcesOf, sourceTake } from './graph.js';

/** What a take still lacks of its sources. */
export interface SourceSurvey {
  readonly waitsFor: readonly string[];
  readonly blockedBy?: string;
}

/** Looks at the sources of a take, which have been decided about. */
export function surveySources(
  take: Take,
  { decided, picks, approve, isInScope }: DecisionContext,
): SourceSurvey {
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

/** The take with its inputs known; undefined where a local file could not be read (validation has said so). */
export function orderOf(take: Take, context: DecisionContext): Order | undefined {
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

/** The clip that a source has on record, whether or not it must be fetched again. */
function clipOf(decision: Decision): { readonly sha256: string; readonly job_id: string } | undefined {
  if (decision.action !== 'reuse' && decision.action !== 'download') return undefined;
  const state = decision.attempt?.state;
  const sha256 = state?.kind === 'delivered' ? state.outputs[0]?.sha256 : undefined;
  return state?.kind === 'delivered' && sha256 !== undefined ? { sha256, job_id: state.job.id } : undefined;
}
