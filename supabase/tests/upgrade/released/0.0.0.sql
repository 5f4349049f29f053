-- Version 0.0.0: what the repository's migrations were before the first release, in one file. Frozen: tests upgrade it to
-- the current version. Only the answer of sessions.version() is changed: it was '0.1.0', the version that was to come.

-- State: live sessions, ended sessions, interviews, settings, and records for operators.
-- Constraints enforce the invariants; the functions of the later chapters turn violations into readable errors.
-- Every chapter can be applied again and then changes nothing.

-- Stop if the app has a schema or table of one of these names: the statements below would change it.
do $$
declare
  v_taken text := case
    when to_regclass('sessions.fence') is not null then null
    when to_regnamespace('sessions') is not null then 'schema sessions'
    when to_regclass('public.interviews') is not null then 'table public.interviews'
    when to_regclass('public.interview_session_history') is not null then 'table public.interview_session_history'
  end;
begin
  if v_taken is not null then
    raise exception 'The % already exists and does not belong to this component. Nothing was changed.', v_taken
      using hint = format('Rename it before you apply this migration: alter %s rename to ...', v_taken);
  end if;
end
$$;


create schema if not exists sessions;
revoke all on schema sessions from public, anon, authenticated, service_role;
grant usage on schema sessions to authenticated, service_role;
comment on schema sessions is
  'The logic of interview sessions. Not exposed by the API: clients call the wrappers in public.';


-- The first plan of this component was a table that clients wrote directly. If the project still has it, set it aside with
-- its policy and indexes; the end of this chapter copies its rows.
do $$
begin
  if exists (
    select
    from pg_catalog.pg_class t
    where t.oid = to_regclass('public.active_interview_sessions')
      and not exists (
        select from pg_catalog.pg_attribute c where c.attrelid = t.oid and c.attname = 'fence'
      )
  ) then
    alter table public.active_interview_sessions set schema sessions;
    alter table sessions.active_interview_sessions rename to first_plan;
  end if;
end
$$;


create sequence if not exists sessions.fence as bigint;
revoke all on sequence sessions.fence from public, anon, authenticated, service_role;
comment on sequence sessions.fence is
  'Drawn once at every grant and once at every end of a session, under the lock of the session: the numbers give their order without a clock.';


create or replace function sessions.is_line(line text, shortest integer, longest integer)
returns boolean
language plpgsql
immutable
strict
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The length in bytes is known without reading the text: one of 100 MB is refused at once.
  return octet_length(line) <= 4 * longest
    and char_length(line) between shortest and longest
    and line !~ '[\u0001-\u001f\u007f-\u009f]';
end
$$;

revoke all on function sessions.is_line(text, integer, integer) from public, anon, authenticated, service_role;
comment on function sessions.is_line(text, integer, integer) is
  'Whether this is one line of shortest to longest characters, none of them a control character. Null for null.';


-- No index but the primary key: a heartbeat changes no indexed column, so it is a HOT update, for which the fillfactor
-- leaves room. The reaper scans the table, which is small.
create table if not exists public.active_interview_sessions (
  user_id uuid primary key references auth.users (id) on delete cascade,
  session_id text not null,
  status text not null default 'active',
  fence bigint not null,
  device text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deadline_at timestamptz not null,
  expires_at timestamptz not null,
  previous_session_id text,
  interview_id text,
  constraint lease_ends_by_the_deadline check (expires_at <= deadline_at)
) with (fillfactor = 50);

alter table public.active_interview_sessions enable row level security;
revoke all on table public.active_interview_sessions from public, anon, authenticated, service_role;
grant select on table public.active_interview_sessions to authenticated, service_role;

-- clock_timestamp() and not now(): the answer is that of holds_session(), also in a transaction that outlasts the lease.
drop policy if exists "a user sees their own live session" on public.active_interview_sessions;
create policy "a user sees their own live session"
  on public.active_interview_sessions
  for select
  to authenticated
  using (user_id = (select auth.uid()) and expires_at > clock_timestamp());

comment on table public.active_interview_sessions is
  'At most one live interview session per user. A row is live while clock_timestamp() < expires_at, and stale from then until it is reaped. Only the functions write it.';
comment on column public.active_interview_sessions.user_id is 'The holder. The row is deleted with the user.';
comment on column public.active_interview_sessions.session_id is 'Generated by the client, once per page load. An id that has ended is never live again.';
comment on column public.active_interview_sessions.status is 'active; completing from complete_session() on, while the client submits its results.';
comment on column public.active_interview_sessions.fence is 'The fencing token of this grant. A later grant to the same user has a higher one.';
comment on column public.active_interview_sessions.device is 'What the client calls itself, for example "Chrome on Windows".';
comment on column public.active_interview_sessions.created_at is 'When the session was granted.';
comment on column public.active_interview_sessions.updated_at is 'Time of the last heartbeat.';
comment on column public.active_interview_sessions.deadline_at is 'The session ends here, with or without heartbeats. For a session of an interview, the deadline of the interview; complete_session() may move it on.';
comment on column public.active_interview_sessions.expires_at is 'End of the lease: the last heartbeat plus sessions.settings.lease, at most deadline_at.';
comment on column public.active_interview_sessions.previous_session_id is 'The last session of the same interview, however it ended. Without an interview, the live session that this one took over.';
comment on column public.active_interview_sessions.interview_id is 'The app''s id of the interview, if it named one.';


-- Not CHECK constraints: Postgres evaluates those at every update, and parses them each time. This trigger runs only if
-- one of the columns is written, so not at a heartbeat.
create or replace function sessions.check_session()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if not sessions.is_line(new.session_id, 1, 128)
    or not sessions.is_line(new.device, 0, 200)
    or not sessions.is_line(new.interview_id, 1, 128)
    or new.status not in ('active', 'completing')
  then
    raise check_violation using
      message = 'The row of public.active_interview_sessions is invalid.',
      hint = 'session_id and interview_id are lines of 1 to 128 characters, device of at most 200; status is active or completing.';
  end if;

  return new;
end
$$;

revoke all on function sessions.check_session() from public, anon, authenticated, service_role;
comment on function sessions.check_session() is
  'Trigger of public.active_interview_sessions: fails if a text is too long or not a line, or if the status is unknown.';

create or replace trigger check_session
  before insert or update of session_id, device, interview_id, status on public.active_interview_sessions
  for each row execute function sessions.check_session();
-- Also in a session with session_replication_role = replica.
alter table public.active_interview_sessions enable always trigger check_session;


-- The end reasons, once: the history accepts what has a message here.
create or replace function sessions.end_reason_message(end_reason text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Faster than a CASE: the constant is parsed once per connection.
  return jsonb '{
    "completed": "This interview was submitted.",
    "disconnected": "This interview was left.",
    "cleared": "This interview was closed.",
    "taken_over": "This interview was continued in another window or on another device.",
    "expired": "This interview ended because its page lost contact for too long.",
    "timed_out": "The time for this interview is up.",
    "revoked": "This interview was ended by an administrator."
  }' ->> end_reason;
end
$$;

revoke all on function sessions.end_reason_message(text) from public, anon, authenticated, service_role;
comment on function sessions.end_reason_message(text) is 'The message to the user for an end reason; null if there is no such reason.';


create table if not exists public.interview_session_history (
  user_id uuid not null references auth.users (id) on delete cascade,
  session_id text not null,
  fence bigint not null,
  device text,
  started_at timestamptz not null,
  last_seen_at timestamptz not null,
  ended_at timestamptz not null,
  end_reason text not null,
  status text not null,
  previous_session_id text,
  duration interval not null generated always as (ended_at - started_at) stored,
  interview_id text,
  ended_fence bigint not null default nextval('sessions.fence'),
  primary key (user_id, session_id),
  constraint end_reason_is_known check (sessions.end_reason_message(end_reason) is not null),
  constraint status_is_known check (status in ('active', 'completing'))
);

-- session_health() reads the latest rows by it, prune_history() the oldest.
create index if not exists interview_session_history_ended_at on public.interview_session_history (ended_at);

alter table public.interview_session_history enable row level security;
revoke all on table public.interview_session_history from public, anon, authenticated, service_role;
grant select on table public.interview_session_history to authenticated, service_role;

drop policy if exists "a user sees their own ended sessions" on public.interview_session_history;
create policy "a user sees their own ended sessions"
  on public.interview_session_history
  for select
  to authenticated
  using (user_id = (select auth.uid()));

comment on table public.interview_session_history is
  'One row per ended session, written in the transaction that ended it. Pruned by the reaper after sessions.settings.history_retention.';
comment on column public.interview_session_history.user_id is 'The user who held the session. The row is deleted with the user.';
comment on column public.interview_session_history.session_id is 'The id of the session. It cannot be used again.';
comment on column public.interview_session_history.fence is 'The fencing token of the grant.';
comment on column public.interview_session_history.device is 'What the client called itself.';
comment on column public.interview_session_history.started_at is 'When the session was granted.';
comment on column public.interview_session_history.last_seen_at is 'Time of the last heartbeat.';
comment on column public.interview_session_history.ended_at is 'When the session ended: for expired and timed_out the end of the lease, whenever it was reaped.';
comment on column public.interview_session_history.end_reason is 'completed, disconnected or cleared: by its client. taken_over: by another client of the user. expired: no heartbeat. timed_out: its deadline. revoked: by an operator.';
comment on column public.interview_session_history.status is 'The status of the session when it ended.';
comment on column public.interview_session_history.previous_session_id is 'As in active_interview_sessions.';
comment on column public.interview_session_history.duration is 'From started_at to ended_at.';
comment on column public.interview_session_history.interview_id is 'The app''s id of the interview, if it named one.';
comment on column public.interview_session_history.ended_fence is 'Drawn from the same sequence as the fences when the session ended: every later grant has a higher fence.';


create table if not exists public.interviews (
  user_id uuid not null references auth.users (id) on delete cascade,
  interview_id text not null,
  started_at timestamptz not null,
  deadline_at timestamptz not null,
  submitted_at timestamptz,
  last_session_id text not null,
  primary key (user_id, interview_id),
  constraint deadline_is_finite check (isfinite(deadline_at))
);

-- prune_interviews() reads the oldest rows by it.
create index if not exists interviews_deadline_at on public.interviews (deadline_at);

alter table public.interviews enable row level security;
revoke all on table public.interviews from public, anon, authenticated, service_role;
grant select on table public.interviews to authenticated, service_role;

drop policy if exists "a user sees their own interviews" on public.interviews;
create policy "a user sees their own interviews"
  on public.interviews
  for select
  to authenticated
  using (user_id = (select auth.uid()));

comment on table public.interviews is
  'One row per interview that the app named: one clock for all of its sessions. Written at the first grant; pruned by the reaper when the deadline is older than sessions.settings.history_retention.';
