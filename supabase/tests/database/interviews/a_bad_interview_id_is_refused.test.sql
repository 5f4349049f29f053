begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');

-- when
create temp table refusals as
select bad.what, refusal.*
from (
    values
      ('empty', ''),
      ('129 characters', repeat('x', 129)),
      ('a line break', e'a\nb'),
      ('the first control character', e'a\u0001b'),
      ('the last of the C1 controls', e'a\u009fb')
  ) as bad (what, interview_id),
  pg_temp.refusal_of(format('select public.start_session(%L, interview_id => %L)', 'wanted', bad.interview_id)) refusal;

-- then
select results_eq(
  'select what, code, detail from refusals',
  $$ values
    ('empty', '22023', '{"argument": "interview_id"}'::jsonb),
    ('129 characters', '22023', '{"argument": "interview_id"}'),
    ('a line break', '22023', '{"argument": "interview_id"}'),
    ('the first control character', '22023', '{"argument": "interview_id"}'),
    ('the last of the C1 controls', '22023', '{"argument": "interview_id"}') $$,
  'R33: each is refused, and the detail names the argument'
);

select set_eq(
  'select message from refusals',
  array['interview_id must be 1 to 128 characters, none of them a control character.'],
  'R33: the message says what is allowed'
);

select is_empty($$ select * from pg_temp.active_session('ada') $$, 'R33: nothing is granted');

select is(interview_id, repeat('é', 128), 'C1: 128 characters are accepted')
from public.start_session('wanted', interview_id => repeat('é', 128));

select * from finish();
rollback;
