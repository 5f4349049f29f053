-- In a larger transaction others' writes count. The API tests see that a run that is the whole request commits
-- asynchronously.
begin;
\ir ../helpers.psql
select plan(3);

set local synchronous_commit to on;

-- A function's own SET restores the transaction's setting when it returns.
create function pg_temp.setting_after(path text, dry_run boolean default false)
returns text
language plpgsql
set synchronous_commit = on
as $$
begin
  perform set_config('request.path', path, true);
  perform public.reap_stale_sessions(dry_run => setting_after.dry_run);
  return current_setting('synchronous_commit');
end
$$;

select is(pg_temp.setting_after(null), 'on', 'M12: without a request the setting is left alone');
select is(pg_temp.setting_after('/rpc/nightly_maintenance'), 'on', 'M12: so it is in a function of the app');
select is(pg_temp.setting_after('/rpc/reap_stale_sessions'), 'on', 'M12: so it is after another write, as of a pre-request function');

select * from finish();
rollback;
