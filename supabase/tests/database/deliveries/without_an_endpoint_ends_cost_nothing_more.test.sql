begin;
\ir ../helpers.psql
select plan(6);

create function pg_temp.trigger_is_enabled()
returns boolean
language sql
stable
as $$
  select t.tgenabled <> 'D'
  from pg_catalog.pg_trigger t
  where t.tgrelid = 'public.interview_session_history'::regclass and t.tgname = 'record_deliveries';
$$;

select ok(not pg_temp.trigger_is_enabled(), 'C3: after the installation nothing is recorded');

insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/hook');
select ok(pg_temp.trigger_is_enabled(), 'C3: with an endpoint it is');

update sessions.endpoints set state = 'off' where name = 'meter';
select ok(not pg_temp.trigger_is_enabled(), 'an endpoint that is off records nothing');

update sessions.endpoints set state = 'on' where name = 'meter';
select ok(pg_temp.trigger_is_enabled(), 'on again, it does');

update sessions.endpoints set state = 'gone' where name = 'meter';
select ok(pg_temp.trigger_is_enabled(), 'one that is gone locks no table in the middle of a run');

delete from sessions.endpoints where name = 'meter';
select ok(not pg_temp.trigger_is_enabled(), 'without endpoints nothing is recorded');

select * from finish();
rollback;
