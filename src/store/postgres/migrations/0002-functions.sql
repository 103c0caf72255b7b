-- Each step of a purchase is one of these functions, so one round trip and one transaction. Whoever has lost an answer calls again
-- with the same arguments. Rows are locked in one order: worker, order, attempt, account, project, batch. `no key update`: rows
-- that refer to a locked one may be added meanwhile.
-- What clients call has the schema's path; what is called from there has it by that, and costs no change of a setting. Where each
-- call is to look for a few rows by their keys, no scan is planned: the tables grow faster than the server's idea of them.

-- An attempt as TypeScript knows it.
create function document(a attempt) returns jsonb language sql stable as $$
  select jsonb_build_object('id', a.id, 'fingerprint', a.fingerprint, 'gateway', a.gateway) || f.fixed || a.moving::jsonb
    from attempt_fixed f where f.attempt = a.id
$$;

create function is_alive(p_worker bigint) returns boolean language plpgsql as $$
begin
  perform 1 from worker where id = p_worker and gone_at is null for key share;
  return found;
end $$;

-- Said first on each new connection. Whoever knows of an intent that is not here has seen a later state of this database.
create function hello(p_seen jsonb) returns boolean language plpgsql set search_path from current as $$
declare behind boolean;
begin
  update account a set stopped = 'went-back', seen = s.intents
    from jsonb_to_recordset(p_seen) as s(gateway text, name text, intents bigint)
    where a.gateway = s.gateway and a.name = s.name and greatest(a.intents, a.seen) < s.intents;
  select exists (
    select 1 from jsonb_to_recordset(p_seen) as s(gateway text, name text, intents bigint)
      left join account a on a.gateway = s.gateway and a.name = s.name
      where a.id is null or a.stopped = 'went-back') into behind;
  return behind;
end $$;

create function enlist(p_name text, p_lease_ms float8) returns bigint language sql set search_path from current as
  $$ insert into worker (name, lease_until) values (p_name, clock() + make_interval(secs => p_lease_ms / 1000)) returning id $$;

-- Sets free what a worker had in hand.
create function bury(p_worker bigint) returns void language plpgsql as $$
begin
  update worker set gone_at = clock() where id = p_worker and gone_at is null;
  perform 1 from "order" where worker = p_worker order by id for update;
  -- What was not sent yet, and what may be tried once more, is anybody's; the rest is followed by who takes it next.
  update "order" o set worker = null,
      state = case when a.id is null or a.state in ('planned', 'failed', 'cancelled', 'expired') then 'ready'
                   when a.state in ('refused', 'not_charged', 'abandoned') then 'done'
                   else 'taken' end,
      has_place = o.has_place and coalesce(a.state in ('submitting', 'pending', 'in_progress'), false)
    from "order" mine left join attempt a on a.id = mine.attempt
    where mine.worker = p_worker and o.id = mine.id;
  update attempt set worker = null where worker = p_worker;
end $$;

-- Takes over from those whose lease has run out.
create function bury_lapsed() returns void language plpgsql set search_path from current as $$
declare dead bigint;
begin
  for dead in select id from worker where gone_at is null and lease_until < clock() for update skip locked loop
    perform bury(dead);
  end loop;
end $$;

-- Keeps the lease, and takes over from those whose lease has run out. `unanswered`: submits whose sender is gone, to be written
-- down as uncertain by the caller. `hints`: jobs that events have named, for attempts that this worker has, or that nobody has and any
-- worker may settle.
create function beat(p_worker bigint, p_lease_ms float8, out alive boolean, out has_work boolean, out has_plans boolean,
  out unanswered jsonb, out hints jsonb)
language plpgsql set search_path from current set enable_seqscan = off set jit = off as $$
declare was timestamptz;
begin
  has_work := false;
  select lease_until into was from worker where id = p_worker and gone_at is null for no key update;
  alive := found;
  if not alive then return; end if;
  update worker set lease_until = clock() + make_interval(secs => p_lease_ms / 1000) where id = p_worker;
  -- Whoever has lapsed buries nobody in this round: the database was away, and the others are coming back, too.
  if was >= clock() then perform bury_lapsed(); end if;
  select jsonb_agg(document(a)) into unanswered from attempt a where a.is_unanswered;
  select jsonb_agg(jsonb_build_object('job', h.hint, 'attempt', document(h))) into hints from (
    select * from attempt a where a.hint is not null and (a.worker = p_worker or (a.worker is null and a.state = 'uncertain'))
      order by a.id limit 1000) h;
  has_work := exists (select 1 from "order" where state = 'taken' and worker is null and (not_before is null or not_before <= clock()))
    or exists (
      with recursive queue as (
        (select o.account, o.batch from "order" o where o.state = 'ready' order by o.account, o.batch limit 1)
        union all
        select next.account, next.batch from queue, lateral (
          select o.account, o.batch from "order" o where o.state = 'ready' and (o.account, o.batch) > (queue.account, queue.batch)
            order by o.account, o.batch limit 1) next)
      select 1 from queue join batch b on b.id = queue.batch join account a on a.id = queue.account
        where b.stopped is null and a.stopped is null);
  has_plans := exists (select 1 from batch where changes > planned);
end $$;

-- An event names a job under the token of a submit: whoever has that attempt in hand hears of it with a heartbeat. A job that is not the
-- attempt's is none of its business. False: nobody has sent that token.
create function hint(p_token text, p_job text) returns boolean language plpgsql set search_path from current set enable_seqscan = off as $$
begin
  update attempt set hint = p_job where callback = p_token and state in ('submitting', 'pending', 'in_progress', 'uncertain')
    and coalesce(job_id, p_job) = p_job;
  return found or exists (select 1 from attempt where callback = p_token);
end $$;