comment on column public.interviews.user_id is 'The user who is interviewed. The row is deleted with the user.';
comment on column public.interviews.interview_id is 'The app''s id of the interview; unique per user.';
comment on column public.interviews.started_at is 'When the first session was granted.';
comment on column public.interviews.deadline_at is 'When the time is up: started_at plus sessions.settings.max_duration, plus extensions.';
comment on column public.interviews.submitted_at is 'When a session of it ended as completed; null until then.';
comment on column public.interviews.last_session_id is 'The session that was granted last.';


create table if not exists sessions.settings (
  is_the_row boolean primary key default true,
  lease interval not null default '5 minutes',
  heartbeat_every interval not null default '30 seconds',
  max_duration interval not null default '15 minutes',
  completing_grace interval not null default '15 minutes',
  history_retention interval not null default '90 days',
  reap_every interval not null default '60 seconds',
  takeover text not null default 'allowed',
  constraint there_is_one_row check (is_the_row),
  constraint all_are_positive check (
    least(lease, heartbeat_every, max_duration, completing_grace, history_retention, reap_every) > interval '0'
  ),
  constraint all_are_at_most_100_years check (
    greatest(lease, heartbeat_every, max_duration, completing_grace, history_retention, reap_every) <= interval '36525 days'
  ),
  constraint lease_survives_a_lost_heartbeat check (lease >= 2.5 * heartbeat_every),
  constraint history_is_kept_for_a_day check (history_retention >= interval '1 day'),
  constraint takeover_is_known check (takeover in ('allowed', 'refused'))
);

revoke all on table sessions.settings from public, anon, authenticated, service_role;
comment on table sessions.settings is
  'One row. A change applies from the next grant or heartbeat and never shortens a lease already given.';
comment on column sessions.settings.is_the_row is 'Always true: there is one row.';
comment on column sessions.settings.lease is 'How long a session stays live without a heartbeat.';
comment on column sessions.settings.heartbeat_every is 'How often a client should call heartbeat_session(). At most two fifths of the lease.';
comment on column sessions.settings.max_duration is 'How long an interview may last, from its first session on. Without an interview_id, how long a session may last.';
comment on column sessions.settings.completing_grace is 'How long a session may last from complete_session() on, at least.';
comment on column sessions.settings.history_retention is 'How long ended sessions and interviews are kept; at least a day. After that their ids may be used again.';
comment on column sessions.settings.reap_every is 'How often the schedule calls the reaper: session_health() measures the reaper by it.';
comment on column sessions.settings.takeover is 'allowed; refused: start_session() with takeover => true is refused like any other start.';


-- Keeps exactly one row in sessions.settings, and takes intervals in seconds: adding '1 day' to a timestamp would add
-- 25 hours where the clocks change. pg_dump and pg_restore must be able to replace the row that the migration wrote; they
-- are recognised by check_function_bodies = off, which their scripts set. This guards against mistakes, not against an
-- owner who sets that on purpose.
create or replace function sessions.keep_settings()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_restoring boolean := not current_setting('check_function_bodies')::boolean;
begin
  if tg_op in ('DELETE', 'TRUNCATE') and not v_restoring then
    raise restrict_violation using
      message = 'The row of sessions.settings cannot be removed.',
      hint = 'To restore a default: update sessions.settings set lease = default where is_the_row.';
  end if;
  if tg_op = 'DELETE' then
    return old;
  elsif tg_op = 'TRUNCATE' then
    return null;
  end if;

  -- A restore replaces the row that the migration wrote. Any other second row runs into the primary key.
  if tg_op = 'INSERT' and v_restoring then
    delete from sessions.settings s where s.is_the_row;
  end if;

  new.lease := make_interval(secs => extract(epoch from new.lease));
  new.heartbeat_every := make_interval(secs => extract(epoch from new.heartbeat_every));
  new.max_duration := make_interval(secs => extract(epoch from new.max_duration));
  new.completing_grace := make_interval(secs => extract(epoch from new.completing_grace));
  new.history_retention := make_interval(secs => extract(epoch from new.history_retention));
  new.reap_every := make_interval(secs => extract(epoch from new.reap_every));
  return new;
end
$$;

revoke all on function sessions.keep_settings() from public, anon, authenticated, service_role;
comment on function sessions.keep_settings() is
  'Trigger of sessions.settings: refuses to remove the row, lets a restore replace it, and stores intervals in seconds.';

create or replace trigger keep_row
  before insert or update or delete on sessions.settings
  for each row execute function sessions.keep_settings();
create or replace trigger keep_table
  before truncate on sessions.settings
  for each statement execute function sessions.keep_settings();
-- Also in a session with session_replication_role = replica.
alter table sessions.settings enable always trigger keep_row, enable always trigger keep_table;

insert into sessions.settings
select
where not exists (select from sessions.settings);


create or replace function sessions.current_settings()
returns sessions.settings
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row sessions.settings;
begin
  select * into v_row from sessions.settings;
  if not found then
    raise object_not_in_prerequisite_state using
      message = 'sessions.settings has no row. Nothing was changed.',
      hint = 'Apply the migrations of interview sessions again, or insert the row: insert into sessions.settings default values.';
  end if;
  -- `row is not null` is true only if no column is null.
  if not (v_row is not null) then
    raise object_not_in_prerequisite_state using
      message = 'sessions.settings has nulls. Nothing was changed.',
      hint = 'Set every column, for example: update sessions.settings set lease = default where is_the_row.';
  end if;

  return v_row;
end
$$;

revoke all on function sessions.current_settings() from public, anon, authenticated, service_role;
comment on function sessions.current_settings() is 'The settings in force. Fails if the row is missing or has nulls: no caller goes on with nulls.';


create table if not exists sessions.early_ends (
  user_id uuid not null references auth.users (id) on delete cascade,
  session_id text not null,
  ended_at timestamptz not null,
  primary key (user_id, session_id)
);

revoke all on table sessions.early_ends from public, anon, authenticated, service_role;
comment on table sessions.early_ends is
  'Calls of end_session() that arrived before the start_session() of their session: that start is refused. The latest ten of a user, so that a client cannot fill the table.';
comment on column sessions.early_ends.user_id is 'The user who called. The row is deleted with the user.';
comment on column sessions.early_ends.session_id is 'The id of the session that had not started.';
comment on column sessions.early_ends.ended_at is 'Time of the call.';


create table if not exists sessions.revocations (
  user_id uuid not null,
  session_id text not null,
  revoked_at timestamptz not null,
  revoked_by uuid,
  role text not null,
  note text,
  primary key (user_id, session_id),
  foreign key (user_id, session_id) references public.interview_session_history on delete cascade,
  constraint note_is_short check (char_length(note) <= 1000)
);

revoke all on table sessions.revocations from public, anon, authenticated, service_role;
comment on table sessions.revocations is
  'Who revoked which session, and why. For operators: no client role may read it.';
comment on column sessions.revocations.user_id is 'The user who held the session. The row is deleted with that of the history.';
comment on column sessions.revocations.session_id is 'The id of the session.';
comment on column sessions.revocations.revoked_at is 'When the session was revoked.';
comment on column sessions.revocations.revoked_by is 'The administrator, if the call was made for a user; null for a backend or a DBA.';
comment on column sessions.revocations.role is 'The role that called.';
comment on column sessions.revocations.note is 'The operator''s note.';


create table if not exists sessions.extensions (
  user_id uuid not null,
  interview_id text not null,
  id bigint not null generated always as identity,
  extended_at timestamptz not null,
  extended_by uuid,
  role text not null,
  extended interval not null,
  note text,
  primary key (user_id, interview_id, id),
  foreign key (user_id, interview_id) references public.interviews on delete cascade,
  constraint note_is_short check (char_length(note) <= 1000)
);

revoke all on table sessions.extensions from public, anon, authenticated, service_role;
revoke all on sequence sessions.extensions_id_seq from public, anon, authenticated, service_role;
comment on table sessions.extensions is
  'Who extended which interview, by how much, and why. For operators: no client role may read it.';
comment on column sessions.extensions.id is 'Tells apart the extensions of one interview.';
comment on column sessions.extensions.user_id is 'The user who is interviewed. The row is deleted with the interview.';
comment on column sessions.extensions.interview_id is 'The app''s id of the interview.';
comment on column sessions.extensions.extended_at is 'When the deadline was moved.';
comment on column sessions.extensions.extended_by is 'The administrator, if the call was made for a user; null for a backend or a DBA.';
comment on column sessions.extensions.role is 'The role that called.';
comment on column sessions.extensions.extended is 'By how much.';
comment on column sessions.extensions.note is 'The operator''s note.';


create table if not exists sessions.reap_failures (
  fence bigint primary key,
  user_id uuid not null,
  retry_at timestamptz not null
);

-- For the retries that are due.
create index if not exists reap_failures_retry_at on sessions.reap_failures (retry_at);

revoke all on table sessions.reap_failures from public, anon, authenticated, service_role;
comment on table sessions.reap_failures is
  'Stale sessions that the reaper could not move, because a trigger or a constraint of the app refuses it. They are tried again later, after those that never failed.';
comment on column sessions.reap_failures.fence is 'The fencing token of the session.';
comment on column sessions.reap_failures.user_id is 'The user who held the session.';
comment on column sessions.reap_failures.retry_at is 'When the reaper tries again. The row is deleted then, and written again if it fails again.';


create table if not exists sessions.reaper_runs (
  ran_at timestamptz not null,
  id bigint not null generated always as identity,
  ran_by text not null,
  reaped integer not null,
  failed integer not null,
  orphaned integer not null default 0,
  pruned integer not null,
  prunes_failed integer not null default 0,
  took interval not null,
  -- The time first: a restore without the sequence must not stop the reaper.
  primary key (ran_at, id)
);

revoke all on table sessions.reaper_runs from public, anon, authenticated, service_role;
revoke all on sequence sessions.reaper_runs_id_seq from public, anon, authenticated, service_role;
comment on table sessions.reaper_runs is
  'One row per call of reap_stale_sessions() that was not dry, also if it found nothing. Kept for a week.';
comment on column sessions.reaper_runs.ran_at is 'When the call began.';
comment on column sessions.reaper_runs.id is 'Tells apart two calls of the same instant.';
comment on column sessions.reaper_runs.ran_by is 'The role that called.';
comment on column sessions.reaper_runs.reaped is 'Stale sessions moved to the history.';
comment on column sessions.reaper_runs.failed is 'Stale sessions that could not be moved; the server log has one warning per call.';
comment on column sessions.reaper_runs.orphaned is 'Stale sessions removed without a history row, because their user no longer exists.';
comment on column sessions.reaper_runs.pruned is 'Rows past their retention that were deleted.';
comment on column sessions.reaper_runs.prunes_failed is 'How many of the two tables, the history and the interviews, could not be pruned; the server log says why.';
comment on column sessions.reaper_runs.took is 'Duration of the call.';


