-- The API: everything that may be called, and by whom. The wrappers run with the caller's own rights; the functions
-- behind them, in the schema sessions, do the work. They are in PL/pgSQL, which keeps its plans: a function in SQL that
-- cannot be inlined, as none can that sets a search_path, is parsed and planned anew by each request.


create or replace function public.start_session(session_id text, takeover boolean default false, device text default null)
returns public.active_interview_sessions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.start_session(session_id, takeover, device);
end
$$;

revoke all on function public.start_session(text, boolean, text) from public, anon, authenticated, service_role;
grant execute on function public.start_session(text, boolean, text) to authenticated;
comment on function public.start_session(text, boolean, text) is
  'Starts the caller''s interview session and returns it. The same session_id again returns the same session, its lease renewed. Another live session refuses with PT409, or with takeover is ended as taken_over. An id that has ended is refused with PT410.';


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
  'Renews the lease of the caller''s live session and returns it; the time left is expires_at - updated_at. If it is over, PT410 says why, and nothing is written. Commits asynchronously.';


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
  'Marks the caller''s live session as completing, with a new deadline for handing in, and returns it. Again: a heartbeat. If it is over, PT410 says why.';


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
  'Ends the caller''s session of this id and returns how it ended. reason: completed, disconnected, cleared, or null for completed if it was completing and disconnected if not. Already over: the row that says how. Never known: no row.';


create or replace function public.holds_session(session_id text, fence bigint default null)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.holds_session(session_id, fence);
end
$$;

revoke all on function public.holds_session(text, bigint) from public, anon, authenticated, service_role;
grant execute on function public.holds_session(text, bigint) to authenticated;
comment on function public.holds_session(text, bigint) is
  'Whether this is the caller''s live session, and, given a fence, this very grant of it. For RLS policies and triggers of the app''s own tables.';


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
  'Ends a user''s live session as revoked, with a note of at most 1000 characters, and returns how it ended. No live session: no row. For operators.';


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
  'Moves one batch of stale sessions to the history and returns them; a short batch is the last. Also prunes the history. dry_run shows and changes nothing. For operators and the schedule.';


create or replace function public.session_health()
returns table (
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
)
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
  'One row: ok, warning or critical and why; live, completing and stale sessions; when the reaper last ran and what it did; how sessions ended in the last day; sizes; and overlapping sessions found in the last week. For operators and alarms.';


-- PostgREST then knows the functions at once.
notify pgrst, 'reload schema';
