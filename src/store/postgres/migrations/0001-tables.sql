-- What several machines share: who may buy, what was bought, who owns what. A document (jsonb) is an object as TypeScript knows it;
-- the columns beside it are what the constraints and the guards need, and are computed there too. Money is in billionths of a
-- US dollar, moments of the pace in milliseconds since 1970 by this server's clock.

-- Every moment is told by this function, so that a test can hold it still.
create function clock() returns timestamptz language sql volatile as 'select clock_timestamp()';
create function clock_ms() returns float8 language sql volatile set search_path from current
  as 'select (extract(epoch from clock()) * 1000)::float8';
-- One more with each promotion of a replica: another server than before.
create function timeline() returns text language sql volatile as 'select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)';

-- A gateway and a name for one key there: what cap, pace, pause and budget are about.
create table account (
  id int generated always as identity primary key,
  gateway text not null,
  name text not null default '',
  jobs int check (jobs >= 0),
  budget_nano bigint check (budget_nano >= 0),
  -- The pace: shot/pace.ts computes it, and it is replaced only by who has seen its newest version.
  pace jsonb not null default '{"gapMs":0,"pausedUntilMs":0,"slowedAtMs":null,"refusals":0,"troubleSinceMs":null}',
  pace_version bigint not null default 0,
  -- Why nothing is bought: 'credits' (a 402), 'budget' (its own is reached), 'gateway' (its answers make no sense), 'went-back' (somebody
  -- knows of intents that this database does not).
  stopped text check (stopped in ('credits', 'budget', 'gateway', 'went-back')),
  -- What each intent changes stands side by side: the server's log repeats all that lies between.
  committed_nano bigint not null default 0,
  last_submit_ms float8 not null default 0,
  intents bigint not null default 0,
  -- The highest count that anybody has ever told of.
  seen bigint not null default 0,
  timeline text,
  -- For how long a submit without an answer keeps its place: its job may be running.
  uncertain_s int not null default 600,
  unique (gateway, name)
);
create table account_model (
  account int not null references account,
  model text not null,
  jobs int not null check (jobs >= 0),
  primary key (account, model)
);

create table project (
  id text primary key,
  name text not null,
  manifest text not null,
  sandbox boolean not null default false,
  -- The manifest as it is wanted now: orders of another revision are outdated.
  revision text not null default '',
  budget_nano bigint check (budget_nano >= 0),
  committed_nano bigint not null default 0,
  picks jsonb not null default '{}',
  catalogue jsonb,
  unique (name, manifest, sandbox)
);

-- One enqueue.
create table batch (
  id bigint generated always as identity primary key,
  project text not null references project,
  account int not null references account,
  revision text not null,
  max_cost_nano bigint check (max_cost_nano >= 0),
  committed_nano bigint not null default 0,
  jobs int not null check (jobs >= 0),
  per_model jsonb not null default '{}' check (jsonb_typeof(per_model) = 'object'
    and not jsonb_path_exists(per_model, '$.* ? (@.type() != "number" || @ < 0 || @ > 1000000 || @ != @.floor())')),
  -- All that it takes to plan it again: the manifest, the inputs, the scope.
  doc jsonb not null default '{}',
  -- The ceiling that was reached: nothing more is bought for it.
  stopped jsonb,
  -- How many takes wait for others, or for a pick; while there are some, each delivery is a change that is planned for anew.
  waiting int not null default 0,
  changes int not null default 0,
  planned int not null default 0,
  planned_at timestamptz,
  created_at timestamptz not null default clock_timestamp()
);
create index batch_of_project on batch (project);
create index batch_to_plan on batch (account) where changes > planned;

-- A process that works. Its id is never given to another: it is the fencing token.
create table worker (
  id bigint generated always as identity primary key,
  name text not null,
  lease_until timestamptz not null,
  gone_at timestamptz
);
create index worker_alive on worker (lease_until) where gone_at is null;

