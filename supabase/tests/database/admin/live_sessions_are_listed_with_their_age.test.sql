begin;
\ir ../helpers.psql
select plan(4);

-- given: Ada's session is live, Ben's is completing, Eve's is stale, Dan has none
delete from public.active_interview_sessions where true;
select
  pg_temp.create_user_with_session('ada', 'ada''s', '10 seconds'),
  pg_temp.create_user_with_session('ben', 'ben''s', '20 seconds'),
  pg_temp.create_user_with_session('eve', 'eve''s', '6 minutes'),
  pg_temp.create_users('dan');
select pg_temp.authenticate_as('ben');
select from public.complete_session('ben''s');
select pg_temp.clear_authentication();
select pg_temp.age_session('ben', '20 seconds');
update auth.users set email = 'ada@admin.example' where id = pg_temp.user_id('ada');
update auth.users set email = 'ben@admin.example' where id = pg_temp.user_id('ben');
update public.active_interview_sessions set device = 'Chrome on Windows' where session_id = 'ada''s';
create temp table given as select * from public.active_interview_sessions;
create temp table before as select clock_timestamp() as at;

-- when
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
create temp table listed as select *, row_number() over () as place from public.admin_live_sessions();
create temp table after as select clock_timestamp() as at;
select pg_temp.clear_authentication();

-- then
select results_eq(
  'select user_id, email, session_id, device, status from listed order by place',
  $$ values
    (pg_temp.user_id('eve'), null::text, 'eve''s', null::text, 'active'),
    (pg_temp.user_id('ben'), 'ben@admin.example', 'ben''s', null::text, 'completing'),
    (pg_temp.user_id('ada'), 'ada@admin.example', 'ada''s', 'Chrome on Windows', 'active') $$,
  'M17: all users'' sessions are listed, the first to end first'
);

select is_empty(
  $$ select session_id from listed cross join before cross join after
    where age_seconds not between floor(extract(epoch from before.at - created_at))
      and ceil(extract(epoch from after.at - created_at)) $$,
  'M14: the age is the time since the grant, in seconds'
);

select is_empty(
  $$ select l.session_id from listed l join given g using (user_id) cross join before cross join after
    where l.seconds_left not between floor(extract(epoch from g.expires_at - after.at))
      and ceil(extract(epoch from g.expires_at - before.at)) $$,
  'M14: the time left is the rest of the lease, in seconds'
);

select ok(seconds_left < 0, 'M14: a stale session has a negative time left')
from listed
where session_id = 'eve''s';

select * from finish();
rollback;
