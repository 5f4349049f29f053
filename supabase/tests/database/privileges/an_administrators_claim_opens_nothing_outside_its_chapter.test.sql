-- The chapter is left out, and everything else is granted by mistake.
begin;
\ir ../helpers.psql
select plan(6);

-- given: what the chapter creates is not there
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid::regprocedure
    from pg_proc p
    where p.pronamespace in ('public'::regnamespace, 'sessions'::regnamespace)
      and (p.proname like 'admin\_%' or p.proname = 'check_administrator')
  loop
    execute format('drop function %s', v_function);
  end loop;
end
$$;

-- given: EXECUTE on all functions, for every user
grant execute on all functions in schema sessions to authenticated;
grant execute on function
  public.user_holds_session, public.revoke_session, public.extend_interview, public.reap_stale_sessions, public.session_health
to authenticated;

-- given: a live session, a stale one, and Eve, whose token has the claim
select pg_temp.create_users('ada', 'eve');
select pg_temp.create_user_with_session('ben', 'ben''s', '6 minutes');
select pg_temp.authenticate_as('ada');
select from public.start_session('ada''s', interview_id => 'exam');
select pg_temp.clear_authentication();
create temp table before as select * from pg_temp.all_rows();

create temp table calls (call) as values
  ($$ user_holds_session(pg_temp.user_id('ada'), 'ada''s') $$),
  ($$ revoke_session(pg_temp.user_id('ada')) $$),
  ($$ extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute') $$),
  ($$ reap_stale_sessions() $$),
  ($$ reap_stale_sessions(1, true) $$),
  ($$ session_health() $$);

-- when, then
select is_empty(
  $$ select schema, call, refusal.*
    from calls
    cross join unnest(array['public', 'sessions']) schema
    cross join pg_temp.refusal_of(
      format('select %s.%s', schema, call), 'authenticated',
      jsonb_build_object('sub', pg_temp.user_id('eve'), 'role', 'service_role', 'app_metadata', '{"session_admin": true}'::jsonb)
    ) refusal
    where (refusal.code, refusal.message)
      is distinct from ('42501', 'The role authenticated may not operate interview sessions.') $$,
  'B8: with the claim, every function for operators refuses'
);

-- The functions behind them check nobody; they run with the caller's own rights.
select is_empty(
  $$ select call, refusal.*
    from (
      values
        ('select sessions.revoke(pg_temp.user_id(''ada''), null, ''authenticated'')'),
        ('select sessions.extend(pg_temp.user_id(''ada''), ''exam'', ''1 minute'', null, ''authenticated'')'),
        ('select sessions.retire_stale(array[pg_temp.user_id(''ben'')])'),
        ('select sessions.prune_history(now(), 1)'),
        ('select sessions.lift_fence()'),
        ('select sessions.is_held(pg_temp.user_id(''ada''), ''ada''''s'', null, null)'),
        ('select sessions.current_settings()')
    ) as internal_calls (call)
    cross join pg_temp.refusal_of(
      call, 'authenticated', jsonb_build_object('sub', pg_temp.user_id('eve'), 'app_metadata', '{"session_admin": true}'::jsonb)
    ) refusal
    where refusal.code is distinct from '42501' and call not like '%is_held%' $$,
  'B8: what is behind them is refused by the tables'
);

select pg_temp.authenticate_as('eve', '{"app_metadata": {"session_admin": true}}');

select ok(not sessions.is_held(pg_temp.user_id('ada'), 'ada''s', null, null), 'B8: or shows no more than the caller''s own rows');

select is((sessions.health()).status, 'critical', 'B8: the health, which reads what she may not, shows no figure');
select is((sessions.health()).live, null, 'B8: not even how many sessions are live');

select pg_temp.clear_authentication();

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'B8: nothing has changed');

select * from finish();
rollback;
