-- Nobody has reaped; the complete comes too late.
begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

create function pg_temp.refusal_of(call text, out code text, out message text, out detail jsonb, out hint text)
language plpgsql
as $$
declare
  v_detail text;
begin
  execute call;
exception
  when others then
    get stacked diagnostics
      code = returned_sqlstate,
      message = message_text,
      v_detail = pg_exception_detail,
      hint = pg_exception_hint;
    detail := nullif(v_detail, '');
end
$$;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('late');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '5 minutes',
  updated_at = updated_at - interval '5 minutes',
  deadline_at = deadline_at - interval '5 minutes',
  expires_at = expires_at - interval '5 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

create temp table late as
select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- when
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.complete_session('late') $$);

-- then
reset role;

select results_eq(
  $$ select code, detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz from refusal $$,
  $$ select 'PT410', 'expired', expires_at from late $$,
  'B1: it expired, at the instant the lease ran out'
);

select is_empty(
  $$ select *
    from public.active_interview_sessions
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001'
      and (status = 'completing' or expires_at > clock_timestamp()) $$,
  'B4: it has not come back to life'
);

select * from finish();
rollback;
