-- Citus: distributes the tables by user, so that calls can enter through any node of a cluster and each works on the one
-- shard that has its user. Apply it to the coordinator as a superuser, after the migrations and after the nodes were
-- added; again after every upgrade. docs/citus.md says how, and what differs from one machine.
--
-- What a statement on a distributed table may not do decides most of what follows:
-- - reference auth.users, which stays on the coordinator. sessions.users mirrors it, one row per user, distributed: it
--   is what the tables reference, what lock_user() locks instead of an advisory lock, and where a user's fences grow;
-- - lock rows of several shards. The reaper and the prunes look for rows everywhere, then lock them shard by shard;
-- - see the settings of the caller's transaction. A function reads the claims on the node that was called; the limits of
--   its lock waits are passed on by limit_waits(), the claims of who reads a table by pass_claims();
-- - have a trigger that writes other tables. The functions do that instead.

set lock_timeout = '5s';
-- Triggers that only look at their own row are safe, and check_session() is one.
set citus.enable_unsafe_triggers = on;
set citus.multi_shard_modify_mode = 'sequential';


do $$
begin
  if to_regprocedure('sessions.version()') is null or sessions.version() <> '0.1.0' then
    raise 'Apply the migrations of interview sessions 0.1.0 first: this file belongs to that version.';
  end if;
  if not exists (select from pg_catalog.pg_extension e where e.extname = 'citus') then
    raise 'The extension citus is missing: create it on every node, then add the nodes on the coordinator.';
  end if;
  if not citus_is_coordinator() or not exists (select from pg_catalog.pg_dist_node n where n.groupid <> 0) then
    raise 'Apply this to the coordinator, after citus_set_coordinator_host() and citus_add_node().';
  end if;
end
$$;


-- The users.

create table if not exists sessions.users (
  user_id uuid primary key,
  fence bigint not null default 0
);

revoke all on table sessions.users from public, anon, authenticated, service_role;
alter table sessions.users owner to postgres;
comment on table sessions.users is
  'One row per row of auth.users, kept by triggers of that table: what the distributed tables reference, and the lock of a user''s calls.';
comment on column sessions.users.user_id is 'The id in auth.users.';
comment on column sessions.users.fence is 'The number drawn last for this user; 0 before the first.';


-- Away with what cannot be distributed. The foreign keys come back below.
do $$
declare
  v_key record;
begin
  for v_key in
    select c.conrelid::regclass as relation, c.conname
    from pg_catalog.pg_constraint c
    where c.contype = 'f' and not exists (select from pg_catalog.pg_dist_partition p where p.logicalrelid = c.conrelid)
      and c.conrelid in (
        'public.active_interview_sessions'::regclass, 'public.interview_session_history'::regclass,
        'public.interviews'::regclass, 'sessions.early_ends'::regclass, 'sessions.revocations'::regclass,
        'sessions.extensions'::regclass
      )
  loop
    execute format('alter table %s drop constraint %I', v_key.relation, v_key.conname);
  end loop;
end
$$;

-- The policies come back below, without a subquery.
drop policy if exists "a user sees their own live session" on public.active_interview_sessions;
drop policy if exists "a user sees their own ended sessions" on public.interview_session_history;
drop policy if exists "a user sees their own interviews" on public.interviews;
-- A role that reads a distributed table connects to the other nodes. These have no password, so that they get in where
-- the configuration of the nodes lets each other in, and nowhere else.
alter role service_role with login;
alter role authenticated with login;

-- retire() and extend() do what these did.
drop trigger if exists record_deliveries on public.interview_session_history;
drop trigger if exists notify_of_end on public.interview_session_history;
drop trigger if exists notify_of_extension on sessions.extensions;
-- They enabled and locked that trigger.
do $$
begin
  if to_regclass('sessions.endpoints') is not null then
    drop trigger if exists switch_deliveries on sessions.endpoints;
    drop trigger if exists lock_history on sessions.endpoints;
  end if;
end
$$;

