import {
  CHECK_NAMES,
  MOST_STRETCHES,
  type CheckName,
  type Stretch,
  type Threshold,
} from '../domain/finding.js';
import { isRecord } from '../domain/is-record.js';
import { readJson, writeText } from './text-file.js';

/** What a check found in a clip, by the clip's content and by what the check was. */
export interface KnownFindings {
  find(sha256: string, check: CheckName, threshold: Threshold): readonly Stretch[] | undefined;
  add(
    stretches: readonly Stretch[],
    about: { readonly sha256: string; readonly check: CheckName; readonly threshold: Threshold },
  ): void;
  /** Writes what was added. A cache that cannot be written costs nothing but the next look. */
  save(): Promise<void>;
}

/** As many as ten thousand clips with all checks; the oldest go first. */
const MOST_ENTRIES = 30_000;

/** Opens the file of what checks have found. It may come from somebody else's folder: what is not in order is not there. */
export async function openFindings(path: string): Promise<KnownFindings> {
  const known = entriesIn(await readJson(path));
  let isNew = false;
  return {
    find: (sha256, check, threshold) => known.get(keyOf(sha256, check, threshold)),
    add(stretches, { sha256, check, threshold }) {
      known.set(keyOf(sha256, check, threshold), stretches);
      isNew = true;
    },
    async save() {
      if (!isNew) return;
      const entries = [...known].slice(-MOST_ENTRIES);
      const findings: Record<string, readonly (readonly [number, number])[]> = {};
      for (const [key, stretches] of entries)
        findings[key] = stretches.map(({ from_s, to_s }) => [from_s, to_s] as const);
      await writeText(path, JSON.stringify({ version: 1, findings })).catch(() => undefined);
      isNew = false;
    },
  };
}

function keyOf(sha256: string, check: CheckName, { seconds, level }: Threshold): string {
  return `${sha256} ${check} ${seconds} ${level}`;
}

const KEY = new RegExp(`^[0-9a-f]{64} (?:${CHECK_NAMES.join('|')}) [0-9.e-]{1,24} [0-9.e-]{1,24}$`);

function entriesIn(value: unknown): Map<string, readonly Stretch[]> {
  const found = isRecord(value) && value['version'] === 1 ? value['findings'] : undefined;
  if (!isRecord(found)) return new Map();
  return new Map(
    Object.entries(found)
      .slice(-MOST_ENTRIES)
      .flatMap(([key, list]: readonly [string, unknown]) => {
        const stretches =
          KEY.test(key) && Array.isArray(list) ? (list as readonly unknown[]).map(stretchIn) : [undefined];
        const isInOrder = stretches.length <= MOST_STRETCHES && stretches.every((one) => one !== undefined);
        return isInOrder ? [[key, stretches] as const] : [];
      }),
  );
}

function stretchIn(value: unknown): Stretch | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [from_s, to_s] = value as readonly unknown[];
  if (typeof from_s !== 'number' || typeof to_s !== 'number') return undefined;
  return from_s >= 0 && to_s > from_s && to_s <= MOST_SECONDS ? { from_s, to_s } : undefined;
}

const MOST_SECONDS = 100_000;
