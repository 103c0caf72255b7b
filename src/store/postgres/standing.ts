import type { Clock } from '../../clock.js';
import { isRecord } from '../../domain/is-record.js';
import { FULL_PACE, nextSubmitAtMs, type Pace } from '../../shot/pace.js';

/** How the account, the project and the batch of a purchase stand, as the newest answer has it. */
export interface Standing {
  /** Takes in what came with an answer: the `standing` of the database's functions. */
  learn(value: unknown): void;
  pace(): Pace;
  version(): number;
  /** The database's clock now, milliseconds since 1970: the pace goes by it, on every machine. */
  nowMs(): number;
  /** A moment of `Clock.elapsed` by the database's clock. */
  atMs(elapsedMs: number): number;
  /** How long a submit has to wait, as far as is known here. */
  waitMs(): number;
  spentUsd(): number;
  batchUsd(): number;
  /** The highest counts of intents that were ever seen, for `hello`. */
  seen(): readonly { readonly gateway: string; readonly name: string; readonly intents: number }[];
}

export function createStanding(clock: Clock): Standing {
  let pace: Pace = FULL_PACE;
  let version = 0;
  let lastMs = -Infinity;
  let offMs = 0;
  let [spentNano, batchNano] = [0, 0];
  const seen = new Map<string, { gateway: string; name: string; intents: number }>();
  const nowMs = () => clock.elapsed() + offMs;
  return {
    learn(value) {
      if (!isRecord(value)) return;
      const { gateway, name } = value;
      const intents = numberIn(value['intents']) ?? 0;
      if (typeof gateway === 'string' && typeof name === 'string') {
        const before = seen.get(`${gateway} ${name}`)?.intents ?? 0;
        seen.set(`${gateway} ${name}`, { gateway, name, intents: Math.max(before, intents) });
      }
      // Answers may arrive in another order than they were given.
      const versionNow = numberIn(value['version']) ?? 0;
      if (versionNow >= version) {
        version = versionNow;
        pace = paceIn(value['pace']);
      }
      lastMs = Math.max(lastMs, numberIn(value['lastMs']) ?? -Infinity);
      offMs = (numberIn(value['nowMs']) ?? nowMs()) - clock.elapsed();
      spentNano = numberIn(value['spentNano']) ?? spentNano;
      batchNano = numberIn(value['batchNano']) ?? batchNano;
    },
    pace: () => pace,
    version: () => version,
    nowMs,
    atMs: (elapsedMs) => elapsedMs + offMs,
    waitMs: () => Math.max(0, nextSubmitAtMs(pace, lastMs) - nowMs()),
    spentUsd: () => spentNano / 1e9,
    batchUsd: () => batchNano / 1e9,
    seen: () => [...seen.values()],
  };
}

/** A pace as the database keeps it: JSON knows neither infinities nor what is undefined. */
export function paceRow({ slowedAtMs, troubleSinceMs, ...rest }: Pace) {
  return {
    ...rest,
    slowedAtMs: Number.isFinite(slowedAtMs) ? slowedAtMs : null,
    troubleSinceMs: troubleSinceMs ?? null,
  };
}

function paceIn(value: unknown): Pace {
  const row = isRecord(value) ? value : {};
  return {
    gapMs: numberIn(row['gapMs']) ?? 0,
    pausedUntilMs: numberIn(row['pausedUntilMs']) ?? 0,
    slowedAtMs: numberIn(row['slowedAtMs']) ?? -Infinity,
    refusals: numberIn(row['refusals']) ?? 0,
    troubleSinceMs: numberIn(row['troubleSinceMs']),
  };
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
