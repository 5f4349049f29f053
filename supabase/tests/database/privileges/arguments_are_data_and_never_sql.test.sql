-- A function that put an argument into a statement would fail here, or store something else.
begin;
\ir ../helpers.psql
select plan(7);

-- given: texts that mean something to SQL, format(), LIKE, regular expressions and JSON
create temp table texts (text) as values
  ($$'$$), ($$''); select 1/0; --$$), ($$"; drop table x; --$$), ('$$'), ('$1'), ('%s %I %L %%'), ('\'), ('.*'), ('{"a": 1}');
grant select on texts to public;
select pg_temp.create_users('ada');

-- when
select pg_temp.authenticate_as('ada');
create temp table started as
select texts.text, s.session_id, s.device, s.previous_session_id
from texts
cross join public.start_session(texts.text, true, texts.text) s;

-- then
select is_empty(
  'select * from started where session_id <> text or device <> text',
  'start_session stores session_id and device as given'
);

select results_eq(
  'select previous_session_id from started offset 1',
  $$ select text from started limit (select count(*) - 1 from started) $$,
  'and each takes over the one before'
);

select is(session_id, '{"a": 1}', 'heartbeat_session finds the session') from public.heartbeat_session('{"a": 1}');
select is(session_id, '{"a": 1}', 'complete_session finds the session') from public.complete_session('{"a": 1}');

select is_empty(
  $$ select text from texts where public.holds_session(text) is distinct from (text = '{"a": 1}') $$,
  'holds_session compares the whole text'
);

select bag_eq(
  $$ select e.session_id, e.device from texts cross join public.end_session(texts.text) e $$,
  'select text as session_id, text as device from texts',
  'end_session finds each session'
);

-- when: an operator revokes sessions with such notes
select pg_temp.clear_authentication();
create temp table revoked (text text, note text);
do $$
declare
  v_text text;
begin
  for v_text in select text from texts loop
    perform pg_temp.authenticate_as('ada');
    perform public.start_session('revoked ' || v_text);
    perform pg_temp.clear_authentication();
    perform public.revoke_session(pg_temp.user_id('ada'), v_text);
    insert into revoked select v_text, v.note from sessions.revocations v where v.session_id = 'revoked ' || v_text;
  end loop;
end
$$;

-- then
select bag_eq('select text, note from revoked', 'select text, text as note from texts', 'revoke_session stores the note as given');

select * from finish();
rollback;
