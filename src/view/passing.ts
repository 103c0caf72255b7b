import type { RunEvent } from '../events.js';
import type { Passing } from '../sheet/page/live/facts.js';

/** What an event says of a take that no record keeps: how far its download is. */
export function passingOf(event: RunEvent): Passing | undefined {
  if (event.type !== 'shot.downloading') return undefined;
  const { bytes, total_bytes: total } = event;
  const words = total ? `${Math.floor((bytes / total) * 100)} %` : `${Math.round(bytes / 1e6)} MB`;
  return { key: event.key, words };
}
