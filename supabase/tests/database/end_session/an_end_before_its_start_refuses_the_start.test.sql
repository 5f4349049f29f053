-- A page that closes while it starts: its goodbye may arrive first.
begin;
\ir ../helpers.psql
select plan(13);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');

-- when
create temp table before as select clock_timestamp() as at;

select is_empty($$ select * from public.end_session('late', 'completed') $$, 'B6: the end knows no such session');

-- then
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('late', takeover => true) $$);

select results_eq(
  $$ select code, message, detail ->> 'session_id', detail ->> 'end_reason' from refusal $$,
  $$ values ('PT410', 'This interview was left.', 'late', 'disconnected') $$,
  'B6: the start that arrives later is refused; nothing was submitted, whatever the reason given'
);

select ok((detail ->> 'ended_at')::timestamptz between before.at and clock_timestamp(), 'B6: and says when')
from refusal, before;

select is_empty($$ select * from pg_temp.active_session('ada') $$, 'B6: no session is left live without a page');

select is(pg_temp.answer_of($$ select public.heartbeat_session('late') $$) ->> 'message', 'This interview was left.', 'B6: a heartbeat is told the same');

select is_empty($$ select * from pg_temp.history('ada') $$, 'B7: a session that never was is not in the history');

select is(session_id, 'next', 'M3: the next page starts')
from public.start_session('next');

select pg_temp.authenticate_as('ben');

select is(session_id, 'late', 'M8: another user''s session of the same id starts')
from public.start_session('late');

-- when: other pages close while they start
select pg_temp.authenticate_as('ada');
select from public.end_session('also late');
select from public.end_session('late');

-- then
select is(
  pg_temp.answer_of(format('select public.start_session(%L)', session_id)) ->> 'message', 'This interview was left.',
  'B6: so it is for each of several pages'
)
from (values ('late'), ('also late')) as pages (session_id);

-- when: a client ends ids that it makes up
do $$
begin
  for n in 1 .. 100 loop
    perform public.end_session('made up ' || n);
  end loop;
end
$$;
select pg_temp.clear_authentication();

-- then
select results_eq(
  $$ select session_id from sessions.early_ends where user_id = pg_temp.user_id('ada') order by ended_at $$,
  $$ select 'made up ' || n from generate_series(91, 100) n $$,
  'M13: only the latest ten are remembered, so that a client cannot fill the table'
);

select results_eq(
  $$ select session_id from pg_temp.active_session('ada') $$, $$ values ('next') $$,
  'B4: the live session is unchanged'
);

-- when: the clock is set back
update sessions.early_ends set ended_at = ended_at + interval '1 hour' where true;
select pg_temp.authenticate_as('ada');
select from public.end_session('after the clock was set back');

-- then
select is(
  pg_temp.answer_of($$ select public.start_session('after the clock was set back') $$) ->> 'message', 'This interview was left.',
  'B6: the end that was just recorded is not the one that is dropped'
);

select * from finish();
rollback;
