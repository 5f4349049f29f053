// Functions that are wrong on purpose, to show that a test notices. Each replaces a
// whole function of the contract by its signature, so that it stays wrong however
// the right one is written.
import type postgres from "postgres";

/** A function that is wrong. */
export interface WrongFunction {
  /** What is wrong. */
  fault: string;
  /** The definition. */
  sql: string;
}

/** Wrong even if no other call is made. */
export const holdsWhatIsOver: WrongFunction = {
  fault: "a session is held after its lease",
  sql: `
    create or replace function sessions.holds_session(
      session_id text,
      fence bigint default null,
      interview_id text default null
    )
    returns boolean
    language sql
    stable
    security definer
    as $$
      select exists (
        select from public.active_interview_sessions a
        where a.user_id = auth.uid() and a.session_id = holds_session.session_id
      )
    $$`,
};

/** Right unless another start comes in between. */
export const startChecksThenActs: WrongFunction = {
  fault:
    "a start that finds no live session takes over the one that comes next",
  sql: `
    create or replace function public.start_session(
      session_id text,
      takeover boolean default false,
      device text default null,
      interview_id text default null
    )
    returns public.active_interview_sessions
    language plpgsql
    as $$
    declare
      v_is_free boolean;
    begin
      -- RLS shows a user's row only while it is live.
      select not exists (select from public.active_interview_sessions)
      into v_is_free;
      perform pg_sleep(0.01);
      return sessions.start_session(
        session_id, takeover or v_is_free, device, interview_id
      );
    end
    $$`,
};

/** Right, but deadlocks with a start. */
export const endLocksTheSessionFirst: WrongFunction = {
  fault: "an end locks the session before the user",
  sql: `
    create or replace function public.end_session(
      session_id text,
      reason text default null
    )
    returns setof public.interview_session_history
    language plpgsql
    security definer
    as $$
    begin
      perform from public.active_interview_sessions a
      where a.user_id = auth.uid() and a.session_id = end_session.session_id
      for update;
      return query select * from sessions.end_session(session_id, reason);
    end
    $$`,
};

/** Puts it in the place of the right one. */
export async function makeWrong(
  sql: postgres.Sql,
  { sql: text }: WrongFunction,
) {
  await sql.unsafe(text).simple();
}
