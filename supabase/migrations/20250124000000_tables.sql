-- The state: one row for each live session, one for each that has ended, the settings, and the reaper's log.
-- The tables hold the invariants; the functions of the later chapters make them polite.
-- Every chapter may be applied again: it then changes nothing.

-- A schema of this name that serves something else would lose its grants below.
do $$
begin
  if to_regnamespace('sessions') is not null and to_regclass('sessions.fence') is null then
    raise exception 'There is a schema "sessions" already, and it is not this component''s. Nothing was changed.'
      using hint = 'Give it another name before you apply this: alter schema sessions rename to ...';
  end if;
end
$$;


create schema if not exists sessions;
revoke all on schema sessions from public, anon, authenticated, service_role;
grant usage on schema sessions to authenticated, service_role;
comment on schema sessions is
  'The logic of interview sessions. Not exposed by the API: clients call the wrappers in public.';


-- A project may still have the first plan's table, which clients wrote themselves. It is set aside here, with its
-- policy and its indexes, and its rows are brought over at the end of this chapter.
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
  'Drawn at every grant of a session, and never set back: of two grants the later has the higher fence.';


-- No index but the primary key: a heartbeat then changes no indexed column and stays in its page (a HOT update, for
-- which the fillfactor leaves room), and the reaper reads the table, which is small.
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
  constraint session_id_is_one_short_line
    check (char_length(session_id) between 1 and 128 and session_id !~ '[\u0001-\u001f\u007f-\u009f]'),
  constraint device_is_one_short_line
    check (char_length(device) <= 200 and device !~ '[\u0001-\u001f\u007f-\u009f]'),
  constraint status_is_known check (status in ('active', 'completing')),
  constraint lease_ends_by_the_deadline check (expires_at <= deadline_at)
) with (fillfactor = 50);

alter table public.active_interview_sessions enable row level security;
revoke all on table public.active_interview_sessions from public, anon, authenticated, service_role;
grant select on table public.active_interview_sessions to authenticated;

drop policy if exists "a user sees their own live session" on public.active_interview_sessions;
create policy "a user sees their own live session"
  on public.active_interview_sessions
  for select
  to authenticated
  using (user_id = (select auth.uid()) and expires_at > now());

comment on table public.active_interview_sessions is
  'At most one live interview session per user. A row is live while clock_timestamp() < expires_at, and stale from then on, until it is reaped. Written by the functions alone.';
comment on column public.active_interview_sessions.user_id is 'The holder. The row goes when the user is deleted.';
comment on column public.active_interview_sessions.session_id is 'Made by the client, once per page load. An id that has ended never lives again.';
comment on column public.active_interview_sessions.status is 'active; completing from complete_session() on, while the client hands in its results.';
comment on column public.active_interview_sessions.fence is 'The number of this grant. A later grant to the same user has a higher one.';
comment on column public.active_interview_sessions.device is 'What the client calls itself, as in "Chrome on Windows".';
comment on column public.active_interview_sessions.created_at is 'When the session was granted.';
comment on column public.active_interview_sessions.updated_at is 'Its last sign of life.';
comment on column public.active_interview_sessions.deadline_at is 'It ends here, heartbeat or not.';
comment on column public.active_interview_sessions.expires_at is 'The end of its lease: its last sign of life plus sessions.settings.lease, but no later than deadline_at.';
comment on column public.active_interview_sessions.previous_session_id is 'The live session that this one took over, if any.';


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
  ended_by uuid,
  note text,
  duration interval not null generated always as (ended_at - started_at) stored,
  primary key (user_id, session_id),
  constraint end_reason_is_known check (
    end_reason in ('completed', 'disconnected', 'cleared', 'taken_over', 'expired', 'timed_out', 'revoked')
  ),
  constraint status_is_known check (status in ('active', 'completing')),
  constraint note_is_short check (char_length(note) <= 1000)
);

-- For what looks at the latest or the oldest rows alone: session_health(), and the reaper, which prunes.
create index if not exists interview_session_history_ended_at on public.interview_session_history (ended_at);

alter table public.interview_session_history enable row level security;
revoke all on table public.interview_session_history from public, anon, authenticated, service_role;
grant select on table public.interview_session_history to authenticated;

drop policy if exists "a user sees their own ended sessions" on public.interview_session_history;
create policy "a user sees their own ended sessions"
  on public.interview_session_history
  for select
  to authenticated
  using (user_id = (select auth.uid()));

comment on table public.interview_session_history is
  'One row for each session that has ended, written in the transaction that ended it. Pruned by the reaper after sessions.settings.history_retention.';
