-- Whether its row was pruned or not.
begin;
\ir ../helpers.psql
select plan(8);

-- given: interviews whose deadline is just after and just before the limit of the retention
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from public.interviews where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_users('too old', 'kept', 'too old, submitted', 'kept, submitted');

create function pg_temp.prepare(user_name text, age interval)
returns void
language plpgsql
as $$
begin
  perform pg_temp.authenticate_as(user_name);
  perform public.start_session('first', interview_id => 'exam');
  if user_name like '%submitted' then
    perform public.end_session('first', 'completed');
  end if;
  perform pg_temp.let_time_pass(user_name, interval '15 minutes' + age);
  perform pg_temp.clear_authentication();
end
$$;

select pg_temp.prepare(prefix || suffix, age)
from (values ('too old', interval '90 days 1 minute'), ('kept', interval '89 days 23:59:00')) as ages (prefix, age)
cross join (values (''), (', submitted')) as suffixes (suffix);

create function pg_temp.answers()
returns table (user_name text, call text, answer jsonb)
language plpgsql
as $$
begin
  foreach user_name in array array['too old', 'kept', 'too old, submitted', 'kept, submitted'] loop
    perform pg_temp.authenticate_as(user_name);
    call := 'start';
    answer := pg_temp.answer_of(
      $q$ select session_id, previous_session_id, deadline_at - created_at as time
        from public.start_session('second', interview_id => 'exam') $q$
    );
    return next;

    perform pg_temp.act_as('service_role');
    call := 'extend';
    answer := pg_temp.answer_of(format(
      $q$ select deadline_at from public.extend_interview(%L, 'exam', '1 hour') $q$, pg_temp.user_id(user_name)
    ));
    return next;
  end loop;
  perform pg_temp.clear_authentication();
end
$$;

-- when
create temp table before as select * from pg_temp.answers();
select pg_temp.reap_and_prune();
create temp table after as select * from pg_temp.answers();

-- then
select bag_eq(
  'select user_id from public.interviews',
  $$ values (pg_temp.user_id('kept')), (pg_temp.user_id('kept, submitted')) $$,
  'M13: the reaper has pruned what is too old'
);

select bag_eq('select * from after', 'select * from before', 'B1: every answer is the same after it as before');

select bag_eq(
  $$ select user_name, answer from before where call = 'start' and user_name like 'too old%' $$,
  $$ select name, '[{"session_id": "second", "previous_session_id": null, "time": "00:15:00"}]'::jsonb
    from unnest(array['too old', 'too old, submitted']) name $$,
  'C1: an interview past its retention begins anew'
);

select set_eq(
  $$ select answer from before where call = 'extend' and user_name like 'too old%' $$, $$ values ('[]'::jsonb) $$,
  'C1: and cannot be extended'
);

select bag_eq(
  $$ select user_name, answer ->> 'code' as code, answer ->> 'message' as message from before where call = 'start' and user_name like 'kept%' $$,
  $$ values
    ('kept', 'PT410', 'The time for this interview is up.'),
    ('kept, submitted', 'PT410', 'This interview was submitted.') $$,
  'C1: an interview within its retention does not'
);

select is(
  (select count(*) from before where call = 'extend' and user_name like 'kept%' and answer <> '[]'), 2::bigint,
  'C1: and can be extended'
);

-- when: an interview is pruned that was extended
select pg_temp.act_as('service_role');
select from public.extend_interview(pg_temp.user_id('kept'), 'exam', '1 second', 'a note');
select pg_temp.clear_authentication();
create temp table extensions as select * from sessions.extensions where user_id = pg_temp.user_id('kept');
select pg_temp.let_time_pass('kept', '1 hour');
select pg_temp.reap_and_prune();

-- then
select is((select count(*) from extensions), 1::bigint, 'C1: an extension was recorded');
select is_empty($$ select id from sessions.extensions where user_id = pg_temp.user_id('kept') $$, 'M13: the record is pruned with it');

select * from finish();
rollback;
