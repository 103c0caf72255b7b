import { isoNow } from '../../clock.js';
import { identityOf, type Attempt, type Output } from '../../domain/attempt.js';
import { isCompleted } from '../../domain/standing.js';
import { unreachable } from '../../errors.js';
import { discardPart } from '../../gateway/part-note.js';
import { fetchClips, type Delivery, type FetchedClip, type KeptClip } from './fetch-clips.js';
import type { WorkTools } from './tools.js';

/** The result of fetching a clip. */
export interface Delivered {
  /** delivered or lost; or as it was before, and then `waiting` says why. */
  readonly attempt: Attempt;
  readonly waiting?: string;
}

/**
 * Fetches all clips of a completed job, or again those of a delivered one, and puts them into the store. The job stays
 * paid and fetchable even if something goes wrong here.
 */
export async function deliver(tools: WorkTools, delivery: Delivery): Promise<Delivered> {
  const { attempts, clock } = tools;
  const attempt = isCompleted(delivery.attempt)
    ? attempts.note(delivery.attempt, { type: 'download_started', at: isoNow(clock) })
    : delivery.attempt;
  const fetched = await fetchClips(tools, delivery);
  const at = isoNow(clock);
  switch (fetched.kind) {
    case 'fetched':
      return { attempt: await putAway(tools, { ...delivery, attempt }, fetched.clips) };
    case 'gone':
      return { attempt: await attempts.record(attempt, { type: 'lost', at, message: fetched.message }) };
    case 'waiting': {
      const { message } = fetched;
      if (attempt.state.kind !== 'downloading') return { attempt, waiting: message };
      return {
        attempt: await attempts.record(attempt, { type: 'download_failed', at, message }),
        waiting: message,
      };
    }
    default:
      return unreachable(fetched);
  }
}

/** The clips are verified and on the disk. They go into the store after the receipt that names them, and before the journal. */
async function putAway(
  { attempts, clips, inputs, control }: WorkTools,
  { attempt, isDamaged }: Delivery,
  fetched: readonly (FetchedClip | KeptClip)[],
): Promise<Attempt> {
  const outputOf = async (clip: FetchedClip): Promise<Output> => {
    const { part, bytes, sha256, before, warning } = clip;
    const { media, warnings } = clip.clip;
    const first = before && identityOf(before);
    return {
      ...{ sha256, bytes, media },
      ...(first === undefined || first === sha256 ? {} : { first_sha256: first }),
      warnings: [
        ...(warning === undefined ? [] : [warning]),
        ...warnings,
        ...(await inputs.openingWarnings(attempt, part, control.working)),
      ],
    };
  };
  const outputs = await Promise.all(
    fetched.map(async (clip) => (clip.kind === 'kept' ? clip.output : outputOf(clip))),
  );
  return attempts.deliver(attempt, outputs, async () => {
    for (const clip of fetched) {
      if (clip.kind === 'kept') continue;
      const { part, bytes, sha256, before } = clip;
      if (before && isDamaged && (await clips.stat(before.sha256))) await clips.setAside(before.sha256);
      await clips.put({ part }, { sha256, bytes, container: clip.clip.media.container });
      await discardPart(part);
    }
  });
}
