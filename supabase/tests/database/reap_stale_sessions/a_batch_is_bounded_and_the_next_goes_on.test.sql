begin;
select plan(6);

-- given: five users crashed, the session of a sixth lives
delete from public.active_interview_sessions where true;
create temp table users as
select format('aaaaaaaa-0000-4000-8000-00000000000%s', n)::uuid as id, n from generate_series(1, 6) n;
insert into auth.users (id) select id from users;
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
select id, 's' || n, n, t.started, t.started, t.started + interval '15 minutes', t.started + interval '5 minutes'
from users
cross join lateral (select now() - case when n = 6 then interval '0' else interval '6 minutes' end as started) t;

-- when
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table first as select * from public.reap_stale_sessions(batch_size => 2);
create temp table second as select * from public.reap_stale_sessions(2);
create temp table third as select * from public.reap_stale_sessions(2);
create temp table fourth as select * from public.reap_stale_sessions(2);
reset role;

-- then
select is((select count(*) from first), 2::bigint, 'M12: a batch has no more than was asked for');
select is((select count(*) from second), 2::bigint, 'M12: nor has the next');
select is((select count(*) from third), 1::bigint, 'M12: a short batch is the last');
select is_empty('select from fourth', 'M12: after which there is nothing');
select bag_eq(
  'select user_id from first union all select user_id from second union all select user_id from third',
  'select id from users where n <= 5',
  'M13: together they cleaned up after everybody who crashed, and each once'
);
select results_eq(
  'select user_id from public.active_interview_sessions',
  'select id from users where n = 6',
  'M12: and left the table as small as it can be'
);

select * from finish();
rollback;
