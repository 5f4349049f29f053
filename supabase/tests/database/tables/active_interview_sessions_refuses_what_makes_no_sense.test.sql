begin;
select plan(15);

-- given
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
values (
  'aaaaaaaa-0000-4000-8000-000000000001', 'first', 1, now(), now(), now() + interval '15 minutes', now() + interval '5 minutes'
);

-- when, then
select throws_ok(
  format('update public.active_interview_sessions set %s where user_id = %L', change, 'aaaaaaaa-0000-4000-8000-000000000001'),
  '23514',
  format('new row for relation "active_interview_sessions" violates check constraint "%s"', violated),
  description
)
from (
  values
    ($$ session_id = '' $$, 'session_id_is_one_short_line', 'M1: a session_id is not empty'),
    ($$ session_id = repeat('x', 129) $$, 'session_id_is_one_short_line', 'M1: nor longer than 128 characters'),
    ($$ session_id = E'a\nb' $$, 'session_id_is_one_short_line', 'M1: nor of two lines'),
    ($$ session_id = E'\u0001' $$, 'session_id_is_one_short_line', 'M1: nor has it the first of the control characters'),
    ($$ session_id = E'a\u007f' $$, 'session_id_is_one_short_line', 'M1: nor delete'),
    ($$ session_id = E'a\u009f' $$, 'session_id_is_one_short_line', 'M1: nor the last of the control characters'),
    ($$ device = repeat('x', 201) $$, 'device_is_one_short_line', 'M1: a device is not longer than 200 characters'),
    ($$ device = E'Chrome\r' $$, 'device_is_one_short_line', 'M1: nor of two lines'),
    ($$ device = E'Chrome\u0085' $$, 'device_is_one_short_line', 'M1: nor has it a control character'),
    ($$ status = 'paused' $$, 'status_is_known', 'M1: a status is active or completing'),
    ($$ status = '' $$, 'status_is_known', 'M1: and nothing else'),
    (
      $$ expires_at = deadline_at + interval '1 microsecond' $$, 'lease_ends_by_the_deadline',
      'M10: a lease does not outlast the deadline'
    )
) as changes (change, violated, description);

select lives_ok(
  format('update public.active_interview_sessions set %s where user_id = %L', change, 'aaaaaaaa-0000-4000-8000-000000000001'),
  description
)
from (
  values
    ($$ session_id = repeat('ü', 128), device = repeat('ü', 200) $$, 'M1: characters are counted, not bytes'),
    ($$ session_id = '~ ', device = '', status = 'completing' $$, 'M1: one line of anything else will do'),
    ($$ device = null, expires_at = deadline_at $$, 'M10: a lease may end with the deadline, and a device be unknown')
) as changes (change, description);

select * from finish();
rollback;
