begin;
\ir ../helpers.psql
\ir realtime.psql
select plan(6);

-- given
select pg_temp.create_users('ada', 'bob');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'one');
select is_empty('select * from realtime.messages', 'C4: a start tells nobody');

-- when
select from public.start_session('second', takeover => true, interview_id => 'one');
select pg_temp.act_as('service_role');
select from public.extend_interview(pg_temp.user_id('ada'), 'one', '5 minutes');
select from public.revoke_session(pg_temp.user_id('ada'), 'a note for operators');
select pg_temp.authenticate_as('ada');
select from public.start_session('third', interview_id => 'one');
select from public.end_session('third');

-- then
select pg_temp.clear_authentication();
select set_eq(
  'select m.topic, m.event, m.private, m.extension, m.payload from realtime.messages m',
  $$ select 'sessions:' || pg_temp.user_id('ada') as topic, event, true as private, 'broadcast' as extension, '{}'::jsonb as payload
     from unnest(array['taken_over', 'extended', 'revoked']) event $$,
  'C4: each is a private broadcast to the topic of the user, and tells no more than what it is about'
);

-- as Realtime asks, when a client joins a topic
create function pg_temp.hears(user_name text, topic_of text)
returns boolean
language plpgsql
as $$
declare
  v_hears boolean;
begin
  perform pg_temp.authenticate_as(user_name), set_config('realtime.topic', 'sessions:' || pg_temp.user_id(topic_of), true);
  v_hears := exists (select from realtime.messages m where m.extension = 'broadcast');
  perform pg_temp.clear_authentication();
  return v_hears;
end
$$;
select ok(pg_temp.hears('ada', 'ada'), 'C4: the user may join the topic');
select ok(not pg_temp.hears('bob', 'ada'), 'C4: no other user may');
select pg_temp.authenticate_as('ada');
select set_config('realtime.topic', 'sessions:' || pg_temp.user_id('ada'), true);
select throws_ok(
  $$ insert into realtime.messages (topic, extension) values ('sessions:' || pg_temp.user_id('ada'), 'broadcast') $$,
  '42501', null, 'C4: nobody may send to it'
);
select pg_temp.act_as('anon');
select throws_ok('select from realtime.messages', '42501', null, 'C4: nor may somebody who is not signed in');

select * from finish();
rollback;
