begin;
select plan(3);

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
set local request.jwt.claims to '{"role": "authenticated"}';

create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('first') $$);

select results_eq(
  'select code, message, detail, hint from refusal',
  $$ values (
    'PT401',
    'You are not signed in.',
    null::jsonb,
    'Sign in again, and send that user''s access token with the call.'
  ) $$,
  'the refusal says to sign in'
);

set local request.jwt.claims to '';

select throws_ok(
  $$ select public.start_session('first') $$,
  'PT401',
  'You are not signed in.',
  'and so without any claims'
);

select throws_ok(
  $$ select public.start_session('') $$,
  'PT401',
  'You are not signed in.',
  'whatever the arguments are'
);

select * from finish();
rollback;
