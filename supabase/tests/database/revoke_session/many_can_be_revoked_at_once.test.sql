-- The server's table of locks is shared by everybody, and its size is fixed. Locks on rows are not in it.
begin;
\ir ../helpers.psql
select plan(4);

-- given: 300 live sessions, written directly, since a start takes such a lock
select pg_temp.create_users('user ' || n) from generate_series(0, 300) n;
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
select pg_temp.user_id('user ' || n), 'session', nextval('sessions.fence'), now(), now(), now() + interval '15 minutes', now() + interval '5 minutes'
from generate_series(1, 300) n;
create temp view locks as
select count(*) as held
from pg_locks
where pid = pg_backend_pid() and locktype in ('advisory', 'tuple');
create temp table before as select held from locks;
grant select on before to service_role;

-- when: all are revoked in one statement
select pg_temp.act_as('service_role');
create temp table revoked as
select r.* from generate_series(1, 300) n, public.revoke_session(pg_temp.user_id('user ' || n), 'Maintenance.') r;
select pg_temp.clear_authentication();

-- then
select is((select count(*) from revoked where end_reason = 'revoked'), 300::bigint, 'M8: all of them end');
select is(locks.held, before.held, 'M8: no lock for each user is left in the server''s table of locks') from locks, before;
select is((select count(*) from sessions.revocations where note = 'Maintenance.'), 300::bigint, 'M17: each is recorded');

-- when
select pg_temp.authenticate_as('user 0');
select from public.start_session('next');
select pg_temp.clear_authentication();

-- then: this test would notice
select cmp_ok(locks.held, '>', before.held, 'a start, which serialises the starts of its user, does leave one') from locks, before;

select * from finish();
rollback;
