-- The claim decides: app_metadata.session_admin must be the JSON value true. Nothing that only looks like it will do.
begin;
select plan(39);

-- given: a live session that could be ended
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('eeeeeeee-0000-4000-8000-000000000005');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table live as select * from public.start_session('ada''s');
reset role;

create temp table calls (name, call) as values
  ('live', $$ select public.admin_live_sessions() $$),
  ('ended', $$ select public.admin_ended_sessions(now() - interval '1 hour') $$),
  ('health', $$ select public.admin_session_health() $$),
  ('revoke', $$ select public.admin_revoke_session('aaaaaaaa-0000-4000-8000-000000000001') $$);
create temp table others (who, claims) as values
  ('no metadata', '{}'),
  ('other metadata', '{"app_metadata": {"provider": "email"}}'),
  ('the text "true"', '{"app_metadata": {"session_admin": "true"}}'),
  ('the number 1', '{"app_metadata": {"session_admin": 1}}'),
  ('null', '{"app_metadata": {"session_admin": null}}'),
  ('false', '{"app_metadata": {"session_admin": false}}'),
  ('what users may set themselves', '{"user_metadata": {"session_admin": true}}'),
  ('a claim in the wrong place', '{"session_admin": true}');

create function pg_temp.answer_to(who text, claims text, call text) returns text language plpgsql as $$
declare
  v_answer text := 'no refusal';
begin
  perform set_config('request.jwt.claims', (claims::jsonb || jsonb_build_object(
    'sub', 'eeeeeeee-0000-4000-8000-000000000005', 'role', who
  ))::text, true);
  perform set_config('role', who, true);
  begin
    execute call;
  exception
    when insufficient_privilege then
      v_answer := sqlstate || ' ' || sqlerrm;
  end;
  perform set_config('role', 'none', true);
  return v_answer;
end
$$;

-- when, then
select is(
  pg_temp.answer_to('authenticated', claims, call),
  '42501 The role authenticated may not operate interview sessions.',
  format('M17: a user with %s is refused in words: %s', who, name)
)
from others
cross join calls;

select is(
  pg_temp.answer_to('anon', '{"app_metadata": {"session_admin": true}}', 'select public.admin_session_health()'),
  '42501 permission denied for function admin_session_health',
  'B8: nobody is an administrator without being signed in'
);
select is(
  pg_temp.answer_to('service_role', '{}', 'select public.admin_session_health()'),
  '42501 permission denied for function admin_session_health',
  'B8: the secret key has session_health()'
);
select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from live',
  'M17: the session is as it was'
);

select is(
  pg_temp.answer_to('authenticated', '{"app_metadata": {"session_admin": true}}', call),
  'no refusal',
  'M17: an administrator is not refused: ' || name
)
from calls;

select * from finish();
rollback;
