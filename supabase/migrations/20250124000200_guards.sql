-- What an app asks about a session before it writes to its own tables, in RLS policies and triggers.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';


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


reset lock_timeout;