comment on column public.interview_session_history.user_id is 'Who held the session. The row goes when the user is deleted.';
comment on column public.interview_session_history.session_id is 'The session''s id. It is used up.';
comment on column public.interview_session_history.fence is 'The number of its grant.';
comment on column public.interview_session_history.device is 'What the client called itself.';
comment on column public.interview_session_history.started_at is 'When it was granted.';
comment on column public.interview_session_history.last_seen_at is 'Its last sign of life.';
comment on column public.interview_session_history.ended_at is 'When it ended: for expired and timed_out the instant the lease ran out, whenever it was reaped.';
comment on column public.interview_session_history.end_reason is 'completed, disconnected or cleared: by its client. taken_over: by another client of the user. expired: no heartbeat. timed_out: its deadline. revoked: by an operator.';
comment on column public.interview_session_history.status is 'Its status when it ended.';
comment on column public.interview_session_history.previous_session_id is 'The live session that this one had taken over, if any.';
comment on column public.interview_session_history.ended_by is 'Where somebody else ended it: the user who did, if the call was made for one.';
comment on column public.interview_session_history.note is 'Where somebody else ended it: why.';
comment on column public.interview_session_history.duration is 'From started_at to ended_at.';


create table if not exists sessions.settings (
  is_the_row boolean primary key default true,
  lease interval not null default '5 minutes',
  heartbeat_every interval not null default '30 seconds',
  max_duration interval not null default '15 minutes',
  completing_grace interval not null default '15 minutes',
  history_retention interval not null default '90 days',
  reap_every interval not null default '60 seconds',
  constraint there_is_one_row check (is_the_row),
  constraint all_are_positive check (
    least(lease, heartbeat_every, max_duration, completing_grace, history_retention, reap_every) > interval '0'
  ),
  constraint times_of_a_session_are_finite check (isfinite(lease) and isfinite(max_duration) and isfinite(completing_grace)),
  constraint lease_survives_a_lost_heartbeat check (lease >= 2.5 * heartbeat_every)
);

insert into sessions.settings default values on conflict do nothing;

revoke all on table sessions.settings from public, anon, authenticated, service_role;
comment on table sessions.settings is
  'One row. A change counts from the next grant or heartbeat on, and never shortens a lease already given.';
comment on column sessions.settings.is_the_row is 'Always true: there is one row.';
comment on column sessions.settings.lease is 'How long a session lives without a sign of life.';
comment on column sessions.settings.heartbeat_every is 'How often a client should call heartbeat_session(). At most two fifths of the lease.';
comment on column sessions.settings.max_duration is 'How long a session may last in all.';
comment on column sessions.settings.completing_grace is 'How long it may last from complete_session() on.';
comment on column sessions.settings.history_retention is 'How long ended sessions are kept.';
comment on column sessions.settings.reap_every is 'How often the schedule outside calls the reaper: what session_health() measures it by.';


create table if not exists sessions.reaper_runs (
  id bigint primary key generated always as identity,
  ran_at timestamptz not null,
  ran_by text not null,
  reaped integer not null,
  failed integer not null,
  pruned integer not null,
  took interval not null
);

revoke all on table sessions.reaper_runs from public, anon, authenticated, service_role;
revoke all on sequence sessions.reaper_runs_id_seq from public, anon, authenticated, service_role;
comment on table sessions.reaper_runs is
  'One row for each call of reap_stale_sessions() that was not dry, also one that found nothing. Kept for a week.';
comment on column sessions.reaper_runs.id is 'In the order of the calls.';
comment on column sessions.reaper_runs.ran_at is 'When the call began.';
comment on column sessions.reaper_runs.ran_by is 'The role that called.';
comment on column sessions.reaper_runs.reaped is 'Stale sessions moved to the history.';
comment on column sessions.reaper_runs.failed is 'Stale sessions that could not be moved; the server''s log has a warning for each.';
comment on column sessions.reaper_runs.pruned is 'Rows of the history past their retention that were deleted.';
comment on column sessions.reaper_runs.took is 'How long the call took.';


-- The first plan's rows. Its clients know no heartbeat, so each gets the longest a session may last, from the last
-- time it was written: nobody's interview ends because of the upgrade, and what had crashed is reaped.
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
    -- greatest() passes over nulls. The first plan's upsert left created_at as it was, so the later of the two counts.
    cross join lateral (
      select coalesce(greatest(f.created_at, f.updated_at), now())::timestamptz as last_written_at
    ) t;

    drop table sessions.first_plan;
  end if;
end
$$;
