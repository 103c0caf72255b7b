import type {
  AccountId,
  AccountLimits,
  AccountStanding,
  ModelStanding,
  WorkerStanding,
} from '../../domain/account.js';
import { systemClock } from '../../clock.js';
import { isRecord } from '../../domain/is-record.js';
import { openDatabase, type Row } from './connection.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';
import { nanoOf } from './row.js';

/** The accounts of a store, for people who set their limits. Each change is one statement. */
export interface Accounts {
  /** All accounts, or the named one. */
  list(id?: AccountId): Promise<readonly AccountStanding[]>;
  /** The workers that are alive by the database's clock. */
  workers(): Promise<readonly WorkerStanding[]>;
  /** Makes an account that is not there yet. A higher budget lets it buy again if the old one had stopped it. */
  set(id: AccountId, limits: AccountLimits): Promise<void>;
  /** Lets it buy again, and gives why it was stopped; it stays stopped if the database went back in time. */
  resume(id: AccountId): Promise<Resumed>;
  close(): Promise<void>;
}

/** The result of a resume: no such account, or why it was stopped, if it was. */
export type Resumed = { readonly known: false } | { readonly known: true; readonly stopped: string | null };

/** Opens the accounts. Throws `usage` on an invalid URL, `store-unreachable`, `store-refused`, `store-version`. */
export async function openAccounts(
  url: string,
  { schema = DEFAULT_SCHEMA }: { readonly schema?: string } = {},
): Promise<Accounts> {
  const database = await openDatabase({ url, clock: systemClock, name: 'dailies account' });
  const sql = statements(quoted(schema));
  try {
    await assertVersion(database.ask, schema);
  } catch (error) {
    await database.close();
    throw error;
  }
  return {
    async list(id) {
      const rows = await database.ask(sql.list, [id?.gateway ?? null, id?.name ?? null]);
      return rows.map(accountIn);
    },
    async workers() {
      return (await database.ask(sql.workers, [])).map(workerIn);
    },
    async set({ gateway, name }, { jobs, budgetUsd, perModel = [] }) {
      const budget = typeof budgetUsd === 'number' ? nanoOf(budgetUsd) : null;
      await database.ask(sql.set, [
        ...[gateway, name, jobs !== undefined, jobs ?? null, budgetUsd !== undefined, budget],
        JSON.stringify(perModel),
      ]);
    },
    async resume({ gateway, name }) {
      const [row] = await database.ask(sql.resume, [gateway, name]);
      return row ? { known: true, stopped: textOrNull(row['stopped']) } : { known: false };
    },
    close: () => database.close(),
  };
}

function statements(schema: string) {
  return {
    list: `
      select a.gateway, a.name, a.jobs, a.budget_nano, a.committed_nano, a.stopped, a.pace, ${schema}.clock_ms() as now_ms,
        (select count(*) from ${schema}."order" o where o.account = a.id and o.state = 'ready') as ready,
        (select jsonb_agg(jsonb_build_array(m.model, m.jobs) order by m.model)
           from ${schema}.account_model m where m.account = a.id) as caps,
        (select jsonb_agg(jsonb_build_array(p.model, p.n) order by p.model)
           from (select model, sum(n) as n from ${schema}.places(a.id) group by model) p) as placed
      from ${schema}.account a
      where $1::text is null or (a.gateway = $1 and a.name = $2)
      order by a.gateway, a.name`,
    workers: `
      select w.id, w.name, (extract(epoch from w.lease_until - ${schema}.clock()) * 1000)::float8 as left_ms,
        (select count(*) from ${schema}."order" o where o.worker = w.id) as orders
      from ${schema}.worker w where w.gone_at is null and w.lease_until > ${schema}.clock() order by w.id`,
    set: `
      with one as (
        insert into ${schema}.account as a (gateway, name, jobs, budget_nano) values ($1, $2, $4, $6)
        on conflict (gateway, name) do update set
          jobs = case when $3 then excluded.jobs else a.jobs end,
          budget_nano = case when $5 then excluded.budget_nano else a.budget_nano end,
          stopped = case when $5 and a.stopped = 'budget'
              and (excluded.budget_nano is null or excluded.budget_nano > a.budget_nano) then null else a.stopped end
        returning id),
      wanted as (select model, jobs from jsonb_to_recordset($7) as m(model text, jobs int)),
      gone as (
        delete from ${schema}.account_model
          where account = (select id from one) and model in (select model from wanted where jobs is null))
      insert into ${schema}.account_model (account, model, jobs)
        select one.id, wanted.model, wanted.jobs from one, wanted where wanted.jobs is not null
        on conflict (account, model) do update set jobs = excluded.jobs`,
    resume: `
      with was as (
        select id, stopped from ${schema}.account where gateway = $1 and name = $2 for no key update),
      resumed as (
        update ${schema}.account a set stopped = null from was where a.id = was.id and was.stopped <> 'went-back')
      select stopped from was`,
  };
}

/** Rows are foreign data: a value that is not a number is ignored. */
function accountIn(row: Row): AccountStanding {
  const placed = pairsIn(row['placed']);
  const caps = pairsIn(row['caps']);
  const pace = isRecord(row['pace']) ? row['pace'] : {};
  return {
    gateway: String(row['gateway']),
    name: String(row['name']),
    concurrency: numberOrNull(row['jobs']),
    in_flight: [...placed.values()].reduce((sum, jobs) => sum + jobs, 0),
    ready: numberIn(row['ready']),
    models: [...new Set([...caps.keys(), ...placed.keys()])].sort().map((model): ModelStanding => ({
      model,
      concurrency: caps.get(model) ?? null,
      in_flight: placed.get(model) ?? 0,
    })),
    budget_usd: row['budget_nano'] === null ? null : numberIn(row['budget_nano']) / 1e9,
    spent_usd: numberIn(row['committed_nano']) / 1e9,
    gap_ms: numberIn(pace['gapMs']),
    paused_for_ms: Math.max(0, Math.round(numberIn(pace['pausedUntilMs']) - numberIn(row['now_ms']))),
    stopped: textOrNull(row['stopped']),
  };
}

function workerIn(row: Row): WorkerStanding {
  return {
    id: String(row['id']),
    name: String(row['name']),
    lease_left_ms: Math.round(numberIn(row['left_ms'])),
    orders: numberIn(row['orders']),
  };
}

function pairsIn(value: unknown): ReadonlyMap<string, number> {
  const pairs: readonly unknown[] = Array.isArray(value) ? value : [];
  return new Map(
    pairs.flatMap((pair) => (Array.isArray(pair) ? [[String(pair[0]), numberIn(pair[1])] as const] : [])),
  );
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : numberIn(value);
}

function numberIn(value: unknown): number {
  const number = Number(value);
  return Number.isFinite(number) ? number : 0;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
