begin;
select plan(4);

-- given: Ada's is live, Ben's is being handed in, Eve's is overdue and not yet reaped, Dan has none
insert into auth.users (id, email) values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'ada@admin.example'),
  ('bbbbbbbb-0000-4000-8000-000000000002', 'ben@admin.example'),
  ('dddddddd-0000-4000-8000-000000000004', 'dan@admin.example'),
  ('eeeeeeee-0000-4000-8000-000000000005', null);
insert into public.active_interview_sessions
  (user_id, session_id, status, fence, device, created_at, updated_at, deadline_at, expires_at)
select id, session_id, status, 1, device, now() - age, now() - quiet, now() + interval '9 minutes', now() + rest
from (
  values
    ('aaaaaaaa-0000-4000-8000-000000000001'::uuid, 'ada''s', 'active', 'Chrome on Windows', interval '6 minutes', interval '10 seconds', interval '290 seconds'),
    ('bbbbbbbb-0000-4000-8000-000000000002', 'ben''s', 'completing', null, interval '3 minutes', interval '20 seconds', interval '280 seconds'),
    ('eeeeeeee-0000-4000-8000-000000000005', 'eve''s', 'active', 'Safari on iPhone', interval '8 minutes', interval '6 minutes', interval '-60 seconds')
) as given (id, session_id, status, device, age, quiet, rest);

-- when
set local role authenticated;
set local request.jwt.claims to
  '{"sub": "dddddddd-0000-4000-8000-000000000004", "role": "authenticated", "app_metadata": {"session_admin": true}}';
create temp table listed as
select *, row_number() over () as place from public.admin_live_sessions();
reset role;

-- then
select results_eq(
  $$
    select user_id, email, session_id, device, status
    from listed
    where user_id in (
      'aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002',
      'dddddddd-0000-4000-8000-000000000004', 'eeeeeeee-0000-4000-8000-000000000005'
    )
    order by place
  $$,
  $$
    values
      ('eeeeeeee-0000-4000-8000-000000000005'::uuid, null::text, 'eve''s', 'Safari on iPhone', 'active'),
      ('bbbbbbbb-0000-4000-8000-000000000002'::uuid, 'ben@admin.example', 'ben''s', null::text, 'completing'),
      ('aaaaaaaa-0000-4000-8000-000000000001'::uuid, 'ada@admin.example', 'ada''s', 'Chrome on Windows', 'active')
  $$,
  'M17: all users'' sessions are there, those that end soonest first'
);
-- The clock has gone on a little since the rows were made.
select ok(
  age_seconds - extract(epoch from clock_timestamp() - created_at) between -2 and 1
    and age_seconds >= 360,
  'M14: the age is counted from its beginning'
)
from listed
where session_id = 'ada''s';
select ok(seconds_left between 270 and 290, 'M14: so much is left of a lease') from listed where session_id = 'ada''s';
select ok(seconds_left between -90 and -60, 'M14: what is overdue has less than nothing left') from listed where session_id = 'eve''s';

select * from finish();
rollback;
