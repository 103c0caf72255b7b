import { asObject, asText } from './json.js';

/** What is needed to continue a part of a clip: kept beside it as JSON. */
export interface PartNote {
  /** Names the clip, whatever address it is fetched from. */
  readonly identity: string;
  /** A strong ETag, or a Last-Modified date: goes into If-Range. */
  readonly validator: string;
  /** Length of the whole clip, where the server said. */
  readonly total?: number;
}

/** A note as it lies on the disk. */
export interface KeptNote extends PartNote {
  /** So many bytes of the part are on the disk for good. What lies behind them, a power cut may have left torn. */
  readonly bytes: number;
}

/** Where the note of a part lies. */
export function notePath(partPath: string): string {
  return `${partPath}.json`;
}

/** Reads a note; undefined where it is torn by a kill, or not a note. */
export function readNote(text: string): KeptNote | undefined {
  let note: ReturnType<typeof asObject>;
  try {
    note = asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
  const identity = asText(note?.['identity']);
  const validator = asText(note?.['validator']);
  const total = note?.['total'];
  const bytes = note?.['bytes'];
  if (identity === undefined || validator === undefined || typeof bytes !== 'number') return undefined;
  return { identity, validator, bytes, ...(typeof total === 'number' ? { total } : {}) };
}
