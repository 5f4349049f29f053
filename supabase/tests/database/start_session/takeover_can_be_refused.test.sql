begin;
\ir ../helpers.psql
select plan(11);

-- given: an exam that forbids takeover
select pg_temp.create_users('ada');
update sessions.settings set takeover = 'refused' where true;
select pg_temp.authenticate_as('ada');
select from public.start_session('held', takeover => true, device => 'Chrome on Windows', interview_id => 'exam');
create temp table before as select * from pg_temp.all_rows();
grant select on before to authenticated;

-- when
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('wanted', takeover => true, interview_id => 'exam') $$);

-- then
select results_eq(
  $$ select code, message, detail ->> 'session_id' from refusal $$,
  $$ values ('PT409', 'You already have an interview open on Chrome on Windows.', 'held') $$,
  'C7: takeover is refused like any other start'
);

select is(
  hint,
  format(
    'Continue there. Takeover is not allowed: without a heartbeat it ends by itself in %s seconds, or an operator can end it.',
    detail ->> 'expires_in'
  ),
  'C7: the hint says so, and what ends the session'
)
from refusal;

select is(
  refusal_without.hint ~ '^Continue there\. Takeover is not allowed: ', true,
  'C7: without takeover the hint does not offer it either'
)
from pg_temp.refusal_of($$ select public.start_session('wanted') $$) refusal_without;

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'C7: nothing has changed');

select is(session_id, 'held', 'B6: a retry of the start, with takeover, is no takeover')
from public.start_session('held', takeover => true, interview_id => 'exam');

-- when: an operator ends it
select pg_temp.act_as('service_role');
select from public.revoke_session(pg_temp.user_id('ada'));
select pg_temp.authenticate_as('ada');

-- then
select is(session_id, 'second', 'C7: a revocation frees the user')
from public.start_session('second', interview_id => 'exam');

-- when: the page crashes
select pg_temp.age_session('ada', '6 minutes');

-- then
select is(session_id, 'third', 'C7: so does the end of the lease')
from public.start_session('third', takeover => true, interview_id => 'exam');

-- when: the page says that it leaves
select from public.end_session('third');

-- then
select is(session_id, 'fourth', 'C7: so does its own end')
from public.start_session('fourth', interview_id => 'exam');

select results_eq(
  $$ select session_id, end_reason from pg_temp.history('ada') $$,
  $$ values ('held', 'revoked'), ('second', 'expired'), ('third', 'disconnected') $$,
  'C7: none was taken over'
);

-- when: it is allowed again
select pg_temp.clear_authentication();
update sessions.settings set takeover = default where true;
select pg_temp.authenticate_as('ada');

-- then
select is(session_id, 'fifth', 'C7: the next takeover succeeds')
from public.start_session('fifth', takeover => true, interview_id => 'exam');

select is(end_reason, 'taken_over', 'C7: and ends the other')
from pg_temp.history('ada')
where session_id = 'fourth';

select * from finish();
rollback;
