import type { Clock } from '../../clock.js';
import { isRecord } from '../../domain/is-record.js';
import { FULL_PACE, nextSubmitAtMs, type Pace } from '../../shot/pace.js';

/** The state of accounts, projects and batches, each from the newest answer about it. */
export interface Standing {
  /** Takes in the `standing` from an answer of the database's functions. */
  learn(value: unknown): void;
  /** The state of an account, by its number; at full pace if nothing is known of it. */
  account(id: string): AccountPace;
  /** The database's clock now, milliseconds since 1970: every machine keeps the pace by this clock. */
  nowMs(): number;
  /** A moment of `Clock.elapsed` by the database's clock. */
  atMs(elapsedMs: number): number;
  /** How long a submit of an account has to wait, as far as is known here. */
  waitMs(account: string): number;
  /** What counts against the budget of a project, and against the ceiling of a batch, US dollars. */
  spentUsd(project: string): number;
  batchUsd(batch: string): number;
  /** The highest counts of intents seen so far, for `hello`. */
  seen(): readonly { readonly gateway: string; readonly name: string; readonly intents: number }[];
}

/** How fast submits of an account may go out. */
export interface AccountPace {
  readonly pace: Pace;
  /** Only a process that has seen the newest version of the pace may replace it. */
  readonly version: number;
  /** When the last submit went out, by the database's clock. */
  readonly lastMs: number;
}

const UNKNOWN: AccountPace = { pace: FULL_PACE, version: 0, lastMs: -Infinity };

export function createStanding(clock: Clock): Standing {
  const accounts = new Map<string, AccountPace>();
  const spentNano = new Map<string, number>();
  const seen = new Map<string, { gateway: string; name: string; intents: number }>();
  let offMs = 0;
  const nowMs = () => clock.elapsed() + offMs;
  const account = (id: string) => accounts.get(id) ?? UNKNOWN;

  const learnAccount = (id: string, value: Readonly<Record<string, unknown>>) => {
    const before = account(id);
    const version = numberIn(value['version']) ?? 0;
    const lastMs = Math.max(before.lastMs, numberIn(value['lastMs']) ?? -Infinity);
    // Answers may arrive in another order than they were given.
    const newest = version >= before.version ? { version, pace: paceIn(value['pace']) } : before;
    accounts.set(id, { pace: newest.pace, version: newest.version, lastMs });
  };
  return {
    learn(value) {
      if (!isRecord(value)) return;
      const { account: id, gateway, name, project, batch } = value;
      const intents = numberIn(value['intents']) ?? 0;
      if (typeof gateway === 'string' && typeof name === 'string') {
        const before = seen.get(`${gateway} ${name}`)?.intents ?? 0;
        seen.set(`${gateway} ${name}`, { gateway, name, intents: Math.max(before, intents) });
      }
      if (typeof id === 'number') learnAccount(String(id), value);
      offMs = (numberIn(value['nowMs']) ?? nowMs()) - clock.elapsed();
      const spent = numberIn(value['spentNano']);
      if (typeof project === 'string' && spent !== undefined) spentNano.set(`project ${project}`, spent);
      const ofBatch = numberIn(value['batchNano']);
      if (typeof batch === 'number' && ofBatch !== undefined) spentNano.set(`batch ${batch}`, ofBatch);
    },
    account,
    nowMs,
    atMs: (elapsedMs) => elapsedMs + offMs,
    waitMs(id) {
      const { pace, lastMs } = account(id);
      return Math.max(0, nextSubmitAtMs(pace, lastMs) - nowMs());
    },
    spentUsd: (project) => (spentNano.get(`project ${project}`) ?? 0) / 1e9,
    batchUsd: (batch) => (spentNano.get(`batch ${batch}`) ?? 0) / 1e9,
    seen: () => [...seen.values()],
  };
}

/** A pace as the database keeps it: JSON has neither infinities nor undefined. */
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
