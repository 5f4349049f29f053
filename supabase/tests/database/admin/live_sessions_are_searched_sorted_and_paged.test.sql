begin;
\ir ../helpers.psql
select plan(16);

-- given: Ada's session is active, Ben's completing, Cleo's stale
delete from public.active_interview_sessions where true;
select pg_temp.create_users('ada', 'ben', 'cleo');
update auth.users set email = 'Ada@One.example' where id = pg_temp.user_id('ada');
update auth.users set email = 'ben@two.example' where id = pg_temp.user_id('ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('first-1', device => 'Safari on iPhone', interview_id => 'exam-a');
select pg_temp.authenticate_as('ben');
select from public.start_session('second-2', device => 'Chrome 100%_', interview_id => 'exam-b');
select from public.complete_session('second-2');
select pg_temp.authenticate_as('cleo');
select from public.start_session('third-3');
select pg_temp.clear_authentication();
select pg_temp.age_session('cleo', '6 minutes'), pg_temp.age_session('ben', '1 minute');

create function pg_temp.listed(variadic arguments text[])
returns text
language plpgsql
as $$
declare
  v_listed text;
begin
  execute format(
    'select string_agg(session_id, '' '' order by place)
    from (select session_id, row_number() over () as place from public.admin_live_sessions(%s)) listed',
    array_to_string(arguments, ', ')
  ) into v_listed;
  return coalesce(v_listed, '');
end
$$;

select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

-- when, then
select is(pg_temp.listed(format('search => %L', search)), found, format('M17: %s finds "%s"', search, found))
from (
  values
    ('one.EX', 'first-1'),
    ('iphone', 'first-1'),
    ('SECOND', 'second-2'),
    ('exam', 'second-2 first-1'),
    ('100%_', 'second-2'),
    ('%', 'second-2'),
    ('first-1 exam-a', ''),
    (pg_temp.user_id('cleo')::text, 'third-3')
) as given (search, found);

select is(pg_temp.listed('state => ''active'''), 'first-1', 'M17: those that are active');
select is(pg_temp.listed('state => ''completing'''), 'second-2', 'M17: those that are completing');
select is(pg_temp.listed('state => ''stale'''), 'third-3', 'M17: those that are stale');

select is(
  pg_temp.listed('order_by => ''email''', 'descending => true'), 'second-2 first-1 third-3',
  'M17: sorted by email address, who has none last'
);
select is(pg_temp.listed('order_by => ''created_at'''), 'third-3 second-2 first-1', 'M17: sorted by when they started');
select is(pg_temp.listed('order_by => ''created_at''', 'skip => 1', 'at_most => 1'), 'second-2', 'M17: the second page of one');

select is(
  (select total from public.admin_live_sessions(at_most => 1)), 3::bigint,
  'M17: total counts all pages'
);

select results_eq(
  $$ select interview_id, deadline_at, seconds_to_deadline between 890 and 900, silent_seconds between 0 and 10
    from public.admin_live_sessions(search => 'first-1') $$,
  $$ select interview_id, deadline_at, true, true from pg_temp.active_session('ada') $$,
  'M17: with the interview, its deadline and the last heartbeat'
);

select * from finish();
rollback;
