-- The API: everything that can be called, and by whom. The wrappers run with the caller's own rights; the functions of
-- the same names in the schema sessions do the work. PL/pgSQL keeps its plans; an SQL function that sets a search_path
-- cannot be inlined and would be planned at every request.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';


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
  'One row: ok, warning or critical and why; live, completing and stale sessions; when the reaper last ran and what it did; how sessions ended in the last day and overlaps in the last week, both among the latest 2000 ended sessions; sizes, with the estimated number of rows of the history. For operators and alarms.';


-- Tells PostgREST to reload its schema cache.
notify pgrst, 'reload schema';


reset lock_timeout;
