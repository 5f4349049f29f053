begin;
\ir ../helpers.psql
select plan(12);

-- given
delete from public.interview_session_history where true;
select pg_temp.create_users('ada', 'ben');
update auth.users set email = 'ada@one.example' where id = pg_temp.user_id('ada');
select pg_temp.add_ended_session('ada', 'a', now() - interval '50 minutes', now() - interval '40 minutes', 'completed');
select pg_temp.add_ended_session('ada', 'b', now() - interval '33 minutes', now() - interval '30 minutes', 'expired');
select pg_temp.add_ended_session('ben', 'c', now() - interval '4 hours', now() - interval '3 hours', 'completed');
update public.interview_session_history set device = 'Safari', interview_id = 'exam' where session_id = 'b';

create function pg_temp.listed(variadic arguments text[])
returns text
language plpgsql
as $$
declare
  v_listed text;
begin
  execute format(
    'select string_agg(s.session ->> ''session_id'', '' '' order by s.place)
    from public.admin_session_history(%s) h, jsonb_array_elements(h.sessions) with ordinality s (session, place)',
    array_to_string(arguments, ', ')
  ) into v_listed;
  return coalesce(v_listed, '');
end
$$;

select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

-- when, then
select is(pg_temp.listed(call), found, 'M17: ' || call)
from (
  values
    ('descending => true', 'b a c'),
    ('search => ''ONE.example''', 'b a'),
    ('search => ''saf''', 'b'),
    ('search => ''exam''', 'b a'),
    ('end_reason => ''completed''', 'a c'),
    ('since => now() - interval ''1 hour''', 'b a'),
    ('until => now() - interval ''1 hour''', 'c'),
    ('order_by => ''duration'', descending => false', 'b a c'),
    ('order_by => ''duration'', skip => 1, at_most => 1', 'a')
) as calls (call, found);

select results_eq(
  'select total, searched_since from public.admin_session_history(at_most => 1)',
  'values (3::bigint, null::timestamptz)',
  'M17: the total counts all pages, and everything was searched'
);

select is(
  (select jsonb_array_length(sessions) from public.admin_session_history(search => 'nobody')), 0,
  'M17: if none is found, there is still one row'
);

select is(
  (select sessions -> 0 from public.admin_session_history(search => 'saf')) - 'started_at' - 'ended_at',
  jsonb_build_object(
    'user_id', pg_temp.user_id('ada'), 'email', 'ada@one.example', 'session_id', 'b', 'interview_id', 'exam',
    'device', 'Safari', 'end_reason', 'expired', 'duration_seconds', 180.0
  ),
  'M17: a session has what a list shows of it'
);

select * from finish();
rollback;
