begin;
\ir ../helpers.psql
select plan(4);

select is_empty(
  $$ select end_reason, sessions.end_reason_message(end_reason), message
    from pg_temp.end_reasons()
    where sessions.end_reason_message(end_reason) is distinct from message $$,
  'B7: these are the end reasons and their messages'
);

select is(sessions.end_reason_message('crashed'), null, 'B7: an unknown one has none');

-- given
select pg_temp.create_users('ada');

select throws_ok(
  $$ select pg_temp.add_ended_session('ada', 'paused', now(), now(), 'paused') $$, '23514', null,
  'B7: the history accepts what has a message'
);

-- when: one is added to the function, and nowhere else
create or replace function sessions.end_reason_message(end_reason text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case end_reason when 'paused' then 'This interview was paused.' end;
end
$$;
select pg_temp.add_ended_session('ada', 'paused', now(), now(), 'paused');
select pg_temp.authenticate_as('ada');

-- then
select is(
  pg_temp.answer_of($$ select public.heartbeat_session('paused') $$) ->> 'message', 'This interview was paused.',
  'B7: it is accepted, and its message shown'
);

select * from finish();
rollback;