do $$
begin
  if not exists (select from pg_catalog.pg_dist_partition p where p.logicalrelid = 'sessions.reap_failures'::regclass) then
    -- Its rows are on the shard of their session.
    alter table sessions.reap_failures drop constraint reap_failures_pkey;
    alter table sessions.reap_failures add constraint reap_failures_pkey primary key (user_id, fence);
    -- next_fence() draws it; for a row that is written by hand the clock is high enough.
    alter table public.interview_session_history
      alter column ended_fence set default (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  end if;
end
$$;


do $$
declare
  v_table regclass;
begin
  if not exists (select from pg_catalog.pg_dist_partition p where p.logicalrelid = 'sessions.users'::regclass) then
    perform create_distributed_table('sessions.users', 'user_id');
  end if;
  foreach v_table in array array[
    'public.active_interview_sessions', 'public.interview_session_history', 'public.interviews', 'sessions.early_ends',
    'sessions.revocations', 'sessions.extensions', 'sessions.reap_failures'
  ]::regclass[] loop
    if not exists (select from pg_catalog.pg_dist_partition p where p.logicalrelid = v_table) then
      perform create_distributed_table(v_table::text, 'user_id', colocate_with => 'sessions.users');
    end if;
  end loop;
  -- Read by every call, written by hand.
  if not exists (select from pg_catalog.pg_dist_partition p where p.logicalrelid = 'sessions.settings'::regclass) then
    perform create_reference_table('sessions.settings');
  end if;
  -- On the coordinator, and known to the other nodes.
  if to_regclass('sessions.endpoints') is not null
    and not exists (select from pg_catalog.pg_dist_partition p where p.logicalrelid = to_regclass('sessions.endpoints'))
  then
    perform citus_add_local_table_to_metadata('sessions.endpoints', cascade_via_foreign_keys => true);
  end if;
end
$$;


-- Mirrors auth.users, in the same transaction.
create or replace function sessions.mirror_users()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_users uuid[];
  v_user uuid;
begin
  perform sessions.limit_waits();
  if tg_op = 'INSERT' then
    v_users := array(select c.id from come c);
    insert into sessions.users (user_id) select unnest(v_users);
  else
    v_users := array(select g.id from gone g);
    -- One shard at a time: a statement on several would wait for others of its kind.
    foreach v_user in array v_users loop
      delete from sessions.users u where u.user_id = v_user;
    end loop;
  end if;
  return null;
end
$$;

revoke all on function sessions.mirror_users() from public, anon, authenticated, service_role;
alter function sessions.mirror_users() owner to postgres;
comment on function sessions.mirror_users() is
  'Trigger of auth.users: inserts and deletes the rows of sessions.users, and with them whatever the users had.';


create or replace function sessions.keep_user_id()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise foreign_key_violation using
    message = case tg_op
      when 'TRUNCATE' then 'auth.users cannot be truncated: interview sessions reference it.'
      else 'The id of a user cannot be changed: interview sessions reference it.'
    end;
end
$$;

revoke all on function sessions.keep_user_id() from public, anon, authenticated, service_role;
alter function sessions.keep_user_id() owner to postgres;
comment on function sessions.keep_user_id() is
  'Trigger of auth.users: refuses what the foreign keys refuse on one machine.';


create or replace function sessions.set_everywhere(name text, value text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set citus.propagate_set_commands = 'local'
as $$
begin
  -- Citus passes on SET LOCAL, and neither set_config() nor the settings of a function.
  execute format('set local %I = %L', name, value);
end
$$;

revoke all on function sessions.set_everywhere(text, text) from public, anon, authenticated, service_role;
alter function sessions.set_everywhere(text, text) owner to postgres;
comment on function sessions.set_everywhere(text, text) is
  'Makes a setting for the rest of the transaction, on every node that it works on.';


create or replace function sessions.limit_waits()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.set_everywhere('lock_timeout', current_setting('lock_timeout'));
end
$$;

revoke all on function sessions.limit_waits() from public, anon, authenticated, service_role;
alter function sessions.limit_waits() owner to postgres;
comment on function sessions.limit_waits() is
  'Makes the lock_timeout of the calling function that of the other nodes, for the rest of the transaction.';


create or replace function public.pass_claims()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set citus.propagate_set_commands = 'local'
as $$
begin
  execute format('set local request.jwt.claims = %L', coalesce(current_setting('request.jwt.claims', true), ''));
end
$$;

revoke all on function public.pass_claims() from public, anon, authenticated, service_role;
grant execute on function public.pass_claims() to anon, authenticated, service_role;
alter function public.pass_claims() owner to postgres;
comment on function public.pass_claims() is
  'Passes the claims of the request on to the nodes that it reads from. For PostgREST: db-pre-request = public.pass_claims.';


create or replace function sessions.reader()
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(current_setting('request.jwt.claims', true), '') = '' then
    raise object_not_in_prerequisite_state using
      message = 'The claims of the request did not reach the node that has the rows.',
      hint = 'Set db-pre-request of PostgREST to public.pass_claims.';
  end if;
  return auth.uid();
end
$$;

revoke all on function sessions.reader() from public, anon, authenticated, service_role;
grant execute on function sessions.reader() to authenticated;
alter function sessions.reader() owner to postgres;
comment on function sessions.reader() is
  'auth.uid() for the policies. Fails, rather than hide every row, where no claims are.';


create or replace function sessions.keep_shard(user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- 5 is SHARE. A statement that writes takes this lock, one that locks rows does not: the shard could move in between,
  -- and leave the locked row behind.
  perform lock_shard_metadata(5, array[get_shard_id_for_distribution_column('sessions.users'::regclass, user_id)]);
end
$$;

revoke all on function sessions.keep_shard(uuid) from public, anon, authenticated, service_role;
alter function sessions.keep_shard(uuid) owner to postgres;
comment on function sessions.keep_shard(uuid) is 'Keeps the shard of a user from being moved until the transaction ends.';


create or replace function sessions.lock_user(user_id uuid, wait boolean default true)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.keep_shard(user_id);
  -- Conflicts with itself and with a deletion, not with the foreign keys.
  if wait then
    perform from sessions.users u where u.user_id = lock_user.user_id for no key update;
  else
    perform from sessions.users u where u.user_id = lock_user.user_id for no key update skip locked;
  end if;
  return found;
end
$$;


create or replace function sessions.next_fence(user_id uuid)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Microseconds, so that a user who is deleted and created again does not start below old fences. JavaScript holds
  -- them exactly until 2255.
  v_clock bigint := extract(epoch from clock_timestamp()) * 1000000;
  v_fence bigint;
begin
  update sessions.users u
  set fence = greatest(u.fence + 1, v_clock)
  where u.user_id = next_fence.user_id
  returning u.fence into strict v_fence;
  return v_fence;
end
$$;

revoke all on function sessions.next_fence(uuid) from public, anon, authenticated, service_role;
alter function sessions.next_fence(uuid) owner to postgres;
comment on function sessions.next_fence(uuid) is
  'Draws a number above all that were drawn for this user, on whichever node. The caller holds lock_user().';


create or replace function sessions.by_shard(user_ids uuid[])
returns setof uuid[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select array_agg(u.id)
  from unnest(user_ids) u (id)
  group by get_shard_id_for_distribution_column('sessions.users'::regclass, u.id)
  order by get_shard_id_for_distribution_column('sessions.users'::regclass, u.id);
$$;

revoke all on function sessions.by_shard(uuid[]) from public, anon, authenticated, service_role;
alter function sessions.by_shard(uuid[]) owner to postgres;
comment on function sessions.by_shard(uuid[]) is
  'These users, those of one shard together: a statement on one array goes to one shard.';


create or replace function sessions.retire_stale(user_ids uuid[])
returns public.interview_session_history[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row public.active_interview_sessions;
  v_ended public.interview_session_history[];
begin
  for v_row in select * from public.active_interview_sessions a where a.user_id = any (user_ids) loop
    v_ended := v_ended || sessions.retire(v_row, v_row.expires_at);
  end loop;
  return v_ended;
end
$$;


create or replace function sessions.pick_stale(batch_size integer, at timestamptz)
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set citus.max_adaptive_executor_pool_size = 1
as $$
declare
  v_seen uuid[];
  v_tried uuid[] := '{}';
  v_picked uuid[] := '{}';
  v_due record;
begin
  -- Look without a lock, then lock what was seen: others may be busy with some of it, so look again.
  while cardinality(v_picked) < batch_size and cardinality(v_tried) < 4 * batch_size loop
    v_seen := array(
      select a.user_id
      from public.active_interview_sessions a
      where a.expires_at <= at
        and a.user_id <> all (v_tried)
        and not exists (select from sessions.reap_failures f where f.user_id = a.user_id and f.fence = a.fence)
      limit batch_size - cardinality(v_picked)
    );
    exit when v_seen = '{}';
    v_tried := v_tried || v_seen;
    v_picked := v_picked || sessions.lock_stale(v_seen, at);
  end loop;

  -- What failed before comes last, and only a tenth of a batch of it. If it fails again, it is recorded again.
  for v_due in
    select d.user_id, d.fence
    from sessions.reap_failures d
    where d.retry_at <= at
    order by d.retry_at
    limit least(batch_size - cardinality(v_picked), ceil(batch_size / 10.0)::integer)
  loop
    perform from sessions.reap_failures d
    where d.user_id = v_due.user_id and d.fence = v_due.fence
    for update skip locked;
    continue when not found;
    delete from sessions.reap_failures d where d.user_id = v_due.user_id and d.fence = v_due.fence;
    v_picked := v_picked || sessions.lock_stale(array[v_due.user_id], at);
  end loop;
  return v_picked;
end
$$;


create or replace function sessions.lock_stale(user_ids uuid[], at timestamptz)
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_users uuid[];
  v_free uuid[];
  v_locked uuid[] := '{}';
  v_user uuid;
begin
  for v_users in select * from sessions.by_shard(user_ids) loop
    -- The user first, like every call that draws a fence.
    v_free := '{}';
    perform sessions.keep_shard(v_users[1]);
    for v_user in select u.user_id from sessions.users u where u.user_id = any (v_users) for no key update skip locked loop
      v_free := v_free || v_user;
    end loop;
    -- No user is no shard, on which nothing can be locked.
    continue when v_free = '{}';
    for v_user in
      select a.user_id
      from public.active_interview_sessions a
      where a.user_id = any (v_free) and a.expires_at <= at
      for update skip locked
    loop
      v_locked := v_locked || v_user;
    end loop;
  end loop;
  return v_locked;
end
$$;

revoke all on function sessions.lock_stale(uuid[], timestamptz) from public, anon, authenticated, service_role;
alter function sessions.lock_stale(uuid[], timestamptz) owner to postgres;
comment on function sessions.lock_stale(uuid[], timestamptz) is
  'Locks those of these users, and their sessions, whose session was stale at that time and whom no other call holds.';


create or replace function sessions.prune_history(kept_since timestamptz, at_most integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set citus.max_adaptive_executor_pool_size = 1
as $$
declare
  v_oldest timestamptz := (select min(o.ended_at) from public.interview_session_history o);
  v_row record;
  v_pruned integer := 0;
  v_pruned_before integer;
  v_held integer := 0;
  v_held_before integer;
begin
  -- Rows that others hold stay, and are skipped.
  while v_pruned < at_most and v_held <= 4 * at_most loop
    v_held_before := v_held;
    v_pruned_before := v_pruned;
    for v_row in
      select p.user_id, p.session_id
      from public.interview_session_history p
      where p.ended_at < kept_since and p.ended_at < v_oldest + interval '1 day'
      order by p.ended_at
      offset v_held
      limit at_most - v_pruned
    loop
      perform from public.interview_session_history x
      where x.user_id = v_row.user_id and x.session_id = v_row.session_id and x.ended_at < kept_since
      for update skip locked;
      if found then
        delete from public.interview_session_history x where x.user_id = v_row.user_id and x.session_id = v_row.session_id;
        if not found then
          perform sessions.refuse_suppressed('public.interview_session_history');
        end if;
        v_pruned := v_pruned + 1;
      else
        v_held := v_held + 1;
      end if;
    end loop;
    exit when v_held = v_held_before and v_pruned = v_pruned_before;
  end loop;

  return v_pruned;
end
$$;


create or replace function sessions.prune_interviews(kept_since timestamptz, at_most integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set citus.max_adaptive_executor_pool_size = 1
as $$
declare
  v_oldest timestamptz := (select min(o.deadline_at) from public.interviews o);
  v_row record;
  v_pruned integer := 0;
  v_pruned_before integer;
  v_held integer := 0;
  v_held_before integer;
begin
  -- Rows that others hold stay, and are skipped.
  while v_pruned < at_most and v_held <= 4 * at_most loop
    v_held_before := v_held;
    v_pruned_before := v_pruned;
    for v_row in
      select p.user_id, p.interview_id
      from public.interviews p
      where p.deadline_at < kept_since and p.deadline_at < v_oldest + interval '1 day'
      order by p.deadline_at
      offset v_held
      limit at_most - v_pruned
    loop
      perform from public.interviews x
      -- A start may have renewed it since it was seen.
      where x.user_id = v_row.user_id and x.interview_id = v_row.interview_id and x.deadline_at < kept_since
      for update skip locked;
      if found then
        delete from public.interviews x where x.user_id = v_row.user_id and x.interview_id = v_row.interview_id;
        if not found then
          perform sessions.refuse_suppressed('public.interviews');
        end if;
        v_pruned := v_pruned + 1;
      else
        v_held := v_held + 1;
      end if;
    end loop;
    exit when v_held = v_held_before and v_pruned = v_pruned_before;
  end loop;

  return v_pruned;
end
$$;


create or replace function sessions.overlapping_sessions(since timestamptz default '-infinity', at_most bigint default null)
returns table (user_id uuid, session_id text, started_at timestamptz, earlier_ended_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    with ended as (
      select h.user_id, h.session_id, h.fence, h.started_at, h.ended_at, h.ended_fence
      from public.interview_session_history h
      where h.ended_at >= since
      order by h.ended_at desc
      limit at_most
    ),
    every_session as (
      select * from ended
      union all
      select a.user_id, a.session_id, a.fence, a.created_at, a.expires_at, null
      from public.active_interview_sessions a
      where a.user_id in (select e.user_id from ended e)
    ),
    compared as (
      select
        s.user_id, s.session_id, s.fence, s.started_at,
        max(s.ended_at) over earlier as earlier_ended_at,
        -- A live session has not ended.
        max(coalesce(s.ended_fence, 9223372036854775807)) over earlier as earlier_ended_fence
      from every_session s
      window earlier as (partition by s.user_id order by s.fence range between unbounded preceding and 1 preceding)
    )
    -- Both in time and in the order of grants: a clock that was set back makes no overlap.
    select c.user_id, c.session_id, c.started_at, c.earlier_ended_at
    from compared c
    where c.started_at < c.earlier_ended_at and c.fence < c.earlier_ended_fence;
end
$$;


create or replace function sessions.lift_fence()
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_highest bigint;
begin
  update sessions.users u
  set fence = greatest(u.fence, used.fence)
  from (
    select x.user_id, max(x.fence) as fence
    from (
      select a.user_id, a.fence from public.active_interview_sessions a
      union all
      select h.user_id, greatest(h.fence, h.ended_fence) from public.interview_session_history h
    ) x
    group by x.user_id
  ) used
  where used.user_id = u.user_id;

  select max(u.fence) into v_highest from sessions.users u;
  return v_highest;
end
$$;

comment on function sessions.lift_fence() is
  'Lifts the fence of every user above those in the tables and returns the highest. Call it as postgres after a restore. Reads the whole history.';


create or replace function sessions.tell_of_end(h public.interview_session_history)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The chapters "deliveries" and "notification", if they are installed.
  if to_regclass('sessions.endpoints') is not null then
    insert into sessions.deliveries (endpoint, data)
    select e.name, to_jsonb(h)
    from sessions.endpoints e
    where e.state = 'on'
    for key share of e;
  end if;
  if h.end_reason in ('taken_over', 'revoked') and to_regprocedure('sessions.notify(uuid, text)') is not null then
    perform sessions.notify(h.user_id, h.end_reason);
  end if;
end
$$;

revoke all on function sessions.tell_of_end(public.interview_session_history) from public, anon, authenticated, service_role;
alter function sessions.tell_of_end(public.interview_session_history) owner to postgres;
comment on function sessions.tell_of_end(public.interview_session_history) is
  'Records the deliveries of an end, and notifies of a takeover or a revocation.';


create or replace function sessions.tell_of_extension(user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regprocedure('sessions.notify(uuid, text)') is not null then
    perform sessions.notify(user_id, 'extended');
  end if;
end
$$;

revoke all on function sessions.tell_of_extension(uuid) from public, anon, authenticated, service_role;
alter function sessions.tell_of_extension(uuid) owner to postgres;
comment on function sessions.tell_of_extension(uuid) is 'Notifies of an extension.';


-- The other functions stay as the migrations made them, but for these places. Fails if a place has changed.
do $$
declare
  v_change record;
  v_place text[];
  v_definition text;
begin
  -- Applied again without the migrations, which would have replaced them.
  if exists (
    select from pg_catalog.pg_proc p
    where p.oid = 'sessions.start_session(text, boolean, text, text)'::regprocedure and p.prosrc like '%sessions.next_fence(%'
  ) then
    return;
  end if;

  for v_change in
    select to_regprocedure(c.signature) as signature, array_agg(array[c.old, c.new]) as places
    from (values
      (
        'sessions.refuse_not_live(uuid, text)',
        'select from auth.users u where u.id =', 'select from sessions.users u where u.user_id ='
      ),
      (
        'sessions.revoke(uuid, text, text, text)',
        'perform from auth.users u where u.id = revoke.user_id for key share;',
        e'perform sessions.keep_shard(user_id);\n'
          '  perform from sessions.users u where u.user_id = revoke.user_id for no key update;'
      ),
      (
        'sessions.revoke(uuid, text, text, text)',
        'select from auth.users u where u.id =', 'select from sessions.users u where u.user_id ='
      ),
      -- The fences.
      (
        'sessions.start_session(text, boolean, text, text)',
        e'  v_deadline timestamptz;\nbegin', e'  v_deadline timestamptz;\n  v_fence bigint;\nbegin'
      ),
      (
        'sessions.start_session(text, boolean, text, text)',
        '  v_deadline := coalesce(', e'  v_fence := sessions.next_fence(v_user);\n  v_deadline := coalesce('
      ),
      ('sessions.start_session(text, boolean, text, text)', 'nextval(''sessions.fence'')', 'v_fence'),
      (
        'sessions.retire(public.active_interview_sessions, timestamptz, text)',
        e'  v_row public.interview_session_history;\nbegin',
        e'  v_row public.interview_session_history;\n  v_fence bigint := sessions.next_fence(a.user_id);\nbegin'
      ),
      (
        'sessions.retire(public.active_interview_sessions, timestamptz, text)',
        e'previous_session_id, interview_id\n  )', e'previous_session_id, interview_id,\n    ended_fence\n  )'
      ),
      (
        'sessions.retire(public.active_interview_sessions, timestamptz, text)',
        'a.status, a.previous_session_id, a.interview_id', 'a.status, a.previous_session_id, a.interview_id, v_fence'
      ),
      -- What the triggers do on one machine.
      (
        'sessions.retire(public.active_interview_sessions, timestamptz, text)',
        '  return v_row;', e'  perform sessions.tell_of_end(v_row);\n  return v_row;'
      ),
      (
        'sessions.extend(uuid, text, interval, text, text)',
        '  return next v_interview;', e'  perform sessions.tell_of_extension(user_id);\n  return next v_interview;'
      ),
      -- The locked rows are added to before the update, which may not add an interval to a column.
      (
        'sessions.extend(uuid, text, interval, text, text)',
        e'  v_now timestamptz;\nbegin', e'  v_now timestamptz;\n  v_deadline timestamptz;\nbegin'
      ),
      (
        'sessions.extend(uuid, text, interval, text, text)',
        '  perform from public.interviews i', '  select i.deadline_at + v_by into v_deadline from public.interviews i'
      ),
      ('sessions.extend(uuid, text, interval, text, text)', 'set deadline_at = i.deadline_at + v_by', 'set deadline_at = v_deadline'),
      ('sessions.extend(uuid, text, interval, text, text)', 'least(a.updated_at +', 'least(v_row.updated_at +'),
      -- The update of a delivery may not compute a time.
      (
        'sessions.claim_deliveries(integer, text)',
        e'  v_endpoint sessions.endpoints;\nbegin',
        e'  v_endpoint sessions.endpoints;\n  v_due_at timestamptz := v_now + interval ''2 minutes'';\nbegin'
      ),
      ('sessions.claim_deliveries(integer, text)', 'then v_now + interval ''2 minutes'' end', 'then v_due_at end'),
      (
        'sessions.settle_deliveries(jsonb)', e'  v_settled integer := 0;\n', e'  v_settled integer := 0;\n  v_due_at timestamptz;\n'
      ),
      (
        'sessions.settle_deliveries(jsonb)',
        e'        due_at = case\n'
          '          when v_result.outcome = ''put_back'' then v_now + interval ''1 minute''\n'
          '          -- From 40 seconds to 11 hours, give or take a half: 12 attempts in about a day.\n'
          '          when d.attempts < 12 then v_now + interval ''40 seconds'' * 2 ^ (d.attempts - 1) * (0.5 + random())\n'
          '        end,\n',
        e'        due_at = v_due_at,\n'
      ),
      (
        'sessions.settle_deliveries(jsonb)',
        e'      -- Not if the time of this attempt was over and another one has begun.\n',
        e'      v_due_at := case\n'
          '        when v_result.outcome = ''put_back'' then v_now + interval ''1 minute''\n'
          '        when v_result.attempt < 12 then v_now + interval ''40 seconds'' * 2 ^ (v_result.attempt - 1) * (0.5 + random())\n'
          '      end;\n'
      ),
      -- The reaper. A session without a user cannot be: the foreign key is on its shard.
      (
        'sessions.reap(integer, boolean, text)',
        'v_movable := array(select u.id from auth.users u where u.id = any (v_picked) for key share skip locked);',
        'v_movable := v_picked;'
      ),
      (
        'sessions.reap(integer, boolean, text)',
        e'    delete from public.active_interview_sessions a\n'
          '    where a.user_id = any (v_picked) and not exists (select from auth.users u where u.id = a.user_id);\n'
          '    get diagnostics v_orphaned = row_count;\n',
        e'    null;\n'
      ),
      (
        'sessions.reap(integer, boolean, text)',
        e'  v_failed := v_failed || array(\n'
          '    select a.user_id\n'
          '    from public.active_interview_sessions a\n'
          '    where a.user_id = any (v_picked) and not exists (select from auth.users u where u.id = a.user_id)\n'
          '  );\n',
        ''
      ),
      (
        'sessions.heartbeat_session(text)',
        '  select a.expires_at into v_expires_at', e'  perform sessions.keep_shard(v_user);\n  select a.expires_at into v_expires_at'
      ),
      (
        'sessions.complete_session(text)',
        '  select * into v_row', e'  perform sessions.keep_shard(v_user);\n  select * into v_row'
      ),
      (
        'sessions.heartbeat_session(text)',
        'perform set_config(''synchronous_commit'', ''off'', true);',
        'perform sessions.set_everywhere(''synchronous_commit'', ''off'');'
      ),
      (
        'sessions.reap(integer, boolean, text)',
        'perform set_config(''synchronous_commit'', ''off'', true);',
        'perform sessions.set_everywhere(''synchronous_commit'', ''off'');'
      ),
      -- The health.
      ('sessions.unexpected_grants()', 'p.proname <> ''version''', 'p.proname not in (''version'', ''reader'')'),
      ('sessions.health()', 'on f.fence = a.fence', 'on f.user_id = a.user_id and f.fence = a.fence'),
      ('sessions.health()', 'pg_total_relation_size(', 'citus_total_relation_size('),
      (
        'sessions.health()',
        'select f.last_value - (not f.is_called)::integer into strict v_fence from sessions.fence f;',
        e'select coalesce(min(u.fence) filter (where u.fence < a.fence), v_fence_used)\n'
          '  into strict v_fence\n'
          '  from public.active_interview_sessions a\n'
          '  join sessions.users u on u.user_id = a.user_id;'
      ),
      -- The planner of the coordinator knows nothing of the shards.
      (
        'sessions.health()',
        e'    select case when c.reltuples < 0 then pg_stat_get_live_tuples(c.oid) else c.reltuples::bigint end\n'
          '    from pg_catalog.pg_class c\n'
          '    where c.oid = v_history\n',
        e'    select sum(r.result::bigint)\n'
          '    from run_command_on_shards(\n'
          '      v_history,\n'
          '      ''select case when c.reltuples < 0 then pg_stat_get_live_tuples(c.oid) else c.reltuples::bigint end from pg_catalog.pg_class c where c.oid = ''''%s''''::regclass''\n'
          '    ) r\n'
      )
    ) c (signature, old, new)
    -- The optional chapters may be left out.
    where to_regprocedure(c.signature) is not null
    group by c.signature
  loop
    v_definition := pg_get_functiondef(v_change.signature);
    foreach v_place slice 1 in array v_change.places loop
      if strpos(v_definition, v_place[1]) = 0 then
        raise 'The function % has no "%": this file belongs to another version of it.', v_change.signature, v_place[1];
      end if;
      v_definition := replace(v_definition, v_place[1], v_place[2]);
    end loop;
    execute v_definition;
  end loop;

  -- Each function that limits its waits passes the limit on.
  for v_change in
    select p.oid::regprocedure as signature
    from pg_catalog.pg_proc p
    where p.pronamespace = 'sessions'::regnamespace and p.proconfig::text like '%lock_timeout=%'
      and strpos(p.prosrc, 'sessions.limit_waits()') = 0
  loop
    v_definition := pg_get_functiondef(v_change.signature);
    execute regexp_replace(v_definition, e'\nbegin\n', e'\nbegin\n  perform sessions.limit_waits();\n');
  end loop;
end
$$;


-- The users who are there, then the triggers that keep them.
do $$
begin
  lock table auth.users in share row exclusive mode;
  insert into sessions.users (user_id)
  select u.id from auth.users u
  on conflict do nothing;
end
$$;

create or replace trigger interview_sessions_come
  after insert on auth.users
  referencing new table as come
  for each statement execute function sessions.mirror_users();
create or replace trigger interview_sessions_go
  after delete on auth.users
  referencing old table as gone
  for each statement execute function sessions.mirror_users();
create or replace trigger interview_sessions_keep_id
  before update of id on auth.users
  for each row when (new.id <> old.id) execute function sessions.keep_user_id();
create or replace trigger interview_sessions_keep_table
  before truncate on auth.users
  for each statement execute function sessions.keep_user_id();


do $$
declare
  v_key record;
begin
  for v_key in
    select k.relation::regclass as relation, k.reference
    from (values
      ('public.active_interview_sessions', '(user_id) references sessions.users'),
      ('public.interview_session_history', '(user_id) references sessions.users'),
      ('public.interviews', '(user_id) references sessions.users'),
      ('sessions.early_ends', '(user_id) references sessions.users'),
      ('sessions.reap_failures', '(user_id) references sessions.users'),
      ('sessions.revocations', '(user_id, session_id) references public.interview_session_history'),
      ('sessions.extensions', '(user_id, interview_id) references public.interviews')
    ) k (relation, reference)
    where not exists (
      select from pg_catalog.pg_constraint c where c.contype = 'f' and c.conrelid = k.relation::regclass
    )
  loop
    execute format('alter table %s add foreign key %s on delete cascade', v_key.relation, v_key.reference);
  end loop;
end
$$;


create policy "a user sees their own live session"
  on public.active_interview_sessions
  for select
  to authenticated
  using (user_id = sessions.reader() and expires_at > clock_timestamp());
create policy "a user sees their own ended sessions"
  on public.interview_session_history
  for select
  to authenticated
  using (user_id = sessions.reader());
create policy "a user sees their own interviews"
  on public.interviews
  for select
  to authenticated
  using (user_id = sessions.reader());


-- Every function on every node, with the same grants: Citus passes a grant on only once the function is distributed.
do $$
declare
  v_function record;
begin
  for v_function in
    select
      p.oid::regprocedure as signature,
      p.pronamespace = 'auth'::regnamespace as is_of_auth,
      (
        select string_agg(distinct case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end, ', ')
        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
        where x.grantee <> p.proowner
      ) as grantees
    from pg_catalog.pg_proc p
    where p.prokind = 'f'
      and (
        p.pronamespace = 'sessions'::regnamespace
        or p.oid in ('auth.uid()'::regprocedure, 'auth.jwt()'::regprocedure, 'public.pass_claims()'::regprocedure)
        or p.pronamespace = 'public'::regnamespace and p.prosrc like '%sessions.' || p.proname || '(%'
      )
  loop
    perform create_distributed_function(v_function.signature);
    continue when v_function.is_of_auth;
    execute format('revoke all on function %s from public, anon, authenticated, service_role', v_function.signature);
    if v_function.grantees is not null then
      execute format('grant execute on function %s to %s', v_function.signature, v_function.grantees);
    end if;
  end loop;
end
$$;


reset citus.enable_unsafe_triggers;
reset citus.multi_shard_modify_mode;
reset lock_timeout;