-- What an event has named was looked at.
create function heeded(p_attempt text, p_job text) returns void language sql set search_path from current as $$
  update attempt set hint = null where id = p_attempt and hint = p_job
$$;

-- Hands everything over at once.
create function farewell(p_worker bigint) returns void language plpgsql set search_path from current as $$
begin
  perform 1 from worker where id = p_worker and gone_at is null for update;
  if found then perform bury(p_worker); end if;
end $$;

-- Adds to what is wanted. What another batch wants of the same take, and nobody has begun, it wants no more. What came to rest in this
-- batch stays so, but where a person has settled it, or the plan was out of date.
create function offer(p_batch bigint, p_orders jsonb) returns void language sql set search_path from current as $$
  update "order" o set state = 'outdated', rested_at = clock()
    from batch b, jsonb_to_recordset(p_orders) as n(key text)
    where b.id = p_batch and o.project = b.project and o.key = n.key and o.batch <> p_batch and o.state in ('ready', 'held')
      and not exists (select 1 from attempt a where a.id = o.attempt and a.state = 'uncertain');
  -- What was never sent, and nobody is about to send any more, stands for no wish.
  update attempt a set copy = null from batch b
    where b.id = p_batch and a.project = b.project and a.state = 'planned' and a.copy is not null and a.worker is null
      and not exists (select 1 from "order" o where o.attempt = a.id and o.state in ('ready', 'taken'));
  -- What somebody is at for another batch goes on for this one.
  update "order" f set batch = b.id, key = n.key
    from batch b, jsonb_to_recordset(p_orders) as n(key text, attempt text), attempt a
    where b.id = p_batch and a.id = n.attempt and f.id = a."order" and f.state = 'taken' and f.batch <> b.id
      and not exists (select 1 from "order" t where t.batch = b.id and t.key = n.key);
  update order_doc d set doc = n.doc
    from jsonb_to_recordset(p_orders) as n(key text, attempt text, doc jsonb), "order" f
    where f.batch = p_batch and f.key = n.key and f.attempt = n.attempt and f.state = 'taken' and d."order" = f.id
      and d.doc->>'kind' = 'follow';
  with put as (
    insert into "order" (batch, project, account, key, model, rank, attempt)
      select b.id, b.project, b.account, o.key, o.model, o.rank::float8, o.attempt
      from batch b, jsonb_to_recordset(p_orders) as o(key text, model text, rank text, attempt text)
      where b.id = p_batch
    on conflict (batch, key) do update
      set state = 'ready', rank = excluded.rank, attempt = excluded.attempt, note = null, rested_at = null
      -- The newest plan is right about what nobody has begun.
      where "order".state = 'outdated' or ("order".state = 'ready' and "order".attempt is null) or ("order".state = 'done'
        and exists (select 1 from attempt a where a.id = "order".attempt and a.state in ('not_charged', 'abandoned')))
    returning id, key)
  insert into order_doc ("order", doc)
    select put.id, o.doc from put join jsonb_to_recordset(p_orders) as o(key text, doc jsonb) on o.key = put.key
  on conflict ("order") do update set doc = excluded.doc
$$;

-- The places that are taken: by jobs in flight, by what is about to be sent, by submits without an answer.
create function places(p_account int) returns table (batch bigint, project text, model text, n bigint)
language sql set search_path from current as $$
  select batch, project, model, count(*) from "order"
    where account = p_account and is_busy and has_place and (place_until is null or place_until > clock())
    group by 1, 2, 3
$$;

