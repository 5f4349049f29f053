// Functions whose answers depend on the reaper: each forgets in one place that a
// stale row is over, or that an old row is forgotten. The tests must notice.
import assert from "node:assert/strict";
import type { Database } from "../../../scripts/test/databases.ts";
import type { LifecycleFunction } from "./twins.ts";

/** A function with a fault. */
export interface Mutant {
  /** What it forgets. */
  forgets: string;
  /** The function that is changed, in the schema sessions. */
  in: string;
  /** What occurs there once. */
  from: string;
  /** What replaces it. */
  to: string;
  /** The function of the API where it shows. */
  seenIn: LifecycleFunction;
  /** Does no pgTAP file show it? */
  inStatesOnly?: boolean;
}

/** Each has one fault. */
export const mutants: Mutant[] = [
  {
    forgets: "that a stale session cannot be renewed",
    in: "heartbeat_session",
    from: "not found or v_expires_at <= v_now",
    to: "not found",
    seenIn: "heartbeat_session",
  },
  {
    forgets: "that a stale session cannot be completed",
    in: "complete_session",
    from: "not found or v_row.expires_at <= v_now",
    to: "not found",
    seenIn: "complete_session",
  },
  {
    forgets: "how a stale session ended",
    in: "refuse_not_live",
    from: "and a.expires_at <= v_now",
    to: "and false",
    seenIn: "heartbeat_session",
  },
  {
    forgets: "that an ended session is forgotten",
    in: "refuse_not_live",
    from: "where e.ended_at >= v_kept_since",
    to: "where true",
    seenIn: "heartbeat_session",
  },
  {
    forgets: "that a stale session holds nobody up",
    in: "start_session",
    from: "if v_row.expires_at <= v_now then",
    to: "if false then",
    seenIn: "start_session",
  },
  {
    forgets: "that an ended session is forgotten",
    in: "start_session",
    from: "if v_end.ended_at < v_kept_since then",
    to: "if false then",
    seenIn: "start_session",
  },
  {
    forgets: "that an interview is forgotten",
    in: "start_session",
    from: "if v_interview.deadline_at < v_kept_since then",
    to: "if false then",
    seenIn: "start_session",
  },
  {
    forgets: "that a stale session has ended already",
    in: "retire",
    from: "when a.expires_at > at then",
    to: "when retire.end_reason is not null then",
    seenIn: "end_session",
  },
  {
    forgets: "when a stale session ended",
    in: "retire",
    from: "least(a.expires_at, at)",
    to: "at",
    seenIn: "end_session",
    // only a time is wrong
    inStatesOnly: true,
  },
  {
    forgets: "that an ended session is forgotten",
    in: "end_session",
    from: "if v_ended.ended_at >= v_now - v_settings.history_retention then",
    to: "if v_ended.ended_at is not null then",
    seenIn: "end_session",
  },
  {
    forgets: "that a stale session is not held",
    in: "is_held",
    from: "and a.expires_at > clock_timestamp()",
    to: "",
    seenIn: "holds_session",
  },
  {
    forgets: "that a stale session is not held",
    in: "is_held",
    from: "and a.expires_at > clock_timestamp()",
    to: "",
    seenIn: "user_holds_session",
  },
  {
    forgets: "that a stale session cannot be revoked",
    in: "revoke",
    from: "v_row.expires_at > v_now",
    to: "v_row.expires_at is not null",
    seenIn: "revoke_session",
  },
  {
    forgets: "that a stale session is not extended",
    in: "extend",
    from: "and a.expires_at > v_now",
    to: "",
    seenIn: "extend_interview",
    // the answer is the same, but not what is left
    inStatesOnly: true,
  },
  {
    forgets: "that an interview is forgotten",
    in: "extend",
    from: "and i.deadline_at >= v_now - v_settings.history_retention",
    to: "",
    seenIn: "extend_interview",
  },
];

/** Runs `work` while the function has its fault in these databases. */
export async function withMutant<T>(
  databases: Database[],
  mutant: Mutant,
  work: () => Promise<T>,
): Promise<T> {
  const originals: string[] = [];
  try {
    for (const database of databases) {
      originals.push(await mutate(database, mutant));
    }
    return await work();
  } finally {
    for (const [n, original] of originals.entries()) {
      await define(databases[n], original);
    }
  }
}

/** Puts the fault in place, and returns the definition of before. */
async function mutate(database: Database, mutant: Mutant): Promise<string> {
  const [{ original }] = await database.connected((sql) =>
    sql<{ original: string }[]>`
      select pg_get_functiondef(p.oid) as original
      from pg_proc p
      where p.proname = ${mutant.in}
        and p.pronamespace in (
          'sessions'::regnamespace, to_regnamespace('unswept')
        )
      -- the function itself, not its twin
      order by p.pronamespace = 'sessions'::regnamespace
      limit 1`
  );
  assert(
    original.split(mutant.from).length === 2,
    `"${mutant.from}" does not occur once in ${mutant.in}()`,
  );
  await define(database, original.replace(mutant.from, () => mutant.to));
  return original;
}

async function define(database: Database, definition: string) {
  await database.connected((sql) => sql.unsafe(definition).simple());
}