-- The first plan's rows. Its clients send no heartbeat, so each row gets the longest duration of a session, counted
-- from when it was last written: nobody's interview ends because of the upgrade, and crashed ones are reaped.
do $$
begin
  if to_regclass('sessions.first_plan') is not null then
    insert into public.active_interview_sessions (
      user_id, session_id, status, fence, created_at, updated_at, deadline_at, expires_at
    )
    select
      u.id,
      coalesce(nullif(left(regexp_replace(f.session_id::text, '[\u0001-\u001f\u007f-\u009f]', '', 'g'), 128), ''), gen_random_uuid()::text),
      case when f.status::text = 'completing' then 'completing' else 'active' end,
      nextval('sessions.fence'),
      t.last_written_at,
      t.last_written_at,
      t.last_written_at + s.max_duration,
      t.last_written_at + s.max_duration
    from sessions.first_plan f
    join auth.users u on u.id = f.user_id
    cross join sessions.settings s
    -- greatest() ignores nulls. The first plan's upsert left created_at as it was, so the later of the two counts. A
    -- time in the future would make a lease of any length.
    cross join lateral (
      select least(coalesce(greatest(f.created_at, f.updated_at), now())::timestamptz, now()) as last_written_at
    ) t;

    drop table sessions.first_plan;
  end if;
end
$$;


-- Fences that came with data but without the sequence (a restore, logical replication) would be granted again.
create or replace function sessions.lift_fence()
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_highest bigint := (
    select greatest(
      (select max(a.fence) from public.active_interview_sessions a),
      (select max(greatest(h.fence, h.ended_fence)) from public.interview_session_history h)
    )
  );
begin
  -- A sequence that was never drawn has the value 1.
  if v_highest > (select f.last_value - (not f.is_called)::integer from sessions.fence f) then
    perform setval('sessions.fence', v_highest);
  end if;

  return (select f.last_value from sessions.fence f);
end
$$;

revoke all on function sessions.lift_fence() from public, anon, authenticated, service_role;
comment on function sessions.lift_fence() is
  'Lifts the sequence of the fences above every fence in the tables and returns its value. Part of every migration; call it as postgres after a restore. Reads the whole history.';

do $$
begin
  perform sessions.lift_fence();
end
$$;


create or replace function sessions.version()
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return '0.0.0';
end
$$;

revoke all on function sessions.version() from public, anon, authenticated, service_role;
grant execute on function sessions.version() to authenticated, service_role;
comment on function sessions.version() is 'The installed version of interview sessions.';


-- What a client does with its session: start, heartbeat, complete, end. The contract of each function is the comment of
-- its wrapper in the chapter "API".
--
-- Functions called refuse_... raise an error and never return.
--
-- Three rules hold throughout:
-- 1. The clock is the server's, read after the row is locked: a call that waited is judged by when it got the lock.
-- 2. A stale row is over, whether or not it was reaped: no answer depends on the reaper. Likewise a row past its
--    retention is forgotten, whether or not it was pruned.
-- 3. Locks are taken in one order: the user in auth.users, an advisory lock that serialises the starts of the user, the
--    session, the interview, the history. Deleting a user takes the same order. A heartbeat that is the whole API request takes only
--    the session. lock_timeout is 1.1 s, a little more than deadlock_timeout, so that a deadlock has one victim. A row lock
--    that others already wait for takes two waits: for a place in the queue, then for the lock. So a start waits at most
--    2 for the user, 1 for the advisory lock, 2 for the session and 2 for the interview: 7.7 s, within the API's 8 s.
--
-- PL/pgSQL keeps its plans between calls. search_path names pg_temp last: an empty path would search it first, so that
-- a caller's own type could replace ours.


create or replace function sessions.refuse_caller()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise sqlstate 'PT401' using
    message = 'You are not signed in.',
    hint = 'Sign in again, and send that user''s access token with the call.';
end
$$;

revoke all on function sessions.refuse_caller() from public, anon, authenticated, service_role;
comment on function sessions.refuse_caller() is 'Raises PT401: the call has no user, or the user no longer exists.';


