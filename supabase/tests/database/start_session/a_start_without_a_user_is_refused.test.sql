begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.act_as('authenticated');
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('first') $$);

select results_eq(
  'select code, message, detail, hint from refusal',
  $$ values (
    'PT401',
    'You are not signed in.',
    null::jsonb,
    'Sign in again, and send that user''s access token with the call.'
  ) $$,
  'without a user it is refused, with the hint to sign in'
);

set local request.jwt.claims to '';

select throws_ok(
  $$ select public.start_session('first') $$,
  'PT401',
  'You are not signed in.',
  'so it is without any claims'
);

select throws_ok(
  $$ select public.start_session('') $$,
  'PT401',
  'You are not signed in.',
  'and whatever the arguments'
);

select * from finish();
rollback;
