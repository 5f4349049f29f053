begin;
\ir ../helpers.psql
select plan(9);

-- given
insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/hook');
select pg_temp.create_user_with_session('ada', 'first');
select pg_temp.authenticate_as('ada');
select from public.end_session('first');
select pg_temp.clear_authentication();
create temp table delivery as select d.id from sessions.deliveries d;
create temp table pauses (attempt integer, pause interval);

-- when
do $$
declare
  v_claimed record;
begin
  for n in 1 .. 12 loop
    update sessions.deliveries d set due_at = clock_timestamp() where true;
    select * into strict v_claimed from public.claim_deliveries();
    perform public.settle_deliveries(
      jsonb_build_array(
        jsonb_build_object('id', v_claimed.id, 'attempt', v_claimed.attempt, 'outcome', 'failed', 'error', 'answered 500')
      )
    );
    insert into pauses select n, d.due_at - clock_timestamp() from sessions.deliveries d;
  end loop;
end
$$;

-- then
select is(
  (select array_agg(p.attempt order by p.attempt) from pauses p where p.pause is null),
  array[12],
  'C3: it is dead after the twelfth attempt, not before'
);
select ok(
  bool_and(p.pause > interval '19 seconds' * 2 ^ (p.attempt - 1) and p.pause < interval '61 seconds' * 2 ^ (p.attempt - 1)),
  'C3: each pause is about twice the one before, give or take a half'
)
from pauses p
where p.pause is not null;
select ok(
  (select sum(interval '40 seconds' * 2 ^ (n - 1)) from generate_series(1, 11) n) between interval '20 hours' and interval '28 hours',
  'C3: the attempts spread over about a day'
);
select is_empty('select * from public.claim_deliveries()', 'a dead delivery is not sent');
select results_eq(
  'select id, state, last_error from public.list_deliveries(true)',
  $$ select d.id, 'dead', 'answered 500' from delivery d $$,
  'C3: but listed, with the last error'
);
select matches(
  reason, '^1 deliveries are dead',
  'C3: the health warns of it'
)
from sessions.delivery_health() h (pending, oldest_age, dead, reason);

-- when
select is(public.retry_deliveries('another endpoint'), 0, 'a retry of another endpoint revives nothing');
select is(public.retry_deliveries('meter'), 1, 'a retry revives it');

-- then
select results_eq(
  'select id, attempt from public.claim_deliveries()',
  'select d.id, 1 from delivery d',
  'C3: it is sent again, with twelve attempts'
);

select * from finish();
rollback;