-- What is wanted. taken without a worker: whoever asks next goes on with it. Each purchase changes this row some times, and the
-- server's log repeats what has to move to another page: so the document, which never changes meanwhile, lies in a table of its own.
create table "order" (
  id bigint generated always as identity primary key,
  batch bigint not null references batch,
  project text not null references project,
  account int not null references account,
  key text not null,
  model text not null,
  rank float8 not null,
  state text not null default 'ready'
    check (state in ('ready', 'taken', 'held', 'done', 'outdated')),
  worker bigint references worker,
  -- A place among the jobs in flight; until then, where its submit has no answer.
  has_place boolean not null default false,
  place_until timestamptz,
  not_before timestamptz,
  attempt text collate "C",
  -- How many jobs that were bought for it have failed.
  tries int not null default 0,
  -- How often its wish had been bought already.
  clashes int not null default 0,
  -- Somebody is at it, or it holds a place. An index that asks for this, and not for the place itself, need not know when that is given
  -- back.
  is_busy boolean not null generated always as (state = 'taken' or has_place) stored,
  -- How it came to rest, in words, and when: done, held, outdated, or given up for a while.
  note jsonb,
  rested_at timestamptz,
  unique (batch, key),
  check (worker is null or state = 'taken')
) with (fillfactor = 50);
-- Written with its order, in one statement.
create table order_doc ("order" bigint primary key references "order" on delete cascade, doc jsonb not null);
create index order_ready on "order" (account, batch, model, rank desc, id) where state = 'ready';
create index order_placed on "order" (account, model) where is_busy;
create index order_left on "order" (account) where state = 'taken' and worker is null;
create index order_owned on "order" (worker) where worker is not null;
create index order_rested on "order" (batch, rested_at) where rested_at is not null;
create index order_wanted on "order" (project, key) where state in ('ready', 'held');

-- What was bought, or is being bought, or was tried to. What never changes of it lies in a table of its own, as with orders.
create table attempt (
  id text collate "C" primary key,
  project text not null references project,
  account int not null references account,
  batch bigint references batch,
  "order" bigint references "order",
  gateway text not null,
  fingerprint text not null,
  -- Which of the wishes with this fingerprint it is; null: a purchase that serves no wish of the plan.
  copy int,
  replaces text collate "C",
  state text not null check (state in ('planned', 'submitting', 'pending', 'in_progress', 'completed', 'downloading', 'delivered',
    'failed', 'cancelled', 'expired', 'lost', 'refused', 'uncertain', 'not_charged', 'abandoned')),
  job_id text,
  steps int not null,
  -- Null: it may have cost something, and nobody knows how much.
  counted_nano bigint,
  worker bigint references worker,
  -- Who has written the intent, and the word that only the one call that may send knows.
  sent_by bigint references worker,
  once uuid,
  -- The account's count of intents with this one.
  intent bigint,
  -- The token of the address for events that its last submit carried, and the job that an event under it has named; until whoever has
  -- the attempt in hand, or may settle it, has looked at that.
  callback text,
  hint text,
  -- Whether it stands for its wish; whether its sender is gone before it got an answer. Indexes that asked for the state itself would
  -- have to be written with each step.
  stands boolean not null
    generated always as (state not in ('failed', 'cancelled', 'expired', 'refused', 'not_charged', 'abandoned')) stored,
  is_unanswered boolean not null generated always as (state = 'submitting' and worker is null) stored,
  -- What moves with each step, as it was sent: what stays comes last, and the server's log leaves it out.
  moving json not null,
  check ((state in ('pending', 'in_progress', 'completed', 'downloading', 'delivered', 'failed', 'cancelled', 'expired', 'lost'))
    <= (job_id is not null)),
  check ((state in ('planned', 'submitting', 'uncertain', 'refused', 'not_charged')) <= (job_id is null)),
  check (state <> 'submitting' or (sent_by is not null and once is not null)),
  check (state not in ('uncertain', 'delivered', 'refused', 'not_charged', 'abandoned') or worker is null)
) with (fillfactor = 35);

-- Two purchases of one wish cannot stand side by side, whoever asks:
create unique index attempt_one_purchase on attempt (project, fingerprint, copy)
  where replaces is null and stands;
create unique index attempt_one_successor on attempt (replaces)
  where replaces is not null and stands;
create unique index attempt_one_job on attempt (gateway, job_id) where job_id is not null;
create index attempt_owned on attempt (worker) where worker is not null;
create index attempt_unanswered on attempt (id) where is_unanswered;
create unique index attempt_callback on attempt (callback) where callback is not null;
create index attempt_hinted on attempt (id) where hint is not null;
-- Written with its attempt, in one statement.
create table attempt_fixed (
  attempt text collate "C" primary key references attempt on delete cascade,
  project text not null,
  fixed jsonb not null
);
create index attempt_of_project on attempt_fixed (project);
