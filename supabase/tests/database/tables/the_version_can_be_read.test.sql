begin;
\ir ../helpers.psql
select plan(4);

select matches(sessions.version(), '^\d+\.\d+\.\d+$', 'the installed version can be read in the database');

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select isnt(sessions.version(), null, 'by users');

select pg_temp.act_as('service_role');
select isnt(sessions.version(), null, 'and by backends');

select is(code, '42501', 'B8: and by nobody else')
from pg_temp.refusal_of('select sessions.version()', 'anon');

select * from finish();
rollback;
