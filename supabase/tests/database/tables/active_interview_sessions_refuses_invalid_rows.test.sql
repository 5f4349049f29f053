begin;
\ir ../helpers.psql
select plan(19);

-- given
select pg_temp.create_user_with_session('ada', 'first');

-- when, then
select throws_ok(
  format('update public.active_interview_sessions set %s where user_id = %L', change, pg_temp.user_id('ada')),
  '23514',
  format('new row for relation "active_interview_sessions" violates check constraint "%s"', violated),
  description
)
from (
  values
    ($$ session_id = '' $$, 'texts_are_short_lines', 'M1: an empty session_id is refused'),
    ($$ session_id = repeat('x', 129) $$, 'texts_are_short_lines', 'M1: a session_id of 129 characters is refused'),
    ($$ session_id = E'a\nb' $$, 'texts_are_short_lines', 'M1: a session_id of two lines is refused'),
    ($$ session_id = E'\u0001' $$, 'texts_are_short_lines', 'M1: a session_id with the first control character is refused'),
    ($$ session_id = E'a\u007f' $$, 'texts_are_short_lines', 'M1: a session_id with delete is refused'),
    ($$ session_id = E'a\u009f' $$, 'texts_are_short_lines', 'M1: a session_id with the last control character is refused'),
    ($$ device = repeat('x', 201) $$, 'texts_are_short_lines', 'M1: a device of 201 characters is refused'),
    ($$ device = E'Chrome\r' $$, 'texts_are_short_lines', 'M1: a device of two lines is refused'),
    ($$ device = E'Chrome\u0085' $$, 'texts_are_short_lines', 'M1: a device with a control character is refused'),
    ($$ interview_id = '' $$, 'texts_are_short_lines', 'C1: an empty interview_id is refused'),
    ($$ interview_id = repeat('x', 129) $$, 'texts_are_short_lines', 'C1: an interview_id of 129 characters is refused'),
    ($$ interview_id = E'a\nb' $$, 'texts_are_short_lines', 'C1: an interview_id of two lines is refused'),
    ($$ interview_id = E'a\u009f' $$, 'texts_are_short_lines', 'C1: an interview_id with a control character is refused'),
    ($$ status = 'paused' $$, 'status_is_known', 'M1: an unknown status is refused'),
    ($$ status = '' $$, 'status_is_known', 'M1: an empty status is refused'),
    (
      $$ expires_at = deadline_at + interval '1 microsecond' $$, 'lease_ends_by_the_deadline',
      'M10: a lease that ends after the deadline is refused'
    )
) as changes (change, violated, description);

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
