begin;
\ir ../helpers.psql
select plan(6);

create temp view wrappers as
select w.*, d.oid as behind, d.prosecdef as behind_is_definer, d.provolatile as behind_volatility
from pg_proc w
join pg_proc d on d.pronamespace = 'sessions'::regnamespace and d.proname = w.proname
where w.pronamespace = 'public'::regnamespace;

select bag_eq(
  'select proname::text from wrappers',
  array[
    'start_session', 'heartbeat_session', 'complete_session', 'end_session', 'holds_session', 'user_holds_session',
    'revoke_session', 'extend_interview', 'reap_stale_sessions', 'session_health',
    'claim_deliveries', 'settle_deliveries', 'list_deliveries', 'retry_deliveries', 'drop_deliveries',
    'admin_live_sessions', 'admin_session_history', 'admin_session_details', 'admin_ended_sessions', 'admin_session_health',
    'admin_revoke_session', 'admin_extend_interview', 'admin_reap_stale_sessions', 'admin_list_deliveries', 'admin_retry_deliveries'
  ],
  'B8: the API is these twenty-five functions, none of them overloaded'
);

select is_empty(
  'select oid::regprocedure from wrappers where prosecdef or not behind_is_definer or provolatile <> behind_volatility',
  'B8: each runs with its caller''s rights and calls a SECURITY DEFINER function of the same name and volatility'
);

select is_empty(
  $$ select oid::regprocedure
    from wrappers
    where pg_get_function_arguments(oid) <> pg_get_function_arguments(behind)
      or pg_get_function_result(oid) <> pg_get_function_result(behind) $$,
  'B8: both have the same arguments, defaults and results'
);

select is_empty(
  $$ select oid::regprocedure
    from wrappers
    where obj_description(behind, 'pg_proc') is distinct from format('Implements public.%s().', proname) $$,
  'B8: the comment of the function behind names its wrapper'
);

select is_empty(
  $$ select oid::regprocedure from wrappers where coalesce(obj_description(oid, 'pg_proc'), '') !~ '^[A-Z].{40,}\.$' $$,
  'B8: the comment of the wrapper is the contract, in sentences'
);

-- given: each function behind replaced by one that raises its arguments
do $$
declare
  v_function record;
begin
  for v_function in select * from wrappers loop
    execute format(
      'create or replace function %s(%s) returns %s language plpgsql as $f$ begin raise exception ''%%'', jsonb_build_array(%s); end $f$',
      v_function.behind::regproc,
      pg_get_function_arguments(v_function.behind),
      pg_get_function_result(v_function.behind),
      (select string_agg('$' || n, ', ' order by n) from generate_series(1, v_function.pronargs) n)
    );
  end loop;
end
$$;

-- when: each wrapper is called with an argument of its own in each place
create temp table sample_values (type, value) as values
  ('text'::regtype, 'text %s'), ('boolean', 'true'), ('bigint', '4%s'), ('integer', '4%s'), ('interval', '4%s days'),
  ('uuid', '00000000-0000-0000-0000-00000000000%s'), ('jsonb', '["%s"]'), ('timestamptz', '2001-01-0%s 00:00:00+00');

create temp table calls as
select
  w.proname,
  format('select public.%I(%s)', w.proname, coalesce(string_agg(quote_literal(given.value) || '::' || a.type::regtype, ', ' order by a.n), '')) as call,
  coalesce(
    jsonb_agg(
      case a.type when 'boolean'::regtype then to_jsonb(given.value::boolean)
        when 'bigint'::regtype then to_jsonb(given.value::bigint)
        when 'integer'::regtype then to_jsonb(given.value::integer)
        when 'interval'::regtype then to_jsonb(given.value::interval)
        when 'timestamptz'::regtype then to_jsonb(given.value::timestamptz)
        when 'jsonb'::regtype then given.value::jsonb
        else to_jsonb(given.value)
      end
      order by a.n
    ) filter (where a.n is not null),
    '[]'
  ) as arguments
from wrappers w
left join lateral unnest(w.proargtypes) with ordinality a (type, n) on true
left join sample_values s on s.type = a.type
left join lateral (select format(s.value, a.n) as value) given on true
group by w.proname;

-- then
select results_eq(
  $$ select proname, refusal.message::jsonb from calls, pg_temp.refusal_of(call) refusal order by proname $$,
  'select proname, arguments from calls order by proname',
  'B8: each passes its arguments on, in their order'
);

select * from finish();
rollback;
