// Functions that depend on the broom: each forgets in one place that a stale row
// is over. What is to find such a thing must find these.
import assert from "node:assert/strict";
import type { Database } from "../../../scripts/test/databases.ts";
import type { LifecycleFunction } from "./twins.ts";

/** A function that has been made wrong. */
export interface Mutant {
  /** What it forgets. */
  forgets: string;
  /** The function that is changed. */
  in: string;
  /** What stands in it. */
  from: string;
  /** What stands there instead. */
  to: string;
  /** The function of the API where it shows. */
  seenIn: LifecycleFunction;
  /** Does only a time go wrong? */
  inTimesOnly?: boolean;
}

/** Each is wrong in one place. */
export const mutants: Mutant[] = [
  {
    forgets: "that a stale session cannot be renewed",
    in: "lock_live",
    from: " or v_row.expires_at <= v_now",
    to: "",
    seenIn: "heartbeat_session",
  },
  {
    forgets: "that a stale session cannot be handed in",
    in: "lock_live",
    from: " or v_row.expires_at <= v_now",
    to: "",
    seenIn: "complete_session",
  },
  {
    forgets: "that a stale session holds nobody up",
    in: "start_session",
    from: "found and v_row.expires_at > v_now",
    to: "found",
    seenIn: "start_session",
  },
  {
    forgets: "that a stale session's id is used up",
    in: "how_it_ended",
    from: "and a.expires_at <= clock_timestamp()",
    to: "and false",
    seenIn: "start_session",
  },
  {
    forgets: "that a stale session is not taken over",
    in: "start_session",
    from: "case when v_live then v_row.session_id end",
    to: "v_row.session_id",
    seenIn: "start_session",
  },
  {
    forgets: "that a stale session has ended already",
    in: "retire",
    from: "v_live boolean := a.expires_at > at",
    to: "v_live boolean := true",
    seenIn: "end_session",
  },
  {
    forgets: "when a stale session has ended",
    in: "retire",
    from: "least(a.expires_at, at)",
    to: "at",
    seenIn: "end_session",
    inTimesOnly: true,
  },
  {
    forgets: "that a stale session is not held",
    in: "holds_session",
    from: "and a.expires_at > clock_timestamp()",
    to: "",
    seenIn: "holds_session",
  },
  {
    forgets: "that a stale session cannot be revoked",
    in: "revoke_session",
    from: "v_row.expires_at > v_now",
    to: "v_row.expires_at is not null",
    seenIn: "revoke_session",
  },
];

/** Has the function wrong in these databases while `work` is done. */
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

/** Makes the function wrong, and returns what it was. */
async function mutate(database: Database, mutant: Mutant): Promise<string> {
  const [{ original }] = await database.connected((sql) =>
    sql<{ original: string }[]>`
      select pg_get_functiondef(p.oid) as original
      from pg_proc p
      where p.proname = ${mutant.in}
        and p.pronamespace in (
          'sessions'::regnamespace, to_regnamespace('unswept')
        )
      -- where a twin stands in front of it, the function itself
      order by p.pronamespace = 'sessions'::regnamespace
      limit 1`
  );
  assert(
    original.split(mutant.from).length === 2,
    `"${mutant.from}" does not stand once in ${mutant.in}()`,
  );
  await define(database, original.replace(mutant.from, () => mutant.to));
  return original;
}

async function define(database: Database, definition: string) {
  await database.connected((sql) => sql.unsafe(definition).simple());
}
