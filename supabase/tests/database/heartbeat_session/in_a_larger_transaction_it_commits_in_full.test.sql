-- The other writes of the transaction must not be lost. Only a heartbeat that is the whole API request commits
-- asynchronously: PostgREST's request.path tells, and that nothing was written before, as a pre-request function may.
-- The API tests see that such a heartbeat does.
begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');

-- A function's own SET restores the transaction's setting when it returns.
create function pg_temp.setting_after_a_heartbeat(path text, setting text default 'on')
returns text
language plpgsql
set synchronous_commit = on
as $$
begin
  perform set_config('request.path', path, true), set_config('synchronous_commit', setting, true);
  perform public.heartbeat_session('first');
  return current_setting('synchronous_commit');
end
$$;

select is(pg_temp.setting_after_a_heartbeat(path), expected, 'R27: request.path ' || coalesce(nullif(path, ''), 'unset'))
from (
  values
    ('/rpc/heartbeat_session', 'on'),
    (null, 'on'),
    ('', 'on'),
    ('/rpc/save_answer', 'on'),
    ('/rpc/heartbeat_session_and_more', 'on'),
    ('/answers', 'on')
) as requests (path, expected);

select is(pg_temp.setting_after_a_heartbeat('/rpc/save_answer', 'remote_apply'), 'remote_apply', 'R27: whatever the transaction has set is left alone');

-- when: the app's function beats and writes
set local synchronous_commit to on;
set local request.path to '/rpc/save_answer';
select from public.heartbeat_session('first');
select from public.complete_session('first');

-- then
select is(current_setting('synchronous_commit'), 'on', 'R27: the app''s own transaction commits in full');

select * from finish();
rollback;
