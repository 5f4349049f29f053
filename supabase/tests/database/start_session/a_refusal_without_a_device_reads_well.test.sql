begin;
\ir ../helpers.psql
select plan(3);

-- given: Ada's client names no device, Ben's an empty one
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('held');
create temp table of_ada as
select * from pg_temp.refusal_of($$ select public.start_session('wanted') $$);

select pg_temp.authenticate_as('ben');
select from public.start_session('held', device => '');
create temp table of_ben as
select * from pg_temp.refusal_of($$ select public.start_session('wanted') $$);

-- then
select is(message, 'You already have an interview open.', 'B3: the message names no device')
from of_ada;

select is(detail -> 'device', 'null'::jsonb, 'B3: the detail has a null device')
from of_ada;

select is(message, 'You already have an interview open.', 'B3: an empty device reads like none')
from of_ben;

select * from finish();
rollback;
