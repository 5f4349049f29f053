begin;
\ir ../helpers.psql
select plan(21);

-- given
select pg_temp.create_user_with_session('ada', 'first');

-- when, then
select throws_ok(
  format('update public.active_interview_sessions set %s where user_id = %L', change, pg_temp.user_id('ada')),
  '23514',
  null,
  description
)
from (
  values
    ($$ session_id = '' $$, 'M1: an empty session_id is refused'),
    ($$ session_id = repeat('x', 129) $$, 'M1: a session_id of 129 characters is refused'),
    ($$ session_id = E'a\nb' $$, 'M1: a session_id of two lines is refused'),
    ($$ session_id = E'\u0001' $$, 'M1: a session_id with the first control character is refused'),
    ($$ session_id = E'a\u007f' $$, 'M1: a session_id with delete is refused'),
    ($$ session_id = E'a\u009f' $$, 'M1: a session_id with the last control character is refused'),
    ($$ device = repeat('x', 201) $$, 'M1: a device of 201 characters is refused'),
    ($$ device = E'Chrome\r' $$, 'M1: a device of two lines is refused'),
    ($$ device = E'Chrome\u0085' $$, 'M1: a device with a control character is refused'),
    ($$ interview_id = '' $$, 'C1: an empty interview_id is refused'),
    ($$ interview_id = repeat('x', 129) $$, 'C1: an interview_id of 129 characters is refused'),
    ($$ interview_id = E'a\nb' $$, 'C1: an interview_id of two lines is refused'),
    ($$ interview_id = E'a\u009f' $$, 'C1: an interview_id with a control character is refused'),
    ($$ status = 'paused' $$, 'M1: an unknown status is refused'),
    ($$ status = '' $$, 'M1: an empty status is refused'),
    ($$ expires_at = deadline_at + interval '1 microsecond' $$, 'M10: a lease that ends after the deadline is refused')
) as changes (change, description);

select throws_ok(
  $$ insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
    select user_id, '', 1, now(), now(), now(), now() from pg_temp.active_session('ada') $$,
  '23514', null,
  'M1: an invalid row cannot be inserted'
);

select is(tgenabled, 'A', 'M1: nor in a session with session_replication_role = replica')
from pg_trigger
where tgrelid = 'public.active_interview_sessions'::regclass and tgname = 'check_session';

-- when, then
select lives_ok(
  format('update public.active_interview_sessions set %s where user_id = %L', change, pg_temp.user_id('ada')),
  description
)
from (
  values
    (
      $$ session_id = repeat('ü', 128), device = repeat('ü', 200), interview_id = repeat('ü', 128) $$,
      'M1: characters are counted, not bytes'
    ),
    ($$ session_id = '~ ', device = '', status = 'completing' $$, 'M1: other characters and an empty device are accepted'),
    ($$ device = null, expires_at = deadline_at $$, 'M10: a lease may end at the deadline, and a device may be null')
) as changes (change, description);

select * from finish();
rollback;
