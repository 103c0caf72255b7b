import { isoNow, systemClock } from '../../clock.js';
import type { Attempt } from '../../domain/attempt.js';
import { attemptAfter, knowsMore } from '../shot-state.js';
import { functionsIn, openDatabase, type Functions } from './connection.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';
import { attemptIn, stepOf, wholeOf } from './row.js';

/** Purchases that are on record elsewhere: in receipts, in a lockfile. */
export interface KnownElsewhere {
  readonly url: string;
  readonly schema?: string;
  readonly project: {
    readonly id: string;
    readonly name: string;
    readonly manifest: string;
  };
  readonly gateway: string;
  readonly account?: string;
  readonly attempts: Iterable<Attempt>;
}

export interface PutBack {
  /** Purchases that the database did not have, and those that it knew less of. */
  readonly added: number;
  readonly advanced: number;
  /** Purchases that somebody is at work with: what is known of them elsewhere is left to them. */
  readonly inHand: number;
}

/**
 * Tells a database of purchases that it has forgotten, or never knew: each counts from now on, and its wish is not bought again. Said
 * twice, it changes nothing more. Throws `store-unreachable`, `store-refused`, `store-version`.
 */
export async function putBack(known: KnownElsewhere): Promise<PutBack> {
  return withStore(known, async (store) => {
    const { project, gateway, account = '' } = known;
    const numbered = await store.ask('known_project', [JSON.stringify({ ...project, gateway, account })]);
    const accountId = Number(numbered[0]?.['known_project']);
    const rows = await store.ask('project_state', [project.id]);
    const there = new Map(
      rows.map(({ attempt }) => attemptIn(attempt)).map((attempt) => [attempt.id, attempt]),
    );
    const result = { added: 0, advanced: 0, inHand: 0 };
    for (const told of known.attempts) {
      // Nothing was sent.
      if (told.state.kind === 'planned') continue;
      const attempt = atRest(told);
      const before = there.get(attempt.id);
      if (!before) {
        const row = { ...wholeOf(attempt, 0, null), wish: true };
        const [answer] = await store.ask('adopt', [project.id, accountId, JSON.stringify(row)]);
        if (answer?.['adopt'] === 'adopted') result.added++;
      } else if (knowsMore(attempt, before)) {
        const steps = Math.max(attempt.steps, before.steps + 1);
        const [answer] = await store.ask('record', [
          null,
          JSON.stringify(stepOf({ ...attempt, steps }, before.steps)),
        ]);
        if (answer?.['verdict'] === 'ok') result.advanced++;
        else result.inHand++;
      }
    }
    return result;
  });
}

/** Lets an account buy again after the database had gone back in time and `putBack` has told it of all that is known. */
export async function reconciled(where: Pick<KnownElsewhere, 'url' | 'schema' | 'gateway' | 'account'>) {
  await withStore(where, (store) => store.ask('reconciled', [where.gateway, where.account ?? '']));
}

async function withStore<T>(
  { url, schema = DEFAULT_SCHEMA }: Pick<KnownElsewhere, 'url' | 'schema'>,
  work: (store: Functions) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ url, clock: systemClock, name: 'dailies store' });
  try {
    await assertVersion(database.ask, schema);
    return await work(functionsIn(quoted(schema), database));
  } finally {
    await database.close();
  }
}

/** Who was about to send is not known here any more: perhaps it was charged. */
function atRest(attempt: Attempt): Attempt {
  if (attempt.state.kind !== 'submitting') return attempt;
  const lost = { type: 'answer_lost', at: isoNow(systemClock), message: FORGOTTEN } as const;
  return attemptAfter(() => attempt, { ...lost, id: attempt.id, step: attempt.steps + 1 }) ?? attempt;
}

const FORGOTTEN = 'the store had forgotten the submit before its answer was on record';
