-- What an app asks about a session before it writes to its own tables: in RLS policies and triggers, or from a backend.


create or replace function sessions.holds_session(session_id text, fence bigint default null, interview_id text default null)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.user_holds_session(auth.uid(), session_id, fence, interview_id);
end
$$;

revoke all on function sessions.holds_session(text, bigint, text) from public, anon, authenticated, service_role;
grant execute on function sessions.holds_session(text, bigint, text) to authenticated;
comment on function sessions.holds_session(text, bigint, text) is 'Implements public.holds_session().';


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
  return exists (
    select
    from public.active_interview_sessions a
    where a.user_id = user_holds_session.user_id
      and a.session_id = user_holds_session.session_id
      and a.expires_at > clock_timestamp()
      and a.fence = coalesce(user_holds_session.fence, a.fence)
      and (user_holds_session.interview_id is null or a.interview_id = user_holds_session.interview_id)
  );
end
$$;

revoke all on function sessions.user_holds_session(uuid, text, bigint, text) from public, anon, authenticated, service_role;
grant execute on function sessions.user_holds_session(uuid, text, bigint, text) to service_role;
comment on function sessions.user_holds_session(uuid, text, bigint, text) is 'Implements public.user_holds_session().';
