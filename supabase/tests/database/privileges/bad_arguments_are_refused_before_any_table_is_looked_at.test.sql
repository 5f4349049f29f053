-- The order of the refusals: no user in the token, a bad argument, a user who no longer exists, the rest.
begin;
\ir ../helpers.psql
select plan(2);

create temp table calls (call) as values
  ($$ select public.start_session('') $$),
  ($$ select public.start_session('a', device => repeat('x', 201)) $$),
  ($$ select public.start_session('a', interview_id => '') $$),
  ($$ select public.start_session('a', takeover => null) $$),
  ($$ select public.heartbeat_session('') $$),
  ($$ select public.complete_session('') $$),
  ($$ select public.end_session('') $$),
  ($$ select public.end_session('a', 'crashed') $$);

select is_empty(
  $$ select call, refusal.*
    from calls, pg_temp.refusal_of(call, 'authenticated') refusal
    where refusal.code is distinct from 'PT401' $$,
  'without a user each call is refused for that'
);

select is_empty(
  $$ select call, refusal.*
    from calls, pg_temp.refusal_of(call, 'authenticated', jsonb_build_object('sub', pg_temp.user_id('nobody'))) refusal
    where refusal.code is distinct from '22023' $$,
  'R33: with one, whose row is not looked for yet, for its argument'
);

select * from finish();
rollback;
