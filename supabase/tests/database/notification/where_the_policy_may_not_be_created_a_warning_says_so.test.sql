-- On Realtime as its owner set it up: supabase/tests/install/notification_owner.test.ts.
begin;
\ir ../helpers.psql
\ir realtime.psql
select plan(4);

-- given: a role that may call it, and owns nothing; the policy is not there
drop policy "a user hears of their own interview sessions" on realtime.messages;
create role deployer in role authenticated;
grant deployer to postgres;
grant usage on schema sessions, realtime to deployer;
grant execute on function sessions.allow_notification() to deployer;

-- when, then
select pg_temp.act_as('deployer');
select is(sessions.allow_notification(), false, 'C4: it does not fail, and says that there is no policy');
select pg_temp.clear_authentication();
select is_empty($$ select from pg_policies where schemaname = 'realtime' $$, 'C4: without it nobody may listen');

-- given: the owner has created it
select ok(sessions.allow_notification(), 'C4: the owner of the table creates it');

-- when, then
select pg_temp.act_as('deployer');
select ok(sessions.allow_notification(), 'C4: where it is there already, nothing has to be changed');

select * from finish();
rollback;
