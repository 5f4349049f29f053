-- A user was deleted while foreign keys were switched off, as in a restore.
begin;
\ir ../helpers.psql
select plan(7);

-- given: two stale sessions and a live one, whose users are gone, and a stale one whose user is there
delete from public.active_interview_sessions where true;
delete from sessions.reaper_runs where true;
update sessions.settings set reap_every = '1 hour' where true;
select
  pg_temp.create_user_with_session('ada', 'orphan', '6 minutes'),
  pg_temp.create_user_with_session('ben', 'another orphan', '20 hours'),
  pg_temp.create_user_with_session('cleo', 'live orphan'),
  pg_temp.create_user_with_session('dan', 'crashed', '6 minutes');
alter table public.active_interview_sessions drop constraint active_interview_sessions_user_id_fkey;
delete from auth.users where id in (pg_temp.user_id('ada'), pg_temp.user_id('ben'), pg_temp.user_id('cleo'));

-- when
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select results_eq('select session_id from reaped', $$ values ('crashed') $$, 'M13: they hold up nobody');

select bag_eq(
  'select session_id from public.active_interview_sessions', array['live orphan'],
  'M13: the stale ones are removed'
);

select results_eq(
  'select reaped, failed, orphaned from sessions.reaper_runs', 'values (1, 0, 2)',
  'M14: the run says how many'
);

select is_empty(
  $$ select session_id from pg_temp.history('ada') union all select session_id from pg_temp.history('ben') $$,
  'B7: without a user there is no history'
);

select is((select status from public.session_health()), 'ok', 'M13: they are no alarm');

-- given: orphans that a trigger of the app does not let go, in front of a crashed session
select pg_temp.age_session('cleo', '6 minutes');
select pg_temp.create_user_with_session('eve', 'crashed later', '6 minutes');
create function pg_temp.refuse()
returns trigger
language plpgsql
as $$
begin
  if old.session_id = 'live orphan' then
    raise foreign_key_violation using message = 'The app''s log has no such user.';
  end if;
  return old;
end
$$;
create trigger refuse before delete on public.active_interview_sessions for each row execute function pg_temp.refuse();

-- when
create temp table reaped_later as select * from public.reap_stale_sessions();

-- then
select results_eq('select session_id from reaped_later', $$ values ('crashed later') $$, 'M13: nor does an orphan that cannot be removed');

select results_eq(
  $$ select failed, orphaned, (select f.retry_at > r.ran_at from sessions.reap_failures f where f.user_id = pg_temp.user_id('cleo'))
    from sessions.reaper_runs r order by ran_at desc, id desc limit 1 $$,
  'values (1, 0, true)',
  'M14: it counts as failed, and is tried again later'
);

select * from finish();
rollback;
