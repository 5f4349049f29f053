-- However often, and in whatever way, its end is asked for.
begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  -- ended three times
  perform public.start_session('one');
  perform public.end_session('one', 'completed');
  perform public.end_session('one', 'completed');
  perform public.end_session('one', 'cleared');
  -- taken over, then ended, and its successor ended
  perform public.start_session('two');
  perform public.start_session('three', takeover => true);
  perform public.end_session('two');
  perform public.end_session('three', 'cleared');
  perform public.end_session('two');
  -- past its lease when it is ended
  perform public.start_session('four');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '6 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '6 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

do $$
begin
  perform public.end_session('four');
  perform public.end_session('four');
  perform public.start_session('five');
  perform public.end_session('four');
end
$$;

reset role;

select results_eq(
  $$ select session_id, end_reason
    from public.interview_session_history
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001'
    order by fence $$,
  $$ values
    ('one', 'completed'),
    ('two', 'taken_over'),
    ('three', 'cleared'),
    ('four', 'expired') $$,
  'B7: each session that ended has one row, with the reason of its first end'
);

select results_eq(
  $$ select session_id from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ values ('five') $$,
  'B7: the one that lives has none'
);

select * from finish();
rollback;
