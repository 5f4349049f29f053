-- So that a page finds what was saved, however the session before it ended.
begin;
\ir ../helpers.psql
select plan(4);

-- given
create function pg_temp.start_next(session_id text, takeover boolean default false)
returns text
language sql
as $$
  select previous_session_id from public.start_session(start_next.session_id, start_next.takeover, interview_id => 'exam');
$$;

create temp table started (nth serial, after text, previous_session_id text);
grant insert, select on started to authenticated;
grant usage on sequence started_nth_seq to authenticated;
select pg_temp.create_users('ada');
update sessions.settings set max_duration = '1 hour' where true;
select pg_temp.authenticate_as('ada');

-- when
insert into started (after, previous_session_id) select 'nothing', pg_temp.start_next('1');
select from public.end_session('1', 'disconnected');
insert into started (after, previous_session_id) select 'a reload', pg_temp.start_next('2');
select from public.end_session('2', 'cleared');
insert into started (after, previous_session_id) select 'a page left', pg_temp.start_next('3');
insert into started (after, previous_session_id) select 'a takeover', pg_temp.start_next('4', true);
select pg_temp.age_session('ada', '6 minutes');
insert into started (after, previous_session_id) select 'a lapse', pg_temp.start_next('5');
select pg_temp.age_session('ada', '6 minutes');
select pg_temp.reap_and_prune();
insert into started (after, previous_session_id) select 'a lapse that was reaped', pg_temp.start_next('6');
select pg_temp.act_as('service_role');
select from public.revoke_session(pg_temp.user_id('ada'));
select pg_temp.authenticate_as('ada');
insert into started (after, previous_session_id) select 'a revocation', pg_temp.start_next('7');

-- then
select results_eq(
  'select after, previous_session_id from started order by nth',
  $$ values
    ('nothing', null),
    ('a reload', '1'),
    ('a page left', '2'),
    ('a takeover', '3'),
    ('a lapse', '4'),
    ('a lapse that was reaped', '5'),
    ('a revocation', '6') $$,
  'C2: each session names the one before it'
);

select is(previous_session_id, '6', 'C2: a retry answers the same')
from public.start_session('7', interview_id => 'exam');

select is(last_session_id, '7', 'C2: the interview names the last one')
from pg_temp.interview('ada', 'exam');

-- when: another interview takes over
create temp table other as select * from public.start_session('other', takeover => true, interview_id => 'other exam');
select from public.end_session('other', 'disconnected');

-- then
select results_eq(
  $$ select other.previous_session_id, back.previous_session_id
    from other, public.start_session('back', interview_id => 'exam') back $$,
  $$ values (null::text, '7') $$,
  'C2: each interview has sessions of its own'
);

select * from finish();
rollback;
