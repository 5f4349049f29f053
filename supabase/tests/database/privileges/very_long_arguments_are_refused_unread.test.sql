-- An argument of 10 MB is refused by its length, which is known without reading it. Here it is stored outside its row,
-- so that reading it would be seen: as a scan of the index of its TOAST table. A custom plan copies each argument; the
-- generic plans, which a connection uses after a few calls, do not.
begin;
\ir ../helpers.psql
select plan(7);

-- given
create temp table long (text text);
alter table long alter column text set storage external;
insert into long values (repeat('x', 10000000));
grant select on long to authenticated, service_role;
create temp view reads as
select pg_stat_get_xact_numscans(i.indexrelid) as n
from pg_class c
join pg_index i on i.indrelid = c.reltoastrelid
where c.oid = 'pg_temp.long'::regclass;
grant select on reads to authenticated, service_role;

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada', '{"app_metadata": {"session_admin": true}}');
select from public.start_session('held', interview_id => 'exam');
select pg_temp.clear_authentication();
create temp table before as select * from pg_temp.all_rows();

-- given: a call for every text argument of every function of the API
create temp table valid (name, value) as values
  ('user_id', quote_literal(pg_temp.user_id('ada'))), ('session_id', '''held'''), ('interview_id', '''exam'''),
  ('by', '''1 minute'''), ('since', 'now()');

create temp table arguments as
select p.oid, p.proname::text as function, a.name, a.n, a.type = 'text'::regtype as is_text, a.n <= p.pronargs - p.pronargdefaults as is_required
from pg_proc p
cross join lateral unnest(p.proargnames[:p.pronargs], p.proargtypes::oid[]) with ordinality as a (name, type, n)
where p.pronamespace = 'public'::regnamespace
  and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace);

create temp table calls as
select
  l.function,
  l.name as argument,
  format(
    'select public.%I(%s) from long',
    l.function,
    (
      select string_agg(
        format('%I => %s', a.name, case when a.name = l.name then 'long.text' else v.value end), ', '
        order by a.n
      )
      from arguments a
      left join valid v on v.name = a.name
      where a.oid = l.oid and (a.name = l.name or a.is_required)
    )
  ) as call,
  case when has_function_privilege('authenticated', l.oid, 'execute') then 'authenticated' else 'service_role' end as role_name
from arguments l
where l.is_text;
grant select on calls to authenticated, service_role;

select bag_eq(
  'select function, argument from calls',
  $$ values
    ('start_session', 'session_id'), ('start_session', 'device'), ('start_session', 'interview_id'),
    ('heartbeat_session', 'session_id'), ('complete_session', 'session_id'),
    ('end_session', 'session_id'), ('end_session', 'reason'),
    ('holds_session', 'session_id'), ('holds_session', 'interview_id'),
    ('user_holds_session', 'session_id'), ('user_holds_session', 'interview_id'),
    ('revoke_session', 'note'), ('revoke_session', 'session_id'), ('extend_interview', 'interview_id'), ('extend_interview', 'note'),
    ('claim_deliveries', 'from_endpoint'), ('retry_deliveries', 'endpoint'), ('drop_deliveries', 'endpoint'),
    ('admin_live_sessions', 'search'), ('admin_live_sessions', 'state'), ('admin_live_sessions', 'order_by'),
    ('admin_session_history', 'search'), ('admin_session_history', 'end_reason'), ('admin_session_history', 'order_by'),
    ('admin_session_details', 'session_id'),
    ('admin_revoke_session', 'note'), ('admin_revoke_session', 'session_id'),
    ('admin_extend_interview', 'interview_id'), ('admin_extend_interview', 'note'),
    ('admin_list_deliveries', 'search'), ('admin_list_deliveries', 'state'), ('admin_list_deliveries', 'order_by'),
    ('admin_retry_deliveries', 'endpoint') $$,
  'R33: these are the texts that the API takes'
);

-- when
set local plan_cache_mode to force_generic_plan;
create temp table reads_before as select n from reads;
create temp table refusals as
select calls.*, refusal.code, refusal.detail, length(refusal.message) as message_length
from calls,
  pg_temp.refusal_of(
    call, role_name,
    jsonb_build_object('sub', pg_temp.user_id('ada'), 'app_metadata', jsonb_build_object('session_admin', true))
  ) refusal;

-- then
select is(reads.n, reads_before.n, 'R33: none of the calls reads the argument')
from reads, reads_before;

select bag_eq(
  $$ select function, argument, code, detail ->> 'argument' as named from refusals where function not like '%holds_session' $$,
  $$ select function, argument, '22023', argument as named from calls where function not like '%holds_session' $$,
  'R33: each is refused as a bad argument, which the detail names'
);

select cmp_ok((select max(message_length) from refusals), '<', 200, 'R33: no message repeats it');

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'R33: nothing has changed');

-- when, then
select pg_temp.authenticate_as('ada');

select results_eq(
  $$ select public.holds_session(text), public.holds_session('held', null, text) from long $$,
  'values (false, false)',
  'R33: no session of such an id or interview is held'
);

-- when: somebody does read it
select pg_temp.clear_authentication();
create temp table characters as select char_length(text) as n from long;

-- then
select cmp_ok(reads.n, '>', reads_before.n, 'this test notices a read')
from reads, reads_before;

select * from finish();
rollback;
