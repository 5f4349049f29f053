-- The app's own table: what a candidate has answered. It is guarded by holds_session(), so that a window that no longer
-- has the interview can write nothing any more. May be run again; wants the migrations of interview sessions before it.

create table if not exists public.interview_answers (
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  session_id text not null,
  fence bigint not null,
  question smallint not null check (question between 1 and 100),
  answer text not null check (char_length(answer) <= 20000),
  saved_at timestamptz not null default now(),
  primary key (user_id, session_id, question)
);
comment on table public.interview_answers is
  'What candidates have answered; session_id and fence say in which interview, and at which grant of it.';

revoke all on public.interview_answers from public, anon, authenticated, service_role;
grant select, insert, update on public.interview_answers to authenticated;
alter table public.interview_answers enable row level security;

-- "(select …)" is evaluated once for a statement, not once for a row; holds_session() has to see the row.
drop policy if exists "candidates read their own answers" on public.interview_answers;
create policy "candidates read their own answers"
  on public.interview_answers
  for select
  to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "who holds the interview answers" on public.interview_answers;
create policy "who holds the interview answers"
  on public.interview_answers
  for insert
  to authenticated
  with check (user_id = (select auth.uid()) and public.holds_session(session_id, fence));

drop policy if exists "who holds the interview changes its answers" on public.interview_answers;
create policy "who holds the interview changes its answers"
  on public.interview_answers
  for update
  to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()) and public.holds_session(session_id, fence));

-- PostgREST then knows the table at once.
notify pgrst, 'reload schema';
