// Guards of the SQL, and how to take them out: each a fault that the model must
// find, or the test that did not find it is of no use.
import assert from "node:assert/strict";
import type { Database } from "./database.ts";

/** A fault. */
export interface Mutation {
  /** What goes wrong. */
  fault: string;
  /** The function, in the schema sessions. */
  where: string;
  /** What stands there. */
  instead: string;
  /** What is put in its place. */
  of: string;
}

/** Faults that one call after the other shows. */
export const seenOneByOne: Mutation[] = [
  {
    fault: "any of a user's tabs speaks for the live session",
    where: "lock_live",
    instead: "and a.session_id = lock_live.session_id",
    of: "",
  },
  {
    fault: "an id that has ended may start again",
    where: "start_session",
    instead:
      "where h.user_id = v_user and h.session_id = start_session.session_id",
    of: "where false",
  },
  {
    fault: "a change of the settings takes back a lease",
    where: "renew",
    instead:
      "greatest(x.expires_at, least(a.updated_at + s.lease, a.deadline_at))",
    of: "least(a.updated_at + s.lease, a.deadline_at)",
  },
  {
    fault: "what the reaper has not swept is still live",
    where: "holds_session",
    instead: "and a.expires_at > clock_timestamp()",
    of: "",
  },
  {
    fault: "a session ends when the reaper comes",
    where: "reap_batch",
    instead: "g.updated_at, g.expires_at",
    of: "g.updated_at, at",
  },
];

/** Faults that only calls at the same time show. */
export const seenTogether: Mutation[] = [
  {
    fault: "starts of a user do not wait for each other",
    where: "start_session",
    instead: "perform sessions.hold_starts(v_user);",
    of: "",
  },
  {
    fault: "a start does not lock the session it finds",
    where: "start_session",
    instead: "where a.user_id = v_user\n  for update;",
    of: "where a.user_id = v_user;",
  },
  {
    fault: "a start that had to wait judges by when it began",
    where: "start_session",
    instead: "v_now := clock_timestamp();",
    of: "v_now := now();",
  },
  {
    fault: "the end of a session does not wait for who is busy with it",
    where: "end_session",
    instead: "and a.session_id = end_session.session_id\n  for update;",
    of: "and a.session_id = end_session.session_id;",
  },
];

/** What keeps the locks in one order. */
export const userNotHeld: Mutation = {
  fault: "a session is locked before its user",
  where: "end_session",
  instead: "sessions.held_caller()",
  of: "sessions.caller()",
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
    `${m.where} holds this guard once: ${m.instead}`,
  );
  await sql.unsafe(definition.replace(m.instead, () => m.of)).simple();
}
