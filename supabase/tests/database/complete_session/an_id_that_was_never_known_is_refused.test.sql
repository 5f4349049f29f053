-- Another user's session is as good as unknown.
begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
create temp table of_ada as select * from public.start_session('ada''s');

-- when
select pg_temp.authenticate_as('ben');

select throws_ok(
  $$ select public.complete_session('never known') $$,
  'PT410',
  'There is no such interview session.',
  'a session that never existed'
);

select throws_ok(
  $$ select public.complete_session('ada''s') $$,
  'PT410',
  'There is no such interview session.',
  'R33: another user''s session'
);

-- then
select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from of_ada',
  'M8: Ada''s session is unchanged'
);

select * from finish();
rollback;
