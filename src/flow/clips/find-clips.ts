import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Attempt, Output } from '../../domain/attempt.js';
import { isDelivered, type DeliveredAttempt } from '../../domain/standing.js';
import type { ClipStatus } from '../../plan/decision.js';
import type { ClipStat, ClipStore } from '../../store/clip-store.js';
import { hashFile, readName, sizeOf } from '../../store/name-file.js';

/** Where the clips of a project are. */
export interface FoundClips {
  /** The state of a delivered attempt's clips, all together. */
  statusOf(attempt: Attempt): ClipStatus;
  /** Clips that are not in the store, but are whole under a name: by sha256. */
  readonly strays: ReadonlyMap<string, { readonly path: string; readonly output: Output }>;
  /** Clips whose date raised doubt, and whose content is unchanged: by sha256, with their deliveries. */
  readonly checked: ReadonlyMap<string, number>;
}

/** A date a file system may round to. */
const DATE_STEP_MS = 2000;

/**
 * Looks for the clips of all delivered attempts: in the store by their content, otherwise under their former names. A clip counts
 * as changed if its bytes differ. Its size shows this; its content is read only if its date is later than its delivery, or with
 * `verify`. Reads, never writes.
 */
export async function findClips({
  attempts,
  clips,
  namesOf,
  verify,
}: {
  readonly attempts: readonly Attempt[];
  readonly clips: ClipStore;
  /** Absolute paths at which the clips of an attempt may be, in the order of its outputs. */
  readonly namesOf: (attempt: DeliveredAttempt) => readonly string[];
  readonly verify: boolean;
}): Promise<FoundClips> {
  const delivered = attempts.filter(isDelivered);
  const lastDelivery = new Map<string, number>();
  for (const { state, times } of delivered)
    for (const { sha256 } of state.outputs)
      lastDelivery.set(sha256, Math.max(times.delivered ?? 0, lastDelivery.get(sha256) ?? 0));
  const statuses = new Map<string, ClipStatus>();
  const strays = new Map<string, { readonly path: string; readonly output: Output }>();
  const checked = new Map<string, number>();

  const looked = [...lastDelivery.keys()].map(async (sha256) => [sha256, await clips.stat(sha256)] as const);
  const stats = new Map(await Promise.all(looked));

  const inspect = async (output: Output): Promise<ClipStatus> => {
    const { sha256, bytes } = output;
    const found = stats.get(sha256);
    if (!found) return 'missing';
    if (found.bytes !== bytes) return 'changed';
    const deliveredMs = lastDelivery.get(sha256) ?? 0;
    const isSuspect = (found.modifiedMs ?? 0) > deliveredMs + DATE_STEP_MS;
    if (!isSuspect && !verify) return 'intact';
    if ((await hashOf(clips, found)) !== sha256) return 'changed';
    if (isSuspect) checked.set(sha256, deliveredMs);
    return 'intact';
  };
  for (const attempt of delivered) {
    for (const [index, output] of attempt.state.outputs.entries()) {
      const { sha256 } = output;
      if (!statuses.has(sha256)) statuses.set(sha256, await inspect(output));
      if (statuses.get(sha256) !== 'missing' || strays.has(sha256) || attempt.state.pruned) continue;
      const path = namesOf(attempt)[index];
      if (path !== undefined && (await isThisClip(path, output))) strays.set(sha256, { path, output });
    }
  }
  return {
    strays,
    checked,
    statusOf(attempt) {
      if (!isDelivered(attempt)) return 'missing';
      let worst: ClipStatus = 'intact';
      for (const { sha256 } of attempt.state.outputs) {
        const status = strays.has(sha256) ? 'intact' : (statuses.get(sha256) ?? 'missing');
        if (status === 'missing') return status;
        if (status === 'changed') worst = status;
      }
      return worst;
    },
  };
}

async function hashOf(clips: ClipStore, { sha256 }: ClipStat): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(await clips.read(sha256), hash);
  return hash.digest('hex');
}

async function isThisClip(path: string, { bytes, sha256 }: Output): Promise<boolean> {
  try {
    return sizeOf(path) === bytes && (await hashFile(path)) === sha256;
  } catch {
    // An unreadable file counts as missing.
    return false;
  }
}

/** Puts clips that exist only under a name back into the store, and trusts the checked ones again. Throws `disk`. */
export async function settleClips({ strays, checked }: FoundClips, clips: ClipStore): Promise<void> {
  for (const [sha256, { path, output }] of strays)
    await clips.put(readName(path), { sha256, bytes: output.bytes, container: output.media.container });
  for (const [sha256, deliveredMs] of checked) await clips.trust?.(sha256, deliveredMs);
}
