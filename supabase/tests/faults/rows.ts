// Sessions by the thousand, put into the table as if they had been started and
// heard from; and what became of them.
import type postgres from "postgres";

/** So many sessions, each of a user of its own, as old as is said. */
export async function seed(
  superuser: postgres.Sql,
  o: {
    /** What their ids begin with; a number follows. */
    prefix: string;
    count: number;
    /** How long ago they began. */
    began: string;
    /** How long ago they were last heard from. */
    heard: string;
  },
) {
  await superuser.begin(async (transaction) => {
    // the foreign key is right by construction, and this is a lot of rows
    await transaction`set local session_replication_role = replica`;
    await transaction`
      with users as (
        insert into auth.users (id, email)
        select gen_random_uuid(), ${o.prefix} || n || '@example.com'
        from generate_series(1, ${o.count}) n
        returning id, email
      )
      insert into public.active_interview_sessions (
        user_id, session_id, fence, created_at, updated_at, expires_at, deadline_at
      )
      select
        u.id, split_part(u.email, '@', 1), nextval('sessions.fence'),
        now() - ${o.began}::interval, now() - ${o.heard}::interval,
        now() - ${o.heard}::interval + s.lease,
        now() - ${o.began}::interval + s.max_duration
      from users u
      cross join sessions.settings s`;
  });
}

/** How many there are of this prefix, live or not, and in the history. */
export async function countOf(
  sql: postgres.Sql,
  prefix: string,
): Promise<{ rows: number; history: number }> {
  const [count] = await sql<{ rows: number; history: number }[]>`
    select
      (
        select count(*)::integer from public.active_interview_sessions a
        where a.session_id ^@ ${prefix}
      ) as rows,
      (
        select count(*)::integer from public.interview_session_history h
        where h.session_id ^@ ${prefix}
      ) as history`;
  return count;
}

/** Deletes all sessions and runs of the reaper. */
export async function clear(superuser: postgres.Sql) {
  await superuser`truncate
    public.active_interview_sessions, public.interview_session_history,
    sessions.revocations, sessions.reaper_runs`;
}