create or replace function sessions.refuse_argument(argument text, must text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise invalid_parameter_value using
    message = format('%s must be %s.', argument, must),
    detail = json_build_object('argument', argument),
    hint = 'Nothing was changed. Correct the argument and call again.';
end
$$;

revoke all on function sessions.refuse_argument(text, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_argument(text, text) is 'Raises 22023: which argument is invalid, and what it must be.';


create or replace function sessions.refuse_line(argument text, shortest integer, longest integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.refuse_argument(argument, format('%s to %s characters, none of them a control character', shortest, longest));
end
$$;

revoke all on function sessions.refuse_line(text, integer, integer) from public, anon, authenticated, service_role;
comment on function sessions.refuse_line(text, integer, integer) is 'Raises 22023: an argument for which sessions.is_line() is false.';


create or replace function sessions.lock_user(user_id uuid, wait boolean default true)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The row that a first start will insert cannot be locked yet; this can.
  v_starts bigint := hashtextextended('start_session ' || user_id, 0);
begin
  if not wait then
    perform from auth.users u where u.id = lock_user.user_id for key share skip locked;
    return found and pg_try_advisory_xact_lock(v_starts);
  end if;

  -- What the foreign keys would lock, but before the session is locked.
  perform from auth.users u where u.id = lock_user.user_id for key share;
  if not found then
    return false;
  end if;

  perform pg_advisory_xact_lock(v_starts);
  return true;
end
$$;

revoke all on function sessions.lock_user(uuid, boolean) from public, anon, authenticated, service_role;
comment on function sessions.lock_user(uuid, boolean) is
  'Until the transaction ends, keeps the user from being deleted and serialises start_session per user. False if there is no such user, or if another transaction has one of the locks and this one should not wait.';


create or replace function sessions.stale_reason(expires_at timestamptz, deadline_at timestamptz)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case when expires_at >= deadline_at then 'timed_out' else 'expired' end;
$$;

revoke all on function sessions.stale_reason(timestamptz, timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.stale_reason(timestamptz, timestamptz) is
  'Why a stale session is over: it reached its deadline (timed_out) or its heartbeats stopped (expired).';


create or replace function sessions.refuse_suppressed(relation regclass)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise object_not_in_prerequisite_state using
    message = format('A trigger on %s suppressed the write. Nothing was changed.', relation),
    hint = 'A BEFORE trigger that returns null does so. It must return the row or raise an error.';
end
$$;

revoke all on function sessions.refuse_suppressed(regclass) from public, anon, authenticated, service_role;
comment on function sessions.refuse_suppressed(regclass) is
  'Raises 55000: a trigger of the app skipped a write without an error. No function goes on as if it had been made.';


create or replace function sessions.retire(a public.active_interview_sessions, at timestamptz, end_reason text default null)
returns public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row public.interview_session_history;
begin
  delete from public.active_interview_sessions x where x.user_id = a.user_id;
  if not found then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  insert into public.interview_session_history (
    user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status, previous_session_id, interview_id
  )
  values (
    a.user_id, a.session_id, a.fence, a.device, a.created_at, a.updated_at,
    -- Not before its start, even if the clock was set back meanwhile.
    greatest(a.created_at, least(a.expires_at, at)),
    case when a.expires_at > at then retire.end_reason else sessions.stale_reason(a.expires_at, a.deadline_at) end,
    a.status, a.previous_session_id, a.interview_id
  )
  returning * into v_row;
  if not found then
    perform sessions.refuse_suppressed('public.interview_session_history');
  end if;

  return v_row;
end
$$;

revoke all on function sessions.retire(public.active_interview_sessions, timestamptz, text) from public, anon, authenticated, service_role;
comment on function sessions.retire(public.active_interview_sessions, timestamptz, text) is
  'Moves a session, whose row is locked, to the history: with this reason if it is live at that time, with the true one if it is stale.';


create or replace function sessions.refuse_over(
  session_id text,
  end_reason text,
  ended_at timestamptz,
  interview_id text default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise sqlstate 'PT410' using
    message = coalesce(sessions.end_reason_message(end_reason), 'There is no such interview session.'),
    detail = jsonb_build_object('session_id', session_id, 'end_reason', end_reason, 'ended_at', ended_at)
      || case when interview_id is null then '{}' else jsonb_build_object('interview_id', interview_id) end,
    hint = case
      when interview_id is null then 'Stop using this session_id. To continue, start a session with a new one.'
      else 'This interview_id is over. No session can be started for it.'
    end;
end
$$;

revoke all on function sessions.refuse_over(text, text, timestamptz, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_over(text, text, timestamptz, text) is
  'Raises PT410: this session, or with an interview_id this interview, is over; why and since when. Nulls: never known.';


create or replace function sessions.refuse_not_live(user_id uuid, session_id text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_kept_since timestamptz := v_now - (sessions.current_settings()).history_retention;
  v_end record;
begin
  -- The history is read before the user: deleting a user deletes both, and the session must not look unknown meanwhile.
  select e.end_reason, e.ended_at
  into v_end
  from (
    select h.end_reason, h.ended_at
    from public.interview_session_history h
    where h.user_id = refuse_not_live.user_id and h.session_id = refuse_not_live.session_id
    union all
    select sessions.stale_reason(a.expires_at, a.deadline_at), a.expires_at
    from public.active_interview_sessions a
    where a.user_id = refuse_not_live.user_id and a.session_id = refuse_not_live.session_id and a.expires_at <= v_now
    union all
    select 'disconnected', x.ended_at
    from sessions.early_ends x
    where x.user_id = refuse_not_live.user_id and x.session_id = refuse_not_live.session_id
  ) e
  where e.ended_at >= v_kept_since
  order by e.ended_at desc;

  if not exists (select from auth.users u where u.id = refuse_not_live.user_id) then
    perform sessions.refuse_caller();
  end if;
  if v_end.ended_at is null then
    perform sessions.check_snapshot(user_id, session_id);
  end if;

  perform sessions.refuse_over(session_id, v_end.end_reason, v_end.ended_at);
end
$$;

revoke all on function sessions.refuse_not_live(uuid, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_not_live(uuid, text) is
  'Raises PT410 for a session that is not live: how it ended, the same before it is reaped and after; PT401 if the user no longer exists.';


create or replace function sessions.refuse_held(a public.active_interview_sessions, at timestamptz, takeover text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_seconds bigint := ceil(extract(epoch from a.expires_at - at));
begin
  raise sqlstate 'PT409' using
    message = format('You already have an interview open%s.', ' on ' || nullif(a.device, '')),
    detail = json_build_object(
      'session_id', a.session_id,
      'device', a.device,
      'status', a.status,
      'created_at', a.created_at,
      'updated_at', a.updated_at,
      'expires_in', v_seconds
    ),
    hint = format(
      case takeover
        when 'allowed' then
          'Continue there, or call start_session again with takeover => true to end it and start here. Without a heartbeat it ends by itself in %s seconds.'
        else
          'Continue there. Takeover is not allowed: without a heartbeat it ends by itself in %s seconds, or an operator can end it.'
      end,
      v_seconds
    );
end
$$;

revoke all on function sessions.refuse_held(public.active_interview_sessions, timestamptz, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_held(public.active_interview_sessions, timestamptz, text) is
  'Raises PT409: another session is live; which, on which device, since when, for how many seconds more, and whether it can be taken over.';


create or replace function sessions.check_snapshot(user_id uuid, session_id text default '-', interview_id text default '-')
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('transaction_isolation') = 'read committed' then
    return;
  end if;

  -- No SELECT shows a row that was committed after the snapshot, but the indexes know it: inserting the same key fails
  -- with 40001, as `on conflict do nothing` does under such a snapshot. An insert that succeeds is undone.
  begin
    insert into public.active_interview_sessions (
      user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at
    )
    values (check_snapshot.user_id, check_snapshot.session_id, 0, now(), now(), now(), now())
    on conflict do nothing;
    insert into public.interview_session_history (
      user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status, ended_fence
    )
    values (check_snapshot.user_id, check_snapshot.session_id, 0, now(), now(), now(), 'cleared', 'active', 0)
    on conflict do nothing;
    insert into sessions.early_ends (user_id, session_id, ended_at)
    values (check_snapshot.user_id, check_snapshot.session_id, now())
    on conflict do nothing;
    insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
    values (check_snapshot.user_id, coalesce(check_snapshot.interview_id, '-'), now(), now(), '-')
    on conflict do nothing;
    raise sqlstate 'UNDO1';
  exception
    when sqlstate 'UNDO1' then
      null;
  end;
end
$$;

revoke all on function sessions.check_snapshot(uuid, text, text) from public, anon, authenticated, service_role;
comment on function sessions.check_snapshot(uuid, text, text) is
  'Under REPEATABLE READ and SERIALIZABLE, raises 40001 if this session or interview was written after the snapshot of the transaction was taken. READ COMMITTED sees it. The id - stands for none: then only the other tables are checked.';


create or replace function sessions.start_session(
  session_id text,
  takeover boolean default false,
  device text default null,
  interview_id text default null
)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_user uuid := auth.uid();
  v_settings sessions.settings := sessions.current_settings();
  v_row public.active_interview_sessions;
  v_interview public.interviews;
  v_end record;
  v_now timestamptz;
  v_kept_since timestamptz;
  v_deadline timestamptz;
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;
  if not sessions.is_line(device, 0, 200) then
    perform sessions.refuse_line('device', 0, 200);
  end if;
  if not sessions.is_line(interview_id, 1, 128) then
    perform sessions.refuse_line('interview_id', 1, 128);
  end if;
  if takeover is null then
    perform sessions.refuse_argument('takeover', 'true or false');
  end if;

  if not sessions.lock_user(v_user) then
    perform sessions.refuse_caller();
  end if;
  -- From here on a null v_row means that nothing is live, a null v_interview that the interview is new.
  select * into v_row from public.active_interview_sessions a where a.user_id = v_user for update;
  if interview_id is not null then
    select * into v_interview
    from public.interviews i
    where i.user_id = v_user and i.interview_id = start_session.interview_id
    for no key update;
  end if;
  v_now := clock_timestamp();
  v_kept_since := v_now - v_settings.history_retention;

  -- A retry of the call that started it.
  if v_row.session_id = start_session.session_id and v_row.expires_at > v_now then
    if interview_id is distinct from v_row.interview_id then
      perform sessions.refuse_argument('interview_id', 'that of the call that started this session');
    end if;
    return sessions.heartbeat_session(session_id);
  end if;

  -- A stale row goes to the history first: from here on it makes no difference whether the reaper has run.
  if v_row.expires_at <= v_now then
    perform sessions.retire(v_row, v_now);
    v_row := null;
  end if;

  select h.end_reason, h.ended_at
  into v_end
  from public.interview_session_history h
  where h.user_id = v_user and h.session_id = start_session.session_id
  union all
  select 'disconnected', e.ended_at
  from sessions.early_ends e
  where e.user_id = v_user and e.session_id = start_session.session_id
  order by ended_at desc;
  if v_end.ended_at < v_kept_since then
    -- Forgotten: the id may be used again, so the history must have room for it.
    delete from public.interview_session_history h where h.user_id = v_user and h.session_id = start_session.session_id;
  elsif v_end.ended_at is not null then
    perform sessions.refuse_over(session_id, v_end.end_reason, v_end.ended_at);
  end if;
  perform sessions.check_snapshot(v_user, session_id, interview_id);

  if v_interview.deadline_at < v_kept_since then
    -- Forgotten: treated as new. Its row is updated below, not replaced, since rows of the app may reference it.
    delete from sessions.extensions e where e.user_id = v_user and e.interview_id = start_session.interview_id;
    v_interview := null;
  elsif v_interview.submitted_at is not null then
    perform sessions.refuse_over(session_id, 'completed', v_interview.submitted_at, interview_id);
  elsif v_interview.deadline_at <= v_now then
    perform sessions.refuse_over(session_id, 'timed_out', v_interview.deadline_at, interview_id);
  end if;

  if v_row.user_id is not null then
    if not takeover or v_settings.takeover = 'refused' then
      perform sessions.refuse_held(v_row, v_now, v_settings.takeover);
    end if;
    perform sessions.retire(v_row, v_now, 'taken_over');
  end if;

  v_deadline := coalesce(v_interview.deadline_at, v_now + v_settings.max_duration);
  insert into public.active_interview_sessions (
    user_id, session_id, fence, device, created_at, updated_at, deadline_at, expires_at, previous_session_id, interview_id
  )
  values (
    v_user, start_session.session_id, nextval('sessions.fence'), start_session.device, v_now, v_now,
    v_deadline, least(v_now + v_settings.lease, v_deadline),
    case when start_session.interview_id is null then v_row.session_id else v_interview.last_session_id end,
    start_session.interview_id
  )
  returning * into v_row;
  if not found then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  if interview_id is not null then
    insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
    values (v_user, start_session.interview_id, v_now, v_deadline, start_session.session_id)
    on conflict on constraint interviews_pkey do update
    set
      started_at = coalesce(v_interview.started_at, excluded.started_at),
      deadline_at = excluded.deadline_at,
      submitted_at = null,
      last_session_id = excluded.last_session_id;
    if not found then
      perform sessions.refuse_suppressed('public.interviews');
    end if;
  end if;

  return v_row;
end
$$;

revoke all on function sessions.start_session(text, boolean, text, text) from public, anon, authenticated, service_role;
grant execute on function sessions.start_session(text, boolean, text, text) to authenticated;
comment on function sessions.start_session(text, boolean, text, text) is 'Implements public.start_session().';


create or replace function sessions.heartbeat_session(session_id text)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_user uuid := auth.uid();
  v_settings sessions.settings := sessions.current_settings();
  v_row public.active_interview_sessions;
  v_has_written boolean := pg_current_xact_id_if_assigned() is not null;
  v_expires_at timestamptz;
  v_now timestamptz;
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;

  if current_setting('request.path', true) = '/rpc/heartbeat_session' and not v_has_written then
    -- The whole request. The next heartbeat makes up for one that a crash of the server loses, so the commit need not
    -- wait for the disk.
    perform set_config('synchronous_commit', 'off', true);
  else
    -- Part of a larger transaction, which may end or start a session next, so take the locks that such a call needs, in
    -- order. But an earlier write may already hold the session (a foreign key or a trigger of the app that locks it):
    -- waiting for the user now would be the wrong order, and a deadlock with a start.
    perform sessions.lock_user(v_user, wait => not v_has_written);
  end if;

  select a.expires_at into v_expires_at
  from public.active_interview_sessions a
  where a.user_id = v_user and a.session_id = heartbeat_session.session_id
  for no key update;
  v_now := clock_timestamp();
  if not found or v_expires_at <= v_now then
    perform sessions.refuse_not_live(v_user, session_id);
  end if;

  update public.active_interview_sessions a
  set
    updated_at = v_now,
    -- Never back: a lease that was given is kept, also when the settings are shorter now.
    expires_at = greatest(a.expires_at, least(v_now + v_settings.lease, a.deadline_at))
  where a.user_id = v_user
  returning * into v_row;
  if not found then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  return v_row;
end
$$;

revoke all on function sessions.heartbeat_session(text) from public, anon, authenticated, service_role;
grant execute on function sessions.heartbeat_session(text) to authenticated;
comment on function sessions.heartbeat_session(text) is 'Implements public.heartbeat_session().';


create or replace function sessions.complete_session(session_id text)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_user uuid := auth.uid();
  v_settings sessions.settings := sessions.current_settings();
  v_row public.active_interview_sessions;
  v_now timestamptz;
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;

  if current_setting('request.path', true) is distinct from '/rpc/complete_session' then
    perform sessions.lock_user(v_user, wait => pg_current_xact_id_if_assigned() is null);
  end if;

  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = v_user and a.session_id = complete_session.session_id
  for no key update;
  v_now := clock_timestamp();
  if not found or v_row.expires_at <= v_now then
    perform sessions.refuse_not_live(v_user, session_id);
  end if;

  -- Only the first call moves the deadline, and never back. The deadline of the interview stays: a session that starts
  -- after a crash still ends by it.
  if v_row.status = 'active' then
    v_row.deadline_at := greatest(v_row.deadline_at, v_now + v_settings.completing_grace);
  end if;

  update public.active_interview_sessions a
  set
    status = 'completing',
    updated_at = v_now,
    deadline_at = v_row.deadline_at,
    expires_at = greatest(a.expires_at, least(v_now + v_settings.lease, v_row.deadline_at))
  where a.user_id = v_user
  returning * into v_row;
  if not found then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  return v_row;
end
$$;

revoke all on function sessions.complete_session(text) from public, anon, authenticated, service_role;
grant execute on function sessions.complete_session(text) to authenticated;
comment on function sessions.complete_session(text) is 'Implements public.complete_session().';


create or replace function sessions.end_session(session_id text, reason text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_user uuid := auth.uid();
  v_settings sessions.settings := sessions.current_settings();
  v_row public.active_interview_sessions;
  v_ended public.interview_session_history;
  v_now timestamptz;
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;
  if octet_length(reason) > 20 or reason not in ('completed', 'disconnected', 'cleared') then
    perform sessions.refuse_argument('reason', 'completed, disconnected, cleared or null');
  end if;

  -- Waits for a start of this session that is still under way.
  if not sessions.lock_user(v_user) then
    perform sessions.refuse_caller();
  end if;
  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = v_user and a.session_id = end_session.session_id
  for update;
  v_now := clock_timestamp();

  if found then
    v_ended := sessions.retire(
      v_row, v_now, coalesce(reason, case v_row.status when 'completing' then 'completed' else 'disconnected' end)
    );
    if v_ended.end_reason = 'completed' and v_ended.interview_id is not null then
      update public.interviews i
      set submitted_at = coalesce(i.submitted_at, v_now)
      where i.user_id = v_user and i.interview_id = v_ended.interview_id;
      -- Without a row it was pruned: its deadline had passed long before.
      if not found and exists (
        select from public.interviews i where i.user_id = v_user and i.interview_id = v_ended.interview_id
      ) then
        perform sessions.refuse_suppressed('public.interviews');
      end if;
    end if;
  else
    select * into v_ended
    from public.interview_session_history h
    where h.user_id = v_user and h.session_id = end_session.session_id;
  end if;

  if v_ended.ended_at >= v_now - v_settings.history_retention then
    return next v_ended;
  else
    perform sessions.check_snapshot(v_user, session_id);
    -- Never known, or forgotten. Its start may still be on its way, and is refused then.
    insert into sessions.early_ends (user_id, session_id, ended_at)
    values (v_user, end_session.session_id, v_now)
    on conflict on constraint early_ends_pkey do update set ended_at = excluded.ended_at;
    delete from sessions.early_ends e
    where e.user_id = v_user
      and e.session_id in (
        select o.session_id
        from sessions.early_ends o
        where o.user_id = v_user and o.session_id <> end_session.session_id
        order by o.ended_at desc
        offset 9
      );
  end if;
end
$$;

revoke all on function sessions.end_session(text, text) from public, anon, authenticated, service_role;
grant execute on function sessions.end_session(text, text) to authenticated;
comment on function sessions.end_session(text, text) is 'Implements public.end_session().';


-- What an app asks about a session before it writes to its own tables, in RLS policies and triggers.


create or replace function sessions.is_held(user_id uuid, session_id text, fence bigint, interview_id text)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
    from public.active_interview_sessions a
    where a.user_id = is_held.user_id
      and a.session_id = is_held.session_id
      and a.expires_at > clock_timestamp()
      and (is_held.fence is null or a.fence = is_held.fence)
      and (is_held.interview_id is null or a.interview_id = is_held.interview_id)
  );
end
$$;

revoke all on function sessions.is_held(uuid, text, bigint, text) from public, anon, authenticated, service_role;
comment on function sessions.is_held(uuid, text, bigint, text) is
  'Whether this is the user''s live session, of this fence and this interview if they are given. The callers check who may ask.';


create or replace function sessions.holds_session(session_id text, fence bigint default null, interview_id text default null)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.is_held(auth.uid(), session_id, fence, interview_id);
end
$$;

revoke all on function sessions.holds_session(text, bigint, text) from public, anon, authenticated, service_role;
grant execute on function sessions.holds_session(text, bigint, text) to authenticated;
comment on function sessions.holds_session(text, bigint, text) is 'Implements public.holds_session().';


-- What an operator does: ask whether a user holds a session, revoke it, extend an interview, reap stale sessions.
--
-- The reaper only keeps the live table small and the history complete. Whether it runs changes no answer.


create or replace function sessions.operator()
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- In a definer function current_user is its owner. The caller is in the setting that SET ROLE makes (the API's way),
  -- else in who logged in (psql's).
  v_role text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
begin
  if not pg_has_role(v_role, 'service_role', 'usage') then
    raise insufficient_privilege using
      message = format('The role %s may not operate interview sessions.', v_role),
      hint = 'Call with a secret key of the project (service_role), or as postgres.';
  end if;

  return v_role;
end
$$;

revoke all on function sessions.operator() from public, anon, authenticated, service_role;
comment on function sessions.operator() is
  'The role that is calling; 42501 unless it has the rights of service_role, as postgres does. A second check behind the grants.';


create or replace function sessions.user_holds_session(
  user_id uuid,
  session_id text,
  fence bigint default null,
  interview_id text default null
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.operator();
  return sessions.is_held(user_id, session_id, fence, interview_id);
end
$$;

revoke all on function sessions.user_holds_session(uuid, text, bigint, text) from public, anon, authenticated, service_role;
grant execute on function sessions.user_holds_session(uuid, text, bigint, text) to service_role;
comment on function sessions.user_holds_session(uuid, text, bigint, text) is 'Implements public.user_holds_session().';


create or replace function sessions.check_note(note text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(note) > 4000 or char_length(note) > 1000 then
    perform sessions.refuse_argument('note', 'at most 1000 characters');
  end if;
end
$$;

revoke all on function sessions.check_note(text) from public, anon, authenticated, service_role;
comment on function sessions.check_note(text) is 'Raises 22023 if this is too long for a note of an operator. Null passes.';


create or replace function sessions.revoke(user_id uuid, note text, role text)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row public.active_interview_sessions;
  v_ended public.interview_session_history;
  v_now timestamptz;
begin
  if user_id is null then
    perform sessions.refuse_argument('user_id', 'the id of a user');
  end if;
  perform sessions.check_note(note);

  perform from auth.users u where u.id = revoke.user_id for key share;
  if not found then
    -- The history references the user, so no row can be written there.
    delete from public.active_interview_sessions a where a.user_id = revoke.user_id;
    if found then
      raise warning 'The session of user % was removed without a history row: the user no longer exists.', user_id;
    end if;
    return;
  end if;

  -- Not the lock of the user's starts: revoking thousands at once would fill the lock table of the server. A takeover
  -- that was under way replaces the row while this waits for it; then look again.
  loop
    select * into v_row from public.active_interview_sessions a where a.user_id = revoke.user_id for update;
    exit when found or not exists (select from public.active_interview_sessions a where a.user_id = revoke.user_id);
  end loop;
  if v_row.user_id is null then
    perform sessions.check_snapshot(user_id);
  end if;

  v_now := clock_timestamp();
  if v_row.expires_at > v_now then
    v_ended := sessions.retire(v_row, v_now, 'revoked');
    insert into sessions.revocations (user_id, session_id, revoked_at, revoked_by, role, note)
    values (user_id, v_ended.session_id, v_now, auth.uid(), role, note);
    return next v_ended;
  end if;
end
$$;

revoke all on function sessions.revoke(uuid, text, text) from public, anon, authenticated, service_role;
comment on function sessions.revoke(uuid, text, text) is 'Ends a user''s live session as revoked, whoever asks; the callers check who may.';


create or replace function sessions.revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  return query select * from sessions.revoke(user_id, note, sessions.operator());
end
$$;

revoke all on function sessions.revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function sessions.revoke_session(uuid, text) to service_role;
comment on function sessions.revoke_session(uuid, text) is 'Implements public.revoke_session().';


create or replace function sessions.extend(user_id uuid, interview_id text, by interval, note text, role text)
returns setof public.interviews
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings sessions.settings := sessions.current_settings();
  v_seconds numeric := extract(epoch from by);
  v_by interval;
  v_extended integer := coalesce(nullif(current_setting('sessions.extended', true), '')::integer, 0) + 1;
  v_row public.active_interview_sessions;
  v_interview public.interviews;
  v_now timestamptz;
begin
  if user_id is null then
    perform sessions.refuse_argument('user_id', 'the id of a user');
  end if;
  if not sessions.is_line(coalesce(interview_id, ''), 1, 128) then
    perform sessions.refuse_line('interview_id', 1, 128);
  end if;
  if (v_seconds > 0 and v_seconds <= 365 * 86400) is not true then
    perform sessions.refuse_argument('by', 'an interval from 1 microsecond to 365 days');
  end if;
  v_by := make_interval(secs => v_seconds);
  perform sessions.check_note(note);
  -- Each extension holds a lock in the shared lock table until its transaction ends. The counter is a setting of the
  -- transaction.
  if v_extended > 500 then
    raise program_limit_exceeded using
      message = 'More than 500 interviews were extended in one transaction. Nothing was changed.',
      hint = 'Extend at most 500 at a time and commit in between.';
  end if;
  perform set_config('sessions.extended', v_extended::text, true);

  if not sessions.lock_user(user_id) then
    return;
  end if;
  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = extend.user_id and a.interview_id = extend.interview_id
  for no key update;
  perform from public.interviews i
  where i.user_id = extend.user_id and i.interview_id = extend.interview_id
  for no key update;
  v_now := clock_timestamp();

  update public.interviews i
  set deadline_at = i.deadline_at + v_by
  where i.user_id = extend.user_id
    and i.interview_id = extend.interview_id
    -- Past its retention it is forgotten, pruned or not.
    and i.deadline_at >= v_now - v_settings.history_retention
  returning * into v_interview;
  if not found then
    perform sessions.check_snapshot(user_id, interview_id => extend.interview_id);
    return;
  end if;

  -- Only a live session: the row of a stale one says how it ended.
  update public.active_interview_sessions a
  set
    deadline_at = greatest(a.deadline_at, v_interview.deadline_at),
    expires_at = greatest(
      a.expires_at,
      least(a.updated_at + v_settings.lease, greatest(a.deadline_at, v_interview.deadline_at))
    )
  where a.user_id = v_row.user_id and a.expires_at > v_now;
  if not found and v_row.expires_at > v_now then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  insert into sessions.extensions (user_id, interview_id, extended_at, extended_by, role, extended, note)
  values (user_id, interview_id, v_now, auth.uid(), role, v_by, note);
  return next v_interview;
end
$$;

revoke all on function sessions.extend(uuid, text, interval, text, text) from public, anon, authenticated, service_role;
comment on function sessions.extend(uuid, text, interval, text, text) is
  'Moves the deadline of an interview, whoever asks; the callers check who may.';


create or replace function sessions.extend_interview(user_id uuid, interview_id text, by interval, note text default null)
returns setof public.interviews
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  return query select * from sessions.extend(user_id, interview_id, by, note, sessions.operator());
end
$$;

revoke all on function sessions.extend_interview(uuid, text, interval, text) from public, anon, authenticated, service_role;
grant execute on function sessions.extend_interview(uuid, text, interval, text) to service_role;
comment on function sessions.extend_interview(uuid, text, interval, text) is 'Implements public.extend_interview().';


create or replace function sessions.retire_stale(user_ids uuid[])
returns public.interview_session_history[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_gone integer;
  v_ended public.interview_session_history[];
begin
  with gone as (
    delete from public.active_interview_sessions a where a.user_id = any (user_ids) returning *
  ),
  ended as (
    insert into public.interview_session_history as h (
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status, previous_session_id, interview_id
    )
    select
      g.user_id, g.session_id, g.fence, g.device, g.created_at, g.updated_at, greatest(g.created_at, g.expires_at),
      sessions.stale_reason(g.expires_at, g.deadline_at), g.status, g.previous_session_id, g.interview_id
    from gone g
    returning h as row
  )
  select (select count(*) from gone), array(select e.row from ended e) into v_gone, v_ended;

  if v_gone < cardinality(user_ids) then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;
  if cardinality(v_ended) < v_gone then
    perform sessions.refuse_suppressed('public.interview_session_history');
  end if;
  return v_ended;
end
$$;

revoke all on function sessions.retire_stale(uuid[]) from public, anon, authenticated, service_role;
comment on function sessions.retire_stale(uuid[]) is
  'Moves the stale sessions of these users, whose rows are locked, to the history in one statement: all of them, or an error.';


create or replace function sessions.pick_stale(batch_size integer, at timestamptz)
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_picked uuid[];
  v_due uuid[];
begin
  -- Skip what is locked: another call is busy with that session, and the next run sees the result. A row that a
  -- heartbeat renewed before it could be locked is checked again under the lock and left.
  v_picked := array(
    select a.user_id
    from public.active_interview_sessions a
    where a.expires_at <= at and not exists (select from sessions.reap_failures f where f.fence = a.fence)
    limit batch_size
    for update of a skip locked
  );

  -- What failed before comes last, and only a tenth of a batch of it. If it fails again, it is recorded again.
  with due as (
    delete from sessions.reap_failures f
    where f.fence = any (
      array(
        select d.fence
        from sessions.reap_failures d
        where d.retry_at <= at
        order by d.retry_at
        limit least(batch_size - cardinality(v_picked), ceil(batch_size / 10.0)::integer)
        for update skip locked
      )
    )
    returning f.user_id
  )
  select array_agg(due.user_id) into v_due from due;
  return v_picked || array(
    select a.user_id
    from public.active_interview_sessions a
    where a.user_id = any (v_due) and a.expires_at <= at
    for update skip locked
  );
end
$$;

revoke all on function sessions.pick_stale(integer, timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.pick_stale(integer, timestamptz) is
  'Locks at most batch_size sessions that were stale at that time and returns their users: first those that never failed, then those whose retry is due.';


create or replace function sessions.cannot_write(state text)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Classes 25 (transaction state: read-only) and 53 (resources: disk or memory full).
  return left(state, 2) in ('25', '53');
end
$$;

revoke all on function sessions.cannot_write(text) from public, anon, authenticated, service_role;
comment on function sessions.cannot_write(text) is
  'Whether an error of this SQLSTATE says that the server cannot write, whatever the row.';


create or replace function sessions.prune_history(kept_since timestamptz, at_most integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
-- By index, whatever the statistics say: they lag, and this runs every minute.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_picked tid[] := array(
    select p.ctid
    from public.interview_session_history p
    where p.ended_at < kept_since
      and p.ended_at < (select min(o.ended_at) from public.interview_session_history o) + interval '1 day'
    order by p.ended_at
    limit at_most
    for update skip locked
  );
  v_pruned integer;
begin
  delete from public.interview_session_history h where h.ctid = any (v_picked);
  get diagnostics v_pruned = row_count;
  if v_pruned < cardinality(v_picked) then
    perform sessions.refuse_suppressed('public.interview_session_history');
  end if;

  return v_pruned;
end
$$;

revoke all on function sessions.prune_history(timestamptz, integer) from public, anon, authenticated, service_role;
comment on function sessions.prune_history(timestamptz, integer) is
  'Deletes at most so many rows of the history that ended before, the oldest first and only of the oldest day. Returns how many.';


create or replace function sessions.prune_interviews(kept_since timestamptz, at_most integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_picked tid[] := array(
    select p.ctid
    from public.interviews p
    where p.deadline_at < kept_since
      and p.deadline_at < (select min(o.deadline_at) from public.interviews o) + interval '1 day'
    order by p.deadline_at
    limit at_most
    for update skip locked
  );
  v_pruned integer;
begin
  delete from public.interviews i where i.ctid = any (v_picked);
  get diagnostics v_pruned = row_count;
  if v_pruned < cardinality(v_picked) then
    perform sessions.refuse_suppressed('public.interviews');
  end if;

  return v_pruned;
end
$$;

revoke all on function sessions.prune_interviews(timestamptz, integer) from public, anon, authenticated, service_role;
comment on function sessions.prune_interviews(timestamptz, integer) is
  'Deletes at most so many interviews whose deadline was before, the oldest first and only of the oldest day. Returns how many.';


create or replace function sessions.reap_stale_sessions(batch_size integer default 1000, dry_run boolean default false)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_role text := sessions.operator();
  v_settings sessions.settings := sessions.current_settings();
  v_now timestamptz := clock_timestamp();
  v_picked uuid[];
  v_movable uuid[];
  v_chunk uuid[];
  v_user uuid;
  v_ended public.interview_session_history[] := array[]::public.interview_session_history[];
  v_failed uuid[] := array[]::uuid[];
  v_error text;
  v_orphaned integer := 0;
  v_kept_since timestamptz := v_now - v_settings.history_retention;
  v_pruned integer := 0;
  v_prunes_failed integer := 0;
begin
  if (batch_size between 1 and 10000) is not true then
    perform sessions.refuse_argument('batch_size', 'from 1 to 10000');
  end if;
  if dry_run is null then
    perform sessions.refuse_argument('dry_run', 'true or false');
  end if;

  if dry_run then
    return query
      select
        a.user_id, a.session_id, a.fence, a.device, a.created_at, a.updated_at, a.expires_at,
        sessions.stale_reason(a.expires_at, a.deadline_at), a.status, a.previous_session_id,
        -- The last is ended_fence, which is drawn when the session is moved.
        a.expires_at - a.created_at, a.interview_id, null::bigint
      from public.active_interview_sessions a
      where a.expires_at <= v_now
      limit batch_size;
    return;
  end if;

  if current_setting('request.path', true) = '/rpc/reap_stale_sessions' and pg_current_xact_id_if_assigned() is null then
    -- The whole request. What a crash of the server loses, the next run does again; the disk is left to live traffic.
    perform set_config('synchronous_commit', 'off', true);
  end if;

  -- Check deferred constraints now and from here on: one that the caller has violated is the caller's error, and one that
  -- a session violates must fail in the statement that moves it, not at the commit, where it would undo the whole run.
  set constraints all immediate;

  -- 1. Pick. Users who are being deleted are skipped; their sessions go with them.
  v_picked := sessions.pick_stale(batch_size, v_now);
  v_movable := array(select u.id from auth.users u where u.id = any (v_picked) for key share skip locked);

  -- 2. Move, in chunks: an error in one statement undoes it, so find out which sessions of the chunk cannot be moved, and
  -- move the others. If triggers of the app make this slow, keep what was done before the caller's statement_timeout
  -- undoes it; the next run goes on.
  for v_first in 1 .. cardinality(v_movable) by 50 loop
    exit when clock_timestamp() > v_now + interval '3 seconds';
    v_chunk := v_movable[v_first : v_first + 49];
    begin
      v_ended := v_ended || sessions.retire_stale(v_chunk);
    exception
      when assert_failure or others then
        if sessions.cannot_write(sqlstate) then
          raise;
        end if;
        foreach v_user in array v_chunk loop
          begin
            v_ended := v_ended || sessions.retire_stale(array[v_user]);
          exception
            when assert_failure or others then
              if sessions.cannot_write(sqlstate) then
                raise;
              end if;
              v_failed := v_failed || v_user;
              v_error := coalesce(v_error, format('%s (%s)', sqlerrm, sqlstate));
          end;
          exit when clock_timestamp() > v_now + interval '3 seconds';
        end loop;
    end;
  end loop;

  -- 3. Remove those without a user.
  begin
    delete from public.active_interview_sessions a
    where a.user_id = any (v_picked) and not exists (select from auth.users u where u.id = a.user_id);
    get diagnostics v_orphaned = row_count;
  exception
    when assert_failure or others then
      v_error := coalesce(v_error, format('%s (%s)', sqlerrm, sqlstate));
  end;
  v_failed := v_failed || array(
    select a.user_id
    from public.active_interview_sessions a
    where a.user_id = any (v_picked) and not exists (select from auth.users u where u.id = a.user_id)
  );
  if v_orphaned > 0 then
    raise warning '% stale sessions were removed without a history row: their users no longer exist.', v_orphaned
      using hint = 'They were deleted with foreign keys switched off (session_replication_role = replica).';
  end if;

  -- 4. Record the failures.
  if v_failed <> '{}' then
    raise warning '% stale sessions could not be reaped. The first: user %: %',
      cardinality(v_failed), v_failed[1], coalesce(v_error, 'a trigger suppressed the write')
      using hint = 'Remove the cause. They are tried again later and do not hold up others.';
    -- Wait as long again as the session has been overdue: from 2 minutes up to a day.
    insert into sessions.reap_failures (fence, user_id, retry_at)
    select a.fence, a.user_id, v_now + least(greatest(v_now - a.expires_at, interval '2 minutes'), interval '1 day')
    from public.active_interview_sessions a
    where a.user_id = any (v_failed)
    on conflict on constraint reap_failures_pkey do update set retry_at = excluded.retry_at;
  end if;

  -- 5. Prune, but not at a time that no earlier run confirms: a clock that is wrong for a moment must not empty the
  -- history. For the same reason each call prunes only the oldest day.
  if not coalesce(
    (select max(r.ran_at) from sessions.reaper_runs r where r.ran_at <= v_now) < v_now - interval '1 day', false
  ) then
    begin
      v_pruned := sessions.prune_history(v_kept_since, batch_size);
    exception
      when assert_failure or others then
        v_prunes_failed := 1;
        raise warning 'The history could not be pruned: % (%)', sqlerrm, sqlstate;
    end;
    begin
      v_pruned := v_pruned + sessions.prune_interviews(v_kept_since, batch_size);
    exception
      when assert_failure or others then
        v_prunes_failed := v_prunes_failed + 1;
        raise warning 'The interviews could not be pruned: % (%)', sqlerrm, sqlstate;
    end;
  end if;

  -- 6. Record the run.
  insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, orphaned, pruned, prunes_failed, took)
  values (
    v_now, v_role, cardinality(v_ended), cardinality(v_failed), v_orphaned, v_pruned, v_prunes_failed, clock_timestamp() - v_now
  );
  delete from sessions.reaper_runs r
  where r.ctid = any (
    array(
      select o.ctid
      from sessions.reaper_runs o
      where o.ran_at < v_now - interval '7 days'
      limit batch_size
      for update skip locked
    )
  );

  return query select * from unnest(v_ended);
end
$$;

revoke all on function sessions.reap_stale_sessions(integer, boolean) from public, anon, authenticated, service_role;
grant execute on function sessions.reap_stale_sessions(integer, boolean) to service_role;
comment on function sessions.reap_stale_sessions(integer, boolean) is 'Implements public.reap_stale_sessions().';


-- What an operator sees: whether the promises hold, and whether the reaper runs.


create or replace function sessions.overlapping_sessions(since timestamptz default '-infinity', at_most bigint default null)
returns table (user_id uuid, session_id text, started_at timestamptz, earlier_ended_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
-- By index, whatever the statistics say: session_health() asks every minute for a small part of a large history.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
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
$$;

revoke all on function sessions.overlapping_sessions(timestamptz, bigint) from public, anon, authenticated, service_role;
comment on function sessions.overlapping_sessions(timestamptz, bigint) is
  'The sessions that were granted while an earlier session of the same user was live, among the latest at_most (null: all) that ended since then and the live ones of their users. No rows: no user ever had two live sessions.';


do $$
begin
  if to_regtype('public.interview_session_health') is null then
    create type public.interview_session_health as (
      status text,
      reason text,
      live bigint,
      completing bigint,
      stale bigint,
      oldest_stale_age interval,
      last_reap_at timestamptz,
      last_reap_age interval,
      last_reap_failed integer,
      reaped_last_hour bigint,
      reaped_last_day bigint,
      ended_last_day jsonb,
      history_rows bigint,
      active_table_bytes bigint,
      history_table_bytes bigint,
      overlaps_found bigint
    );
  end if;
end
$$;
comment on type public.interview_session_health is 'The row of session_health().';
revoke all on type public.interview_session_health from public, anon, authenticated, service_role;
grant usage on type public.interview_session_health to authenticated, service_role;


create or replace function sessions.unexpected_grants()
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    with grantee as (
      select r.oid, r.rolname from pg_catalog.pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role')
    ),
    relation as (
      select c.oid, c.relkind, c.relnamespace = 'sessions'::regnamespace as is_internal
      from pg_catalog.pg_class c
      where c.relkind in ('r', 'S') and c.relnamespace = 'sessions'::regnamespace
        or c.oid in (
          'public.active_interview_sessions'::regclass, 'public.interview_session_history'::regclass, 'public.interviews'::regclass
        )
    ),
    -- A function with a wrapper is for users or for service_role, and so is the wrapper; the others are for nobody, and
    -- version() for everybody.
    routine as (
      select
        p.oid, w.oid as wrapper,
        case
          when w.oid is null then 'nobody'
          when p.proname in ('user_holds_session', 'revoke_session', 'extend_interview', 'reap_stale_sessions', 'session_health')
            then 'service_role'
          else 'authenticated'
        end as caller
      from pg_catalog.pg_proc p
      -- The app may have functions of these names, too.
      left join pg_catalog.pg_proc w on w.pronamespace = 'public'::regnamespace
        and w.proname = p.proname and w.proargtypes = p.proargtypes and strpos(w.prosrc, 'sessions.' || p.proname || '(') > 0
      where p.pronamespace = 'sessions'::regnamespace and p.proname <> 'version'
    ),
    unexpected as (
      select g.rolname, r.oid::regclass::text as object
      from grantee g
      cross join relation r
      where case r.relkind
        when 'S' then has_sequence_privilege(g.oid, r.oid, 'usage, select, update')
        else has_table_privilege(g.oid, r.oid, 'delete, truncate, trigger')
          or has_any_column_privilege(g.oid, r.oid, 'insert, update, references')
          or has_any_column_privilege(g.oid, r.oid, 'select') and (r.is_internal or g.rolname = 'anon')
      end
      union all
      select g.rolname, o.oid::regprocedure::text
      from grantee g
      cross join routine f
      cross join unnest(array[f.oid, f.wrapper]) o (oid)
      where has_function_privilege(g.oid, o.oid, 'execute') and g.rolname <> f.caller
      union all
      select g.rolname, 'schema sessions'
      from grantee g
      where has_schema_privilege(g.oid, 'sessions', 'create') or g.rolname = 'anon' and has_schema_privilege(g.oid, 'sessions', 'usage')
    )
    select string_agg(format('%s on %s', u.rolname, u.object), ', ' order by u.rolname, u.object)
    from unexpected u
  );
end
$$;

revoke all on function sessions.unexpected_grants() from public, anon, authenticated, service_role;
comment on function sessions.unexpected_grants() is
  'The API roles that have more on our tables, sequences and functions than the migrations grant, as "role on object"; null if none has.';


create or replace function sessions.health()
returns public.interview_session_health
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_row public.interview_session_health;
  v_every interval;
  v_stuck bigint;
  v_prunes_failed integer;
  v_history regclass;
  v_fence_used bigint;
  v_fence bigint;
  v_grants text;
  v_unprotected text;
begin
  v_every := (sessions.current_settings()).reap_every;

  select
    count(*) filter (where a.expires_at > v_now),
    count(*) filter (where a.expires_at > v_now and a.status = 'completing'),
    count(*) filter (where a.expires_at <= v_now),
    v_now - min(a.expires_at) filter (where a.expires_at <= v_now),
    count(f.fence),
    max(a.fence)
  into v_row.live, v_row.completing, v_row.stale, v_row.oldest_stale_age, v_stuck, v_fence_used
  from public.active_interview_sessions a
  left join sessions.reap_failures f on f.fence = a.fence;

  -- A run in the future is one of a wrong clock: it must not hide that the reaper has stopped.
  select r.ran_at, v_now - r.ran_at, r.failed, r.prunes_failed
  into v_row.last_reap_at, v_row.last_reap_age, v_row.last_reap_failed, v_prunes_failed
  from sessions.reaper_runs r
  where r.ran_at <= v_now
  order by r.ran_at desc, r.id desc
  limit 1;

  select
    coalesce(sum(r.reaped) filter (where r.ran_at > v_now - interval '1 hour'), 0),
    coalesce(sum(r.reaped), 0)
  into v_row.reaped_last_hour, v_row.reaped_last_day
  from sessions.reaper_runs r
  where r.ran_at > v_now - interval '1 day' and r.ran_at <= v_now;

  -- Of the history only the latest 10 000 rows are read, by index, so that its size does not matter.
  with latest as (
    select h.end_reason, h.ended_at, h.fence, h.ended_fence
    from public.interview_session_history h
    order by h.ended_at desc
    limit 10000
  ),
  last_day as (
    select l.end_reason, count(*) as sessions from latest l where l.ended_at between v_now - interval '1 day' and v_now group by l.end_reason
  )
  select
    greatest(v_fence_used, max(l.fence), max(l.ended_fence)),
    (select coalesce(jsonb_object_agg(d.end_reason, d.sessions), '{}') from last_day d)
  into v_fence_used, v_row.ended_last_day
  from latest l;

  v_row.overlaps_found := (select count(*) from sessions.overlapping_sessions(v_now - interval '7 days', 10000));

  v_history := 'public.interview_session_history';
  v_row.history_rows := (
    select case when c.reltuples < 0 then pg_stat_get_live_tuples(c.oid) else c.reltuples::bigint end
    from pg_catalog.pg_class c
    where c.oid = v_history
  );
  v_row.active_table_bytes := pg_total_relation_size('public.active_interview_sessions');
  v_row.history_table_bytes := pg_total_relation_size(v_history);
  -- A new sequence has the value 1 before it was drawn.
  select f.last_value - (not f.is_called)::integer into strict v_fence from sessions.fence f;
  v_grants := sessions.unexpected_grants();
  v_unprotected := (
    select string_agg(c.oid::regclass::text, ', ' order by c.relname)
    from pg_catalog.pg_class c
    where c.oid in (
        'public.active_interview_sessions'::regclass, 'public.interview_session_history'::regclass, 'public.interviews'::regclass
      )
      and not c.relrowsecurity
  );

  -- The worst first. Critical after ten missed intervals: 10 x 60 s, plus the lease of 5 minutes, are the promised 15.
  case
    when v_row.overlaps_found > 0 then
      v_row.status := 'critical';
      v_row.reason := format(
        '%s of the latest sessions started while another of the same user was live: see sessions.overlapping_sessions().',
        v_row.overlaps_found
      );
    when v_fence < v_fence_used then
      v_row.status := 'critical';
      v_row.reason := format(
        'The next fence would be %s, but %s was already used: fences must only grow. Run: select sessions.lift_fence();',
        v_fence + 1, v_fence_used
      );
    when current_setting('default_transaction_read_only')::boolean or pg_is_in_recovery() then
      v_row.status := 'critical';
      v_row.reason := 'The database is read-only: no session can be started or renewed. Check the disk space of the project.';
    when v_grants is not null then
      v_row.status := 'critical';
      v_row.reason := format('API roles have privileges that the migrations do not grant: %s. Apply the migrations again.', v_grants);
    when v_unprotected is not null then
      v_row.status := 'critical';
      v_row.reason := format('Row level security is off: every user reads all rows of %s. Apply the migrations again.', v_unprotected);
    when v_row.oldest_stale_age > 10 * v_every and v_stuck > 0 then
      v_row.status := 'critical';
      v_row.reason := format(
        '%s stale sessions cannot be reaped, the oldest for %s; their users cannot start. The server log says why.',
        v_stuck, date_trunc('second', v_row.oldest_stale_age)
      );
    when v_row.oldest_stale_age > 10 * v_every then
      v_row.status := 'critical';
      v_row.reason := format(
        'A session that was over %s ago has not been cleaned up; the reaper last ran %s. Check the schedule that calls it.',
        date_trunc('second', v_row.oldest_stale_age), coalesce(date_trunc('second', v_row.last_reap_age) || ' ago', 'never')
      );
    when v_row.last_reap_age > 10 * v_every then
      v_row.status := 'critical';
      v_row.reason := format(
        'The reaper last ran %s ago; it should run every %s. Check the schedule that calls it.',
        date_trunc('second', v_row.last_reap_age), v_every
      );
    when v_row.last_reap_age is null then
      v_row.status := 'warning';
      v_row.reason := 'The reaper has never run. Set up the schedule that calls it.';
    when v_row.last_reap_age > 3 * v_every then
      v_row.status := 'warning';
      v_row.reason := format('The reaper last ran %s ago; it should run every %s.', date_trunc('second', v_row.last_reap_age), v_every);
    when v_row.last_reap_failed > 0 then
      v_row.status := 'warning';
      v_row.reason := format('The last run could not reap %s sessions; the server log says why.', v_row.last_reap_failed);
    when v_stuck > 0 then
      v_row.status := 'warning';
      v_row.reason := format('%s stale sessions could not be reaped and are tried again later; the server log says why.', v_stuck);
    when v_prunes_failed > 0 then
      v_row.status := 'warning';
      v_row.reason := 'The last run could not prune old rows; the server log says why.';
    else
      v_row.status := 'ok';
      v_row.reason := format('The reaper ran %s ago, and nothing is overdue.', date_trunc('second', v_row.last_reap_age));
  end case;

  return v_row;
exception
  when others then
    -- Never ok with a figure missing.
    v_row.status := 'critical';
    v_row.reason := format('The health could not be determined: %s (%s)', sqlerrm, sqlstate);
    return v_row;
end
$$;

revoke all on function sessions.health() from public, anon, authenticated, service_role;
comment on function sessions.health() is 'Measures the health, whoever asks; the callers check who may.';


create or replace function sessions.session_health()
returns setof public.interview_session_health
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.operator();
  return next sessions.health();
end
$$;

revoke all on function sessions.session_health() from public, anon, authenticated, service_role;
grant execute on function sessions.session_health() to service_role;
comment on function sessions.session_health() is 'Implements public.session_health().';


-- The API: everything that can be called, and by whom. The wrappers run with the caller's own rights; the functions of
-- the same names in the schema sessions do the work. PL/pgSQL keeps its plans; an SQL function that sets a search_path
-- cannot be inlined and would be planned at every request.


create or replace function public.start_session(
  session_id text,
  takeover boolean default false,
  device text default null,
  interview_id text default null
)
returns public.active_interview_sessions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.start_session(session_id, takeover, device, interview_id);
end
$$;

revoke all on function public.start_session(text, boolean, text, text) from public, anon, authenticated, service_role;
grant execute on function public.start_session(text, boolean, text, text) to authenticated;
comment on function public.start_session(text, boolean, text, text) is
  'Starts the caller''s interview session and returns it. The same session_id again returns the same session with a renewed lease. If another session is live, PT409 says which; with takeover it is ended as taken_over, unless sessions.settings.takeover is refused. A session_id that has ended is refused with PT410. With an interview_id (the app''s id of the attempt) all sessions of that interview share one deadline, and previous_session_id is the last of them; PT410 if its time is up or it was submitted.';


create or replace function public.heartbeat_session(session_id text)
returns public.active_interview_sessions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.heartbeat_session(session_id);
end
$$;

revoke all on function public.heartbeat_session(text) from public, anon, authenticated, service_role;
grant execute on function public.heartbeat_session(text) to authenticated;
comment on function public.heartbeat_session(text) is
  'Renews the lease of the caller''s live session and returns it; the time left is expires_at - updated_at. If it is over, PT410 says why, and nothing is written. Commits asynchronously if it is the whole API request.';


create or replace function public.complete_session(session_id text)
returns public.active_interview_sessions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.complete_session(session_id);
end
$$;

revoke all on function public.complete_session(text) from public, anon, authenticated, service_role;
grant execute on function public.complete_session(text) to authenticated;
comment on function public.complete_session(text) is
  'Marks the caller''s live session as completing, which gives it at least sessions.settings.completing_grace to submit, and returns it. Again: a heartbeat. If it is over, PT410 says why.';


create or replace function public.end_session(session_id text, reason text default null)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.end_session(session_id, reason);
end
$$;

revoke all on function public.end_session(text, text) from public, anon, authenticated, service_role;
grant execute on function public.end_session(text, text) to authenticated;
comment on function public.end_session(text, text) is
  'Ends the caller''s session of this id and returns how it ended. reason: completed, disconnected, cleared, or null for completed if it was completing and disconnected if not. Already over: how it ended. Never known: no row, and a start of it that arrives later is refused.';


create or replace function public.holds_session(session_id text, fence bigint default null, interview_id text default null)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.holds_session(session_id, fence, interview_id);
end
$$;

revoke all on function public.holds_session(text, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.holds_session(text, bigint, text) to authenticated;
comment on function public.holds_session(text, bigint, text) is
  'Whether this is the caller''s live session; with a fence, whether it is this very grant; with an interview_id, whether it is a session of that interview. For RLS policies and triggers of the app''s own tables.';


create or replace function public.user_holds_session(
  user_id uuid,
  session_id text,
  fence bigint default null,
  interview_id text default null
)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.user_holds_session(user_id, session_id, fence, interview_id);
end
$$;

revoke all on function public.user_holds_session(uuid, text, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.user_holds_session(uuid, text, bigint, text) to service_role;
comment on function public.user_holds_session(uuid, text, bigint, text) is
  'What holds_session() answers to this user. For backends with a secret key.';


create or replace function public.revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.revoke_session(user_id, note);
end
$$;

revoke all on function public.revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.revoke_session(uuid, text) to service_role;
comment on function public.revoke_session(uuid, text) is
  'Ends a user''s live session as revoked and returns how it ended. The note, of at most 1000 characters, goes to sessions.revocations, which only operators see. No live session: no row. For operators.';


create or replace function public.extend_interview(user_id uuid, interview_id text, by interval, note text default null)
returns setof public.interviews
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.extend_interview(user_id, interview_id, by, note);
end
$$;

revoke all on function public.extend_interview(uuid, text, interval, text) from public, anon, authenticated, service_role;
grant execute on function public.extend_interview(uuid, text, interval, text) to service_role;
comment on function public.extend_interview(uuid, text, interval, text) is
  'Moves the deadline of a user''s interview, and of its live session, by this interval and returns the interview. Works after the deadline, too; a submitted interview stays submitted. No such interview: no row. At most 500 per transaction. For operators.';


create or replace function public.reap_stale_sessions(batch_size integer default 1000, dry_run boolean default false)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.reap_stale_sessions(batch_size, dry_run);
end
$$;

revoke all on function public.reap_stale_sessions(integer, boolean) from public, anon, authenticated, service_role;
grant execute on function public.reap_stale_sessions(integer, boolean) to service_role;
comment on function public.reap_stale_sessions(integer, boolean) is
  'Moves one batch of stale sessions, from 1 to 10000, to the history and returns them; call again while it returns rows. Sessions that cannot be moved do not hold up others. Also prunes. dry_run shows what would be moved and changes nothing. For operators and the schedule.';


create or replace function public.session_health()
returns setof public.interview_session_health
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.session_health();
end
$$;

revoke all on function public.session_health() from public, anon, authenticated, service_role;
grant execute on function public.session_health() to service_role;
comment on function public.session_health() is
  'One row: ok, warning or critical and why; live, completing and stale sessions; when the reaper last ran and what it did; how sessions ended in the last day and overlaps in the last week, both among the latest 10 000 ended sessions; sizes, with the estimated number of rows of the history. For operators and alarms.';


-- Tells PostgREST to reload its schema cache.
notify pgrst, 'reload schema';


-- What an admin page needs: the operator's view, for users whose token has app_metadata.session_admin, which only the
-- secret key can set. No other chapter knows that claim. Leave this chapter out if nobody administers from a browser.


create or replace function sessions.check_administrator()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if (auth.jwt() -> 'app_metadata' -> 'session_admin') is distinct from 'true' then
    raise insufficient_privilege using
      message = 'You are not an administrator of interview sessions.',
      hint = 'Sign in as a user with "session_admin": true in app_metadata.';
  end if;
end
$$;

revoke all on function sessions.check_administrator() from public, anon, authenticated, service_role;
comment on function sessions.check_administrator() is
  'Raises 42501 unless the call is made for a user whose token has app_metadata.session_admin: true.';


create or replace function sessions.admin_live_sessions()
returns table (
  user_id uuid,
  email text,
  session_id text,
  device text,
  status text,
  created_at timestamptz,
  updated_at timestamptz,
  age_seconds integer,
  seconds_left integer
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  perform sessions.check_administrator();

  return query
    select
      a.user_id, u.email::text, a.session_id, a.device, a.status, a.created_at, a.updated_at,
      -- Not negative, even if the clock was set back meanwhile.
      least(greatest(extract(epoch from v_now - a.created_at), 0), 2147483647)::integer,
      least(extract(epoch from a.expires_at - v_now), 2147483647)::integer
    from public.active_interview_sessions a
    join auth.users u on u.id = a.user_id
    order by a.expires_at
    limit 1000;
end
$$;

revoke all on function sessions.admin_live_sessions() from public, anon, authenticated, service_role;
grant execute on function sessions.admin_live_sessions() to authenticated;
comment on function sessions.admin_live_sessions() is 'Implements public.admin_live_sessions().';


create or replace function sessions.admin_ended_sessions(since timestamptz, bucket interval default '1 hour')
returns table (
  ended_from timestamptz,
  end_reason text,
  sessions bigint,
  median_seconds double precision,
  longest_seconds double precision
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.check_administrator();
  if since is null then
    perform sessions.refuse_argument('since', 'a timestamp');
  end if;
  if bucket is null or bucket not between interval '1 minute' and interval '7 days' then
    perform sessions.refuse_argument('bucket', 'from 1 minute to 7 days');
  end if;

  return query
    select
      -- In seconds: date_bin() takes no months.
      date_bin(make_interval(secs => extract(epoch from bucket)), h.ended_at, timestamptz '2000-01-01') as ended_from,
      h.end_reason,
      count(*),
      percentile_cont(0.5) within group (order by extract(epoch from h.duration)::double precision),
      max(extract(epoch from h.duration)::double precision)
    from public.interview_session_history h
    where h.ended_at >= since
    group by 1, 2
    order by 1, 2;
end
$$;

revoke all on function sessions.admin_ended_sessions(timestamptz, interval) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_ended_sessions(timestamptz, interval) to authenticated;
comment on function sessions.admin_ended_sessions(timestamptz, interval) is 'Implements public.admin_ended_sessions().';


create or replace function sessions.admin_session_health()
returns setof public.interview_session_health
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.check_administrator();
  return next sessions.health();
end
$$;

revoke all on function sessions.admin_session_health() from public, anon, authenticated, service_role;
grant execute on function sessions.admin_session_health() to authenticated;
comment on function sessions.admin_session_health() is 'Implements public.admin_session_health().';


create or replace function sessions.admin_revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  perform sessions.check_administrator();
  return query select * from sessions.revoke(user_id, note, 'authenticated');
end
$$;

revoke all on function sessions.admin_revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_revoke_session(uuid, text) to authenticated;
comment on function sessions.admin_revoke_session(uuid, text) is 'Implements public.admin_revoke_session().';


-- The wrappers, which the API exposes.


create or replace function public.admin_live_sessions()
returns table (
  user_id uuid,
  email text,
  session_id text,
  device text,
  status text,
  created_at timestamptz,
  updated_at timestamptz,
  age_seconds integer,
  seconds_left integer
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_live_sessions();
end
$$;

revoke all on function public.admin_live_sessions() from public, anon, authenticated, service_role;
grant execute on function public.admin_live_sessions() to authenticated;
comment on function public.admin_live_sessions() is
  'All users'' live and stale sessions (seconds_left is negative for stale ones), those that end soonest first, at most 1000. For administrators.';


create or replace function public.admin_ended_sessions(since timestamptz, bucket interval default '1 hour')
returns table (
  ended_from timestamptz,
  end_reason text,
  sessions bigint,
  median_seconds double precision,
  longest_seconds double precision
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_ended_sessions(since, bucket);
end
$$;

revoke all on function public.admin_ended_sessions(timestamptz, interval) from public, anon, authenticated, service_role;
grant execute on function public.admin_ended_sessions(timestamptz, interval) to authenticated;
comment on function public.admin_ended_sessions(timestamptz, interval) is
  'How many sessions ended since then, by end reason and by bucket (from 1 minute to 7 days), with the median and the longest duration in seconds. For administrators.';


create or replace function public.admin_session_health()
returns setof public.interview_session_health
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_session_health();
end
$$;

revoke all on function public.admin_session_health() from public, anon, authenticated, service_role;
grant execute on function public.admin_session_health() to authenticated;
comment on function public.admin_session_health() is
  'What session_health() returns. For administrators.';


create or replace function public.admin_revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_revoke_session(user_id, note);
end
$$;

revoke all on function public.admin_revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.admin_revoke_session(uuid, text) to authenticated;
comment on function public.admin_revoke_session(uuid, text) is
  'Ends a user''s live session as revoked and returns how it ended. The note and the administrator''s id go to sessions.revocations. No live session: no row. For administrators.';


-- Tells PostgREST to reload its schema cache.
notify pgrst, 'reload schema';
