// Faults in the SQL: each takes out one guard. A model test that does not notice
// them proves nothing.
import assert from "node:assert/strict";
import type { Database } from "./database.ts";

/** A fault. */
export interface Mutation {
  /** What goes wrong. */
  fault: string;
  /** The function, in the schema sessions. */
  where: string;
  /** The guard, which occurs there once. */
  instead: string;
  /** What replaces it. */
  of: string;
}

/** Faults that show when one call follows the other. */
export const seenOneByOne: Mutation[] = [
  {
    fault: "any page of a user renews the live session",
    where: "heartbeat_session",
    instead: "and a.session_id = heartbeat_session.session_id",
    of: "",
  },
  {
    fault: "an id that has ended starts again",
    where: "start_session",
    instead: "elsif v_end.ended_at is not null then",
    of: "elsif false then",
  },
  {
    fault: "an id stays used after its retention",
    where: "start_session",
    instead: "if v_end.ended_at < v_kept_since then",
    of: "if false then",
  },
  {
    fault: "a session starts that was ended before",
    where: "start_session",
    instead:
      "where e.user_id = v_user and e.session_id = start_session.session_id",
    of: "where false",
  },
  {
    fault: "a change of the settings shortens a lease",
    where: "heartbeat_session",
    instead:
      "greatest(a.expires_at, least(v_now + v_settings.lease, a.deadline_at))",
    of: "least(v_now + v_settings.lease, a.deadline_at)",
  },
  {
    fault: "complete shortens a deadline",
    where: "complete_session",
    instead: "greatest(v_row.deadline_at, v_now + v_settings.completing_grace)",
    of: "v_now + v_settings.completing_grace",
  },
  {
    fault: "a stale session is held until it is reaped",
    where: "is_held",
    instead: "and a.expires_at > clock_timestamp()",
    of: "",
  },
  {
    fault: "a session ends when the reaper comes",
    where: "retire_stale",
    instead: "greatest(g.created_at, g.expires_at)",
    of: "clock_timestamp()",
  },
  {
    fault: "every session of an interview has its own clock",
    where: "start_session",
    instead:
      "coalesce(v_interview.deadline_at, v_now + v_settings.max_duration)",
    of: "v_now + v_settings.max_duration",
  },
  {
    fault: "only a takeover names the session before",
    where: "start_session",
    instead: "else v_interview.last_session_id end",
    of: "else v_row.session_id end",
  },
  {
    fault: "a submitted interview starts again",
    where: "start_session",
    instead: "elsif v_interview.submitted_at is not null then",
    of: "elsif false then",
  },
  {
    fault: "an interview starts again after its deadline",
    where: "start_session",
    instead: "elsif v_interview.deadline_at <= v_now then",
    of: "elsif false then",
  },
  {
    fault: "an interview stays over after its retention",
    where: "start_session",
    instead: "if v_interview.deadline_at < v_kept_since then",
    of: "if false then",
  },
  {
    fault: "a forgotten interview is extended until it is pruned",
    where: "extend",
    instead: "and i.deadline_at >= v_now - v_settings.history_retention",
    of: "",
  },
  {
    fault: "an extension leaves the live session as it is",
    where: "extend",
    instead: "where a.user_id = v_row.user_id and a.expires_at > v_now",
    of: "where false",
  },
  {
    fault: "an extension revives a stale session",
    where: "extend",
    instead: "and a.expires_at > v_now",
    of: "",
  },
  {
    fault: "a takeover goes through although it is refused",
    where: "start_session",
    instead: "or v_settings.takeover = 'refused'",
    of: "",
  },
];

/** Faults that only calls at the same time show. */
export const seenTogether: Mutation[] = [
  {
    fault: "starts of a user do not wait for each other",
    where: "lock_user",
    instead: "perform pg_advisory_xact_lock(v_starts);",
    of: "",
  },
  {
    fault: "a start does not lock the session that it finds",
    where: "start_session",
    instead: "where a.user_id = v_user for update;",
    of: "where a.user_id = v_user;",
  },
  {
    fault: "a start that waited is judged by when it began",
    where: "start_session",
    instead: "v_now := clock_timestamp();",
    of: "v_now := now();",
  },
  {
    fault: "an end does not lock the session",
    where: "end_session",
    instead: "and a.session_id = end_session.session_id\n  for update;",
    of: "and a.session_id = end_session.session_id;",
  },
  {
    fault: "an end does not wait for a start that is under way",
    where: "end_session",
    instead: "not sessions.lock_user(v_user)",
    of: "not exists (select from auth.users u where u.id = v_user)",
  },
];

/** Without this the locks are not taken in one order. */
export const userNotLocked: Mutation = {
  fault: "a session is locked before its user",
  where: "end_session",
  instead: "not sessions.lock_user(v_user)",
  of: "not exists (select from auth.users u where u.id = v_user)",
};

/** Builds the fault into the database. */
export async function mutate({ sql }: Database, m: Mutation) {
  const [{ definition }] = await sql<{ definition: string }[]>`
    select pg_get_functiondef(p.oid) as definition
    from pg_proc p
    where p.pronamespace = 'sessions'::regnamespace and p.proname = ${m.where}`;
  assert.equal(
    definition.split(m.instead).length,
    2,
    `${m.where} does not contain this guard once: ${m.instead}`,
  );
  await sql.unsafe(definition.replace(m.instead, () => m.of)).simple();
}
