-- The app's own table: the candidates' answers. It is guarded by holds_session(): a page that no longer holds the
-- interview can write nothing. May be applied again; needs the migrations of interview sessions.

create table if not exists public.interview_answers (
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  -- each candidate has one interview; its id is also in src/interview.ts
  interview_id text not null constraint one_interview check (interview_id = 'application'),
  question smallint not null check (question between 1 and 100),
  answer text not null check (char_length(answer) <= 20000),
  session_id text not null,
  fence bigint not null,
  revision bigint not null,
  saved_at timestamptz not null default clock_timestamp(),
  primary key (user_id, interview_id, question)
);

-- A table of the first version, which had the answers of each session apart: the latest ones are kept.
do $$
begin
  if not exists (
    select from information_schema.columns
    where table_schema = 'public' and table_name = 'interview_answers' and column_name = 'revision'
  ) then
    drop policy "who holds the interview answers" on public.interview_answers;
    drop policy "who holds the interview changes its answers" on public.interview_answers;
    delete from public.interview_answers a using public.interview_answers later
    where later.user_id = a.user_id and later.question = a.question and later.fence > a.fence;
    alter table public.interview_answers
      add column interview_id text not null default 'application' constraint one_interview check (interview_id = 'application'),
      add column revision bigint not null default 0,
      drop constraint interview_answers_pkey,
      add primary key (user_id, interview_id, question);
    alter table public.interview_answers alter column interview_id drop default, alter column revision drop default;
  end if;
end
$$;

comment on table public.interview_answers is
  'The candidates'' answers. The newest one has the greatest (fence, revision): the grant under which it was written, and the change within it.';

revoke all on public.interview_answers from public, anon, authenticated, service_role;
grant select, insert, update on public.interview_answers to authenticated;
alter table public.interview_answers enable row level security;

-- "(select …)" is evaluated once per statement, not once per row; holds_session() needs the row.
drop policy if exists "candidates read their own answers" on public.interview_answers;
create policy "candidates read their own answers"
  on public.interview_answers
  for select
  to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "only the holder of the interview answers" on public.interview_answers;
create policy "only the holder of the interview answers"
  on public.interview_answers
  for insert
  to authenticated
  with check (user_id = (select auth.uid()) and public.holds_session(session_id, fence, interview_id));

drop policy if exists "only the holder of the interview changes answers" on public.interview_answers;
create policy "only the holder of the interview changes answers"
  on public.interview_answers
  for update
  to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()) and public.holds_session(session_id, fence, interview_id));

create or replace function public.keep_the_newest_answer()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and (new.fence, new.revision) <= (old.fence, old.revision) then
    return old;
  end if;
  new.saved_at = clock_timestamp();
  return new;
end
$$;
comment on function public.keep_the_newest_answer() is
  'Drops an older version of an answer without an error: a late or repeated save changes nothing.';

create or replace trigger keep_the_newest_answer
  before insert or update on public.interview_answers
  for each row execute function public.keep_the_newest_answer();

create or replace function public.interview_seconds()
returns integer
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select extract(epoch from s.max_duration)::integer from sessions.settings s
$$;
comment on function public.interview_seconds() is 'How long an interview takes. For the start page.';
revoke all on function public.interview_seconds() from public, anon, authenticated, service_role;
grant execute on function public.interview_seconds() to authenticated;

-- PostgREST then knows the table at once.
notify pgrst, 'reload schema';