-- The orders that a worker has, as it is told of them.
create function orders_of(p_worker bigint, p_ids bigint[])
returns table (id bigint, batch bigint, project text, account int, rank float8, tries int, doc jsonb, attempt jsonb, given_up jsonb)
language sql as $$
  select o.id, o.batch, o.project, o.account, o.rank, o.tries, d.doc, document(a),
    (select jsonb_agg(document(r)) from attempt r
      where r.id in (select id #>> '{}' from jsonb_path_query(d.doc, '$.purchase.giveUp[*]') id))
    from "order" o left join order_doc d on d."order" = o.id left join attempt a on a.id = o.attempt
    where o.worker = p_worker and o.id = any (p_ids) order by o.rank desc, o.id
$$;

-- Hands out work: first what is this worker's although it does not know it, because an answer was lost; then what others have left;
-- then what is ready and has a place. The account's row is the lock that no cap is overshot behind.
create function claim(p_worker bigint, p_most int, p_accounts int[], p_batch bigint default null, p_known bigint[] default null)
returns table (id bigint, batch bigint, project text, account int, rank float8, tries int, doc jsonb, attempt jsonb, given_up jsonb)
language plpgsql set search_path from current set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare got bigint[]; more bigint[]; acc record; free bigint;
begin
  if not is_alive(p_worker) then return; end if;
  if p_known is not null then
    select array_agg(o.id) into got from "order" o where o.worker = p_worker and o.id <> all (p_known);
  end if;
  with gone as (
    select o.id from "order" o where o.account = any (p_accounts) and o.state = 'taken' and o.worker is null
        and (p_batch is null or o.batch = p_batch) and (o.not_before is null or o.not_before <= clock())
        -- A submit without an answer is not followed: it waits until it is written down as uncertain.
        and not exists (select 1 from attempt a where a.id = o.attempt and a.state = 'submitting')
      order by o.id limit greatest(0, p_most - coalesce(cardinality(got), 0)) for update skip locked),
  mine as (update "order" o set worker = p_worker, not_before = null, note = null, rested_at = null from gone where o.id = gone.id returning o.id, o.attempt),
  theirs as (update attempt a set worker = p_worker, "order" = mine.id from mine where a.id = mine.attempt
    and a.state in ('planned', 'pending', 'in_progress', 'completed', 'downloading', 'lost', 'failed', 'cancelled', 'expired'))
  select array_agg(mine.id) into more from mine;
  got := got || more;
  for acc in select a.id, a.jobs from account a
      where a.id = any (p_accounts) and a.stopped is null
        and exists (select 1 from "order" o where o.account = a.id and o.state = 'ready') order by a.id for no key update loop
    exit when coalesce(cardinality(got), 0) >= p_most;
    with recursive
    queue as (
      (select o.batch, o.model from "order" o where o.account = acc.id and o.state = 'ready' order by o.batch, o.model limit 1)
      union all
      select next.batch, next.model from queue, lateral (
        select o.batch, o.model from "order" o where o.account = acc.id and o.state = 'ready'
          and (o.batch, o.model) > (queue.batch, queue.model) order by o.batch, o.model limit 1) next),
    used as materialized (select * from places(acc.id)),
    -- What each queue has room for, by each cap that it is under.
    room as (
      select q.batch, q.model,
        coalesce(acc.jobs - (select sum(n) from used), acc.jobs, 2147483647) as in_account,
        coalesce(m.jobs - coalesce((select sum(n) from used u where u.model = q.model), 0), 2147483647) as of_model,
        b.jobs - coalesce((select sum(n) from used u where u.project = b.project), 0) as in_project,
        coalesce((b.per_model->>q.model)::int
          - coalesce((select sum(n) from used u where u.project = b.project and u.model = q.model), 0), 2147483647) as of_both,
        b.project
      from queue q join batch b on b.id = q.batch left join account_model m on m.account = acc.id and m.model = q.model
      where b.stopped is null and (p_batch is null or q.batch = p_batch)),
    candidates as (
      select o.id, o.rank, r.*,
        row_number() over (order by o.rank desc, o.id) as nth,
        row_number() over (partition by r.model order by o.rank desc, o.id) as nth_of_model,
        row_number() over (partition by r.project order by o.rank desc, o.id) as nth_in_project,
        row_number() over (partition by r.project, r.model order by o.rank desc, o.id) as nth_of_both
      from room r cross join lateral (
        select o.id, o.rank from "order" o
          where o.account = acc.id and o.batch = r.batch and o.model = r.model and o.state = 'ready'
          order by o.rank desc, o.id
          limit greatest(0, least(r.in_account, r.of_model, r.in_project, r.of_both, p_most))::bigint) o),
    chosen as (
      select c.id from candidates c
        where c.nth <= least(c.in_account, p_most - coalesce(cardinality(got), 0)) and c.nth_of_model <= c.of_model
          and c.nth_in_project <= c.in_project and c.nth_of_both <= c.of_both),
    taken as (update "order" o set state = 'taken', worker = p_worker, has_place = true, place_until = null
      from chosen where o.id = chosen.id and o.state = 'ready' returning o.id, o.attempt),
    theirs as (update attempt a set worker = p_worker, "order" = taken.id from taken where a.id = taken.attempt and a.worker is null
      and a.state in ('planned', 'pending', 'in_progress', 'completed', 'downloading', 'lost', 'failed', 'cancelled', 'expired'))
    select array_agg(taken.id) into more from taken;
    got := got || more;
  end loop;
  return query select * from orders_of(p_worker, got);
end $$;

-- What counts against the ceilings changes, of all three at once; of those that are given.
create function charge(p_account int, p_project text, p_batch bigint, p_nano bigint) returns void
language plpgsql as $$
begin
  if coalesce(p_nano, 0) = 0 then return; end if;
  update account set committed_nano = committed_nano + p_nano where id = p_account;
  update project set committed_nano = committed_nano + p_nano where id = p_project;
  update batch set committed_nano = committed_nano + p_nano where id = p_batch;
end $$;

-- How the account stands, for who computes the next pace.
create function standing(p_account int, p_project text, p_batch bigint) returns jsonb language sql as $$
  select jsonb_build_object('account', a.id, 'project', p_project, 'batch', p_batch,
    'pace', a.pace, 'version', a.pace_version, 'lastMs', a.last_submit_ms, 'nowMs', clock_ms(),
    'intents', a.intents, 'gateway', a.gateway, 'name', a.name,
    'spentNano', (select committed_nano from project where id = p_project),
    'batchNano', (select committed_nano from batch where id = p_batch))
    from account a where a.id = p_account
$$;

-- Nobody buys this any more. What was to be sent for it, and never was, is nobody's.
create function outdate(p_order bigint, p_why text) returns void language sql as $$
  update attempt a set worker = null from "order" o where o.id = p_order and a.id = o.attempt and a.state = 'planned';
  update "order" set state = 'outdated', worker = null, has_place = false, rested_at = clock(),
    note = jsonb_build_object('outdated', p_why) where id = p_order
$$;

-- Writes an intent down; false where another purchase stands for the same wish. A wish that stands already keeps standing.
create function begin_submit(p_worker bigint, o "order", a attempt, p_once uuid, p_intent bigint, p jsonb) returns boolean
language plpgsql as $$
begin
  if a.id is not null then
    update attempt set state = 'submitting', steps = (p->>'steps')::int, counted_nano = (p->>'countedNano')::bigint,
        sent_by = p_worker, once = p_once, intent = p_intent, callback = p->>'callback', hint = null,
        moving = (p->>'moving')::json where id = a.id;
    return true;
  end if;
  insert into attempt (id, project, account, batch, "order", gateway, fingerprint, copy, replaces, state, steps, counted_nano, worker,
      sent_by, once, intent, callback, moving)
    values (p->>'id', o.project, o.account, o.batch, o.id, p->>'gateway', p->>'fingerprint', (p->>'copy')::int, p->>'replaces',
      'submitting', (p->>'steps')::int, (p->>'countedNano')::bigint, p_worker, p_worker, p_once, p_intent, p->>'callback', (p->>'moving')::json)
    on conflict do nothing;
  if not found then return false; end if;
  insert into attempt_fixed values (p->>'id', o.project, p->'fixed');
  return true;
end $$;

create function give_up(p_order bigint, p_given jsonb) returns void language plpgsql as $$
declare given record;
begin
  for given in select g.id, g.before, g.steps, g.moving, g."countedNano" as counted
      from jsonb_to_recordset(p_given) as g(id text, before int, steps int, moving text, "countedNano" bigint) loop
    -- It may have stood in the way of two takes, and the other one has given it up already.
    update attempt b set state = 'abandoned', steps = given.steps, moving = given.moving::json, counted_nano = given.counted, worker = null
      where b.id = given.id and b.state = 'uncertain' and b.steps = given.before;
    if found then
      update "order" set state = 'done', worker = null, has_place = false, rested_at = clock() where attempt = given.id and id <> p_order;
    end if;
  end loop;
end $$;

-- The gate: fence, revision, pause, pace, ceilings and the intent, in one transaction. The caller has locked what it
-- reads, and sees `go` when it is committed.
-- p: { id, before, steps, fingerprint, copy, replaces, countedNano, maxNano, gateway, fixed, moving, giveUp: [{ id, before, steps, moving }] };
-- what is given up, and has been before, is its id alone.
create function intend(p_worker bigint, p_order bigint, p_once uuid, p jsonb, out verdict text, out detail jsonb)
language plpgsql as $$
#variable_conflict use_column
declare o "order"; a attempt; acc account; proj project; bat batch; wait_ms float8; line text; place text; is_begun boolean;
begin
  detail := '{}';
  if not is_alive(p_worker) then verdict := 'fenced'; return; end if;
  select * into o from "order" where id = p_order and worker = p_worker and state = 'taken';
  if not found then verdict := 'fenced'; return; end if;
  select * into a from attempt where id = p->>'id';
  -- The answer to this very call was lost. Whoever else asks, be it the same worker, has been given the work twice.
  if found and a.state = 'submitting' and a.once = p_once and a.worker = p_worker then
    verdict := 'go'; return;
  end if;
  if found and (a.state <> 'planned' or a.worker is distinct from p_worker or a.steps <> (p->>'before')::int) then
    verdict := 'fenced'; return;
  end if;
  if o.attempt is not null and o.attempt <> p->>'id' and exists (select 1 from attempt b where b.id = o.attempt and b.stands
      and b.id not in (select g.id from jsonb_to_recordset(p->'giveUp') as g(id text))) then
    verdict := 'fenced'; return;
  end if;
  select * into acc from account where id = o.account;
  line := timeline();
  if acc.timeline is distinct from line then
    -- Another server than before: everybody may say hello first.
    update account set timeline = line,
        pace = case when acc.timeline is null then pace
          else pace || jsonb_build_object('pausedUntilMs', greatest((pace->>'pausedUntilMs')::float8, clock_ms() + 4000)) end,
        pace_version = pace_version + 1
      where id = o.account returning * into acc;
  end if;
  if acc.stopped is not null then verdict := 'stopped'; detail := jsonb_build_object('why', acc.stopped); return; end if;
  select * into proj from project where id = o.project;
  select * into bat from batch where id = o.batch;
  if bat.revision <> proj.revision or bat.stopped->>'why' = 'withdrawn' then
    detail := jsonb_build_object('why', case when bat.revision <> proj.revision then 'revision' else 'withdrawn' end);
    perform outdate(p_order, detail->>'why');
    verdict := 'outdated'; return;
  end if;
  wait_ms := greatest((acc.pace->>'pausedUntilMs')::float8,
    case when (acc.pace->>'gapMs')::float8 = 0 then 0 else acc.last_submit_ms + (acc.pace->>'gapMs')::float8 end) - clock_ms();
  if wait_ms > 0 then
    verdict := 'wait'; detail := jsonb_build_object('ms', ceil(wait_ms)); return;
  end if;
  place := case
    when proj.budget_nano < proj.committed_nano + (p->>'maxNano')::bigint then 'project'
    when bat.max_cost_nano < bat.committed_nano + (p->>'maxNano')::bigint then 'batch'
    when acc.budget_nano < acc.committed_nano + (p->>'maxNano')::bigint then 'account' end;
  if place is not null then
    update "order" set state = 'ready', worker = null, has_place = false where id = p_order;
    update attempt set worker = null where id = a.id;
    verdict := 'ceiling';
    detail := jsonb_build_object('which', place, 'nextNano', (p->>'maxNano')::bigint,
      'spentNano', case place when 'project' then proj.committed_nano when 'batch' then bat.committed_nano else acc.committed_nano end,
      'ceilingNano', case place when 'project' then proj.budget_nano when 'batch' then bat.max_cost_nano else acc.budget_nano end);
    if place = 'account' then update account set stopped = 'budget' where id = o.account;
    else update batch set stopped = detail where id = o.batch; end if;
    return;
  end if;
  if jsonb_array_length(p->'giveUp') = 0 then
    is_begun := begin_submit(p_worker, o, a, p_once, acc.intents + 1, p);
  else
    -- What is given up stays so only where the other one is begun.
    begin
      perform give_up(p_order, p->'giveUp');
      -- One that has a job after all leaves nothing to buy.
      is_begun := not exists (select 1 from attempt b
          where b.stands and b.id in (select g.id from jsonb_to_recordset(p->'giveUp') as g(id text)))
        and begin_submit(p_worker, o, a, p_once, acc.intents + 1, p);
      if not is_begun then raise unique_violation; end if;
    exception when unique_violation then is_begun := false;
    end;
  end if;
  if not is_begun then
    verdict := 'outdated'; detail := jsonb_build_object('why', 'bought');
    -- The plan did not know of that purchase. What clashes again and again is left to the next enqueue.
    perform outdate(p_order, 'bought');
    update "order" set clashes = clashes + 1 where id = p_order;
    if o.clashes < 3 then update batch set changes = changes + 1 where id = o.batch; end if;
    return;
  end if;
  update "order" set attempt = p->>'id' where id = p_order;
  update account set intents = intents + 1, last_submit_ms = clock_ms(),
      committed_nano = committed_nano + coalesce((p->>'countedNano')::bigint, 0) where id = o.account;
  perform charge(null, o.project, o.batch, (p->>'countedNano')::bigint);
  verdict := 'go';
end $$;

-- Intents that go together: one transaction, so that the account's row is locked once for them, and the log is flushed once. The newest
-- standing of a batch comes with the last answer for it. p_calls: [{ worker, order, once, purchase }]
create function intend_all(p_calls jsonb) returns table (verdict text, detail jsonb, account jsonb) language plpgsql
set search_path from current set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare call jsonb; verdicts text[]; details jsonb[]; ids bigint[]; v text; d jsonb;
begin
  perform 1 from worker where id in (select (c->>'worker')::bigint from jsonb_array_elements(p_calls) c) order by id for key share;
  select array_agg((c->>'order')::bigint) into ids from jsonb_array_elements(p_calls) c;
  perform 1 from "order" where id = any (ids) order by id for update;
  perform 1 from attempt where id in (select c->'purchase'->>'id' from jsonb_array_elements(p_calls) c) order by id for update;
  perform 1 from account where id in (select o.account from "order" o where o.id = any (ids)) order by id for no key update;
  perform 1 from project where id in (select o.project from "order" o where o.id = any (ids)) order by id for no key update;
  perform 1 from batch where id in (select o.batch from "order" o where o.id = any (ids)) order by id for no key update;
  for call in select jsonb_array_elements(p_calls) loop
    select i.verdict, i.detail into v, d
      from intend((call->>'worker')::bigint, (call->>'order')::bigint, (call->>'once')::uuid, call->'purchase') i;
    verdicts := verdicts || v; details := details || d;
  end loop;
  return query select c.verdict, c.detail,
      case when c.nth = max(c.nth) over (partition by o.batch) then standing(o.account, o.project, o.batch) end
    from unnest(verdicts, details, ids) with ordinality as c(verdict, detail, id, nth) left join "order" o on o.id = c.id order by c.nth;
end $$;

-- A pace that was computed from an older one than there is makes none faster, but a pause it asks for holds at once.
create function set_pace(p_account int, p_version bigint, p_pace jsonb) returns boolean language plpgsql as $$
begin
  update account set pace = p_pace, pace_version = pace_version + 1 where id = p_account and pace_version = p_version;
  if not found then
    update account set pace = pace || jsonb_build_object('pausedUntilMs', p_pace->'pausedUntilMs')
      where id = p_account and (pace->>'pausedUntilMs')::float8 < (p_pace->>'pausedUntilMs')::float8;
    return false;
  end if;
  return true;
end $$;

-- What one step makes of the order it belongs to. An order whose purchase is at rest belongs to nobody and holds no place.
create function follow_suit(p_order bigint, p_worker bigint, p_state text) returns void language plpgsql as $$
begin
  if p_order is null then return; end if;
  if p_state in ('delivered', 'refused', 'not_charged', 'abandoned') then
    update "order" set state = 'done', worker = null, has_place = false, rested_at = clock() where id = p_order and state <> 'outdated';
  elsif p_state = 'uncertain' then
    update "order" o set state = 'held', worker = null, rested_at = clock(),
        place_until = clock() + make_interval(secs => (select uncertain_s from account where id = o.account)) where o.id = p_order;
  elsif p_state in ('pending', 'in_progress') then
    update "order" set state = 'taken', worker = p_worker, has_place = true, place_until = null, note = null, rested_at = null
      where id = p_order and (worker is distinct from p_worker or state <> 'taken' or place_until is not null);
  elsif p_state in ('failed', 'cancelled', 'expired') then
    update "order" set tries = tries + 1 where id = p_order;
  elsif p_state not in ('planned', 'submitting') then
    update "order" set state = 'taken', worker = p_worker, has_place = false
      where id = p_order and (has_place or worker is distinct from p_worker);
  end if;
end $$;

-- Something has changed in a project that takes may have waited for, in whichever batch; `p_for_all`: also where nothing is known to wait.
create function changed(p_project text, p_for_all boolean) returns void language sql as $$
  update batch b set changes = changes + 1 from project p
    where p.id = p_project and b.project = p.id and b.revision = p.revision
      and (b.waiting > 0 or (p_for_all and b.id = (select max(m.id) from batch m where m.project = p.id)))
$$;

-- One step of an attempt, whatever it is: its next state was computed from step `before`. Who owns it may write, and where nobody
-- does, whoever comes; who has sent it may settle it late. p: { id, before, steps, state, jobId, countedNano, moving, frees, sender }
-- ok: written, now or by this very call before. moved: it has gone on without us. job-taken: the job is another attempt's.
create function record(p_worker bigint, p jsonb, out verdict text, out attempt jsonb)
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare a attempt; ord bigint; is_ours boolean; is_late boolean; heir bigint;
begin
  is_ours := is_alive(p_worker);
  select b."order" into ord from attempt b where b.id = p->>'id';
  if ord is not null then perform 1 from "order" where id = ord for update; end if;
  select * into a from attempt b where b.id = p->>'id';
  if not found then verdict := 'unknown'; return; end if;
  -- Said before, and the answer was lost.
  if a.steps = (p->>'steps')::int and a.moving::jsonb = (p->>'moving')::jsonb then verdict := 'ok'; return; end if;
  verdict := 'moved';
  if a.steps = (p->>'before')::int and (a.worker is null or a.worker = p_worker) then
    is_late := a.worker is null and a.state in ('submitting', 'uncertain');
    -- A late answer leaves the job to whoever asks for work next.
    heir := case when is_late or p->>'state' in ('uncertain', 'delivered', 'refused', 'not_charged', 'abandoned') then null
                 when is_ours then p_worker end;
    begin
      update attempt b set state = p->>'state', job_id = p->>'jobId', steps = (p->>'steps')::int,
          counted_nano = (p->>'countedNano')::bigint, moving = (p->>'moving')::json, worker = heir
        -- Nearly all who write to an attempt have locked its order first. The others are seen here.
        where b.id = a.id and b.steps = a.steps and b.worker is not distinct from a.worker;
      if found then verdict := case when is_late and a.sent_by = (p->>'sender')::bigint then 'late' else 'ok' end; end if;
    exception when unique_violation then
      verdict := 'job-taken';
      select document(b) into attempt from attempt b where b.gateway = a.gateway and b.job_id = p->>'jobId';
      return;
    end;
  end if;
  -- Who has just written it knows it.
  if verdict <> 'ok' then select document(b) into attempt from attempt b where b.id = a.id; end if;
  if verdict = 'moved' then return; end if;
  perform follow_suit(ord, heir, p->>'state');
  -- A delivery is what others wait for; what a person has settled is to be planned for, too.
  if p->>'state' = 'delivered' then perform changed(a.project, false);
  elsif p ? 'settled' then perform changed(a.project, true); end if;
  perform charge(a.account, a.project, a.batch, coalesce((p->>'countedNano')::bigint, 0) - coalesce(a.counted_nano, 0));
  if p ? 'pace' then perform set_pace(a.account, (p->'pace'->>'version')::bigint, p->'pace'->'next'); end if;
  if p ? 'stop' then update account set stopped = p->>'stop' where id = a.account and stopped is null; end if;
end $$;

-- Steps that go together, as `intend_all`. p_steps: [{ worker, step }]
create function record_all(p_steps jsonb) returns table (verdict text, attempt jsonb, account jsonb) language plpgsql
set search_path from current set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare call jsonb; verdicts text[]; attempts jsonb[]; ids text[]; v text; a jsonb;
begin
  perform 1 from "order" where id in (select b."order" from attempt b
    where b.id in (select c->'step'->>'id' from jsonb_array_elements(p_steps) c)) order by id for update;
  for call in select jsonb_array_elements(p_steps) loop
    select r.verdict, r.attempt into v, a from record((call->>'worker')::bigint, call->'step') r;
    verdicts := verdicts || v; attempts := attempts || a; ids := ids || (call->'step'->>'id');
  end loop;
  return query select c.verdict, c.attempt,
      case when c.nth = max(c.nth) over (partition by b.batch) then standing(b.account, b.project, b.batch) end
    from unnest(verdicts, attempts, ids) with ordinality as c(verdict, attempt, id, nth) left join attempt b on b.id = c.id order by c.nth;
end $$;

-- A purchase that is known from elsewhere: a job that came for an attempt which was settled meanwhile, a receipt, a lockfile. It counts.
-- With `wish` it stands for the first of the wishes with its fingerprint that no other purchase stands for. known: the purchase, or its
-- job, is on record already.
create function adopt(p_project text, p_account int, p jsonb) returns text language plpgsql set search_path from current as $$
declare ord bigint;
begin
  -- Behind this lock nobody begins a purchase for the same wish.
  perform 1 from account where id = p_account for no key update;
  if exists (select 1 from attempt where id = p->>'id' or (gateway = p->>'gateway' and job_id = p->>'jobId')) then return 'known'; end if;
  begin
    if p ? 'order' then
      insert into "order" (batch, project, account, key, model, rank, state, has_place, attempt)
        values ((p->'order'->>'batch')::bigint, p_project, p_account, p->'order'->>'key', p->'order'->>'model', 'Infinity', 'taken',
          true, p->>'id') returning id into ord;
      insert into order_doc values (ord, p->'order'->'doc');
    end if;
    insert into attempt (id, project, account, batch, "order", gateway, fingerprint, copy, replaces, state, job_id, steps,
        counted_nano, callback, moving)
      values (p->>'id', p_project, p_account, (p->'order'->>'batch')::bigint, ord, p->>'gateway', p->>'fingerprint',
        case when p ? 'wish' then free_copy(p_project, p->>'fingerprint') end,
        case when not exists (select 1 from attempt o where o.replaces = p->>'replaces'
          and o.stands) then p->>'replaces' end,
        p->>'state', p->>'jobId', (p->>'steps')::int, (p->>'countedNano')::bigint, p->>'callback', (p->>'moving')::json);
    insert into attempt_fixed values (p->>'id', p_project, p->'fixed');
  exception when unique_violation then return 'known';
  end;
  perform charge(p_account, p_project, (p->'order'->>'batch')::bigint, (p->>'countedNano')::bigint);
  return 'adopted';
end $$;

-- The first of the wishes with a fingerprint that no purchase stands for.
create function free_copy(p_project text, p_fingerprint text) returns int language sql stable set search_path from current as $$
  with taken as (
    select copy from attempt where project = p_project and fingerprint = p_fingerprint and replaces is null
      and stands and copy is not null)
  select min(n) from generate_series(0, (select count(*)::int from taken)) n where n not in (select copy from taken)
$$;

-- What a purchase that came from elsewhere needs to be gone on with. The order that it was bought for has it again, where there is one;
-- else a job that is not at its end gets an order of its own (`p_doc`), in the newest batch of its project.
create function attach(p_attempt text, p_doc jsonb) returns void language plpgsql set search_path from current as $$
declare a attempt; ord bigint; bat bigint;
begin
  select * into a from attempt where id = p_attempt;
  if not found or a.worker is not null or exists (select 1 from "order" o where o.id = a."order" and o.attempt = a.id)
    or exists (select 1 from "order" o where o.project = a.project and o.state in ('ready', 'held') and o.attempt = a.id)
  then return; end if;
  select o.id, o.batch into ord, bat from "order" o join order_doc d on d."order" = o.id
    where o.project = a.project and o.state in ('ready', 'outdated') and o.attempt is null
      and d.doc->'purchase'->>'fingerprint' = a.fingerprint and d.doc->'purchase'->'owner' = a.moving::jsonb->'owner'
      and d.doc->'purchase'->>'replaces' is not distinct from a.replaces
    order by o.state desc, o.id limit 1 for update of o;
  if ord is null then
    if a.state not in ('pending', 'in_progress', 'completed', 'downloading') then return; end if;
    select max(id) into bat from batch where project = a.project and account = a.account;
    if bat is null then
      -- Nobody has enqueued anything: a batch that buys nothing.
      insert into batch (project, account, revision, jobs, stopped) values (a.project, a.account, '', 0, '{"why": "withdrawn"}')
        returning id into bat;
    end if;
    insert into "order" (batch, project, account, key, model, rank, state, attempt)
      values (bat, a.project, a.account, p_doc->>'key', p_doc->>'model', 'Infinity', 'taken', a.id)
      on conflict (batch, key) do nothing returning id into ord;
    if ord is null then return; end if;
    insert into order_doc values (ord, p_doc);
  end if;
  update "order" set attempt = a.id where id = ord;
  update attempt set "order" = ord, batch = bat where id = a.id;
  -- The account and the project have counted it; no ceiling of the batch may be crossed either.
  if a.batch is null then update batch set committed_nano = committed_nano + coalesce(a.counted_nano, 0) where id = bat; end if;
  perform follow_suit(ord, null, a.state);
end $$;

-- Takes in purchases that are known from elsewhere: as `adopt` takes them, each with the number of its account and, for its job, the
-- order to follow it. Gives how many were new.
create function put_back(p_project text, p jsonb) returns int language plpgsql set search_path from current as $$
declare e jsonb; n int := 0;
begin
  for e in select value from jsonb_array_elements(p) loop
    if adopt(p_project, (e->>'account')::int, e) = 'adopted' then n := n + 1; end if;
    perform attach(e->>'id', e->'follow');
  end loop;
  return n;
end $$;

-- The worker is done with an order, as far as it goes. What is not at its end is anybody's, after a while; with a note (`p_note`) it is
-- at rest until then, and what was not bought stays so. A job whose worker has nothing to say about it was named by an event after its
-- answer was lost: it goes on at once.
create function leave(p_worker bigint, p_order bigint, p_again_ms float8, p_note jsonb default null) returns void language plpgsql
set search_path from current as $$
declare o "order"; s text;
begin
  if not is_alive(p_worker) then return; end if;
  select * into o from "order" where id = p_order and worker = p_worker for update;
  if not found then return; end if;
  select state into s from attempt where id = o.attempt for update;
  update "order" set worker = null, has_place = coalesce(s in ('pending', 'in_progress'), false), note = p_note,
      not_before = case when p_note is not null or s is null or s not in ('pending', 'in_progress')
        then clock() + make_interval(secs => p_again_ms / 1000) end,
      rested_at = case when p_note is not null or coalesce(s, 'planned') not in ('planned', 'pending', 'in_progress', 'completed',
        'downloading') then clock() end,
      state = case when s is null or s = 'planned' then case when p_note is null then 'ready' else 'held' end
                   when s in ('lost', 'uncertain') then 'held'
                   when s in ('pending', 'in_progress', 'completed', 'downloading') then 'taken' else 'done' end
    where id = p_order;
  update attempt set worker = null where id = o.attempt and worker = p_worker;
end $$;

-- An attempt as it stands, for who waits for others to settle it.
create function attempt_now(p_id text) returns jsonb language sql stable set search_path from current as
  $$ select document(a) from attempt a where a.id = p_id $$;

-- A project as it stands, for who plans or looks. `copy`: which of the wishes of its fingerprint an attempt has.
create function project_state(p_project text) returns table (attempt jsonb, copy int, is_owned boolean) language sql stable
set search_path from current as $$
  select document(a), a.copy, a.worker is not null from attempt_fixed f join attempt a on a.id = f.attempt
    where f.project = p_project order by a.id
$$;

-- One enqueue of a project: from now on orders of its other revisions are outdated, and this budget holds.
create function begin_batch(p jsonb, out account int, out batch bigint, out standing jsonb) language plpgsql set search_path from current as $$
#variable_conflict use_column
begin
  insert into account (gateway, name) values (p->>'gateway', p->>'account') on conflict do nothing;
  select a.id into begin_batch.account from account a where a.gateway = p->>'gateway' and a.name = p->>'account';
  insert into project (id, name, manifest, revision, budget_nano)
    values (p->>'project', p->>'name', p->>'manifest', p->>'revision', (p->>'budgetNano')::bigint)
    on conflict (id) do update
      set name = excluded.name, manifest = excluded.manifest, revision = excluded.revision, budget_nano = excluded.budget_nano;
  insert into batch (project, account, revision, max_cost_nano, jobs, per_model, doc)
    values (p->>'project', begin_batch.account, p->>'revision', (p->>'maxCostNano')::bigint, (p->>'jobs')::int, p->'perModel',
      coalesce(p->'doc', '{}')) returning id into begin_batch.batch;
  begin_batch.standing := standing(begin_batch.account, p->>'project', begin_batch.batch);
end $$;

-- The numbers of accounts; one that is not there yet is made, so that its worker sees the first work that comes for it.
create function accounts(p jsonb) returns table (id int) language plpgsql set search_path from current as $$
#variable_conflict use_column
begin
  insert into account (gateway, name) select gateway, name from jsonb_to_recordset(p) as w(gateway text, name text)
    on conflict do nothing;
  return query select a.id from account a join jsonb_to_recordset(p) as w(gateway text, name text)
    on a.gateway = w.gateway and a.name = w.name;
end $$;


-- What the receipts know is back: buying goes on.
create function reconciled(p_gateway text, p_account text) returns void language sql set search_path from current as $$
  update account set intents = greatest(intents, seen), stopped = null
    where gateway = p_gateway and name = p_account and stopped = 'went-back'
$$;

-- A batch that something has changed for, for who plans: those of these accounts, each at most every `p_again_ms`.
create function to_plan(p_accounts int[], p_again_ms float8)
returns table (id bigint, project text, name text, manifest text, gateway text, doc jsonb, changes int) language sql set search_path from current as $$
  with next as (
    select b.id from batch b join project p on p.id = b.project
      where b.changes > b.planned and b.account = any (p_accounts) and b.revision = p.revision
        and (b.planned_at is null or b.planned_at < clock() - make_interval(secs => p_again_ms / 1000))
      order by b.id limit 1 for update of b skip locked)
  update batch b set planned_at = clock() from next, project p, account a
    where b.id = next.id and p.id = b.project and a.id = b.account
    returning b.id, b.project, p.name, p.manifest, a.gateway, b.doc, b.changes
$$;

-- A batch was planned for all that had changed up to then, and so many of its takes wait.
create function planned(p_batch bigint, p_changes int, p_waiting int) returns void language sql set search_path from current as $$
  update batch set planned = greatest(planned, p_changes), waiting = p_waiting where id = p_batch
$$;

-- Nobody wants any more of a batch; what was begun goes on.
create function withdraw(p_batch bigint) returns void language sql set search_path from current as $$
  update batch set waiting = 0, planned = changes, stopped = coalesce(stopped, '{"why": "withdrawn"}') where id = p_batch;
  update "order" set state = 'outdated', rested_at = clock(), note = jsonb_build_object('outdated', 'withdrawn')
    where batch = p_batch and state = 'ready'
$$;

-- A batch that cannot be planned: nothing more is bought for it, and `p_why` says why.
create function stop_batch(p_batch bigint, p_why jsonb) returns void language sql set search_path from current as $$
  update batch set stopped = p_why, planned = changes where id = p_batch
$$;

-- What has become of a batch since a moment, for whoever waits for it. `busy`: the keys of the orders that somebody is at.
create function batch_news(p_batch bigint, p_since timestamptz, out at timestamptz, out rested jsonb, out busy jsonb, out stopped jsonb,
  out account jsonb) language plpgsql stable set search_path from current as $$
#variable_conflict use_column
declare b batch; a account;
begin
  select * into b from batch where id = p_batch;
  select * into a from account where id = b.account;
  -- What was written down by transactions that had begun before is told once more.
  at := clock() - interval '2 seconds';
  select jsonb_agg(jsonb_build_object('key', o.key, 'state', o.state, 'note', o.note, 'attempt', document(t))) into rested
    from "order" o left join attempt t on t.id = o.attempt
    where o.batch = p_batch and o.rested_at is not null and (p_since is null or o.rested_at >= p_since);
  select jsonb_agg(key) into busy from "order" where batch = p_batch and worker is not null;
  stopped := coalesce(b.stopped, case when a.stopped is not null then jsonb_build_object('why', a.stopped) end);
  batch_news.account := standing(b.account, b.project, b.id);
end $$;

-- The picked takes; whoever waited for one may begin.
create function set_picks(p_project text, p_picks jsonb) returns void language sql set search_path from current as $$
  update project set picks = p_picks where id = p_project;
  select changed(p_project, false)
$$;

-- The id of a project, by what all machines call it; the one that is given where it is new. One that is here under another name has
-- got this one: its manifest was renamed.
create function project_of(p jsonb) returns text language plpgsql set search_path from current as $$
declare known text;
begin
  insert into project (id, name, manifest, sandbox) values (p->>'id', p->>'name', p->>'manifest', (p->>'sandbox')::boolean)
    on conflict do nothing;
  select id into known from project
    where name = p->>'name' and manifest = p->>'manifest' and sandbox = (p->>'sandbox')::boolean;
  if known is null then
    update project set name = p->>'name', manifest = p->>'manifest'
      where id = p->>'id' and sandbox = (p->>'sandbox')::boolean returning id into known;
  end if;
  return known;
end $$;

-- Why the newest work for a project does not go on: what stops its batch or its account, and the orders that are held for a reason.
create function trouble_of(p_project text, out stopped jsonb, out held jsonb) language plpgsql stable set search_path from current as $$
declare b batch;
begin
  select * into b from batch where project = p_project order by id desc limit 1;
  select coalesce(b.stopped, jsonb_build_object('why', a.stopped)) into trouble_of.stopped
    from account a where a.id = b.account and (b.stopped is not null or a.stopped is not null);
  select jsonb_agg(jsonb_build_object('key', o.key, 'message', o.note->>'message')) into held
    from (select key, note from "order" where batch = b.id and note ? 'message' and state in ('held', 'taken') order by key limit 100) o;
end $$;
