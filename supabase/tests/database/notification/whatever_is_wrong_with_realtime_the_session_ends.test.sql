begin;
\ir ../helpers.psql
select plan(4);

-- without Realtime
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');
select lives_ok($$ select public.start_session('second', takeover => true) $$, 'C4: without Realtime a takeover works');
select pg_temp.clear_authentication();

\ir realtime.psql

-- with a Realtime that fails
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
begin
  raise exception 'out of order';
end
$$;
select pg_temp.authenticate_as('ada');
select lives_ok($$ select public.start_session('third', takeover => true) $$, 'C4: with one that fails, too');
select pg_temp.act_as('service_role');
select lives_ok(
  format('select public.revoke_session(%L)', pg_temp.user_id('ada')), 'C4: so does a revocation'
);
select pg_temp.clear_authentication();
select results_eq(
  $$ select h.session_id, h.end_reason from pg_temp.history('ada') h $$,
  $$ values ('first', 'taken_over'), ('second', 'taken_over'), ('third', 'revoked') $$,
  'each session has ended'
);

select * from finish();
rollback;
