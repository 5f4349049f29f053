// Crashes during a load, one after the other on the same server; after each, what
// was acknowledged is looked for.
import assert from "node:assert/strict";
import type postgres from "postgres";
import { ask, type Ledger, losses, newLedger, startLoad } from "./load.ts";
import {
  connected,
  connectTo,
  damages,
  newUsers,
  type OwnServer,
  ownServer,
  tablesOf,
  times,
  withFolder,
} from "./support.ts";

/** Load, crash, recovery, account; on one server, so that faults add up. */
export async function crashAgainAndAgain(
  crash: (server: OwnServer) => Promise<void>,
): Promise<{ heartbeats: number; ledger: Ledger }> {
  const ledger = newLedger();
  let heartbeats = 0;
  await withFolder(async (folder) => {
    const server = await ownServer(folder);
    try {
      const users = await connected(
        server.url("supabase_admin"),
        (sql) => newUsers(sql, 8),
      );
      for (let crashes = 0; crashes < times; crashes++) {
        const load = startLoad(server.url(), users, ledger);
        await load.untilAnswered(5);
        await crash(server);
        await load.ended;
        assert(ledger.unanswered.length > 0, "no call was under way");

        await connected(server.url("supabase_admin"), async (sql) => {
          heartbeats += await assertNothingLost(sql, ledger);
        });
        await retryUnanswered(server, ledger);
      }
      await connected(server.url("supabase_admin"), async (sql) => {
        await assertNothingLost(sql, ledger);
        assert.deepEqual(await damages(sql), []);
      });
    } finally {
      await server.stop();
    }
  });
  return { heartbeats, ledger };
}

/** How many heartbeats are not there; anything else fails. */
async function assertNothingLost(
  superuser: postgres.Sql,
  ledger: Ledger,
): Promise<number> {
  const tables = await tablesOf(superuser);
  const { lost, heartbeats } = losses(ledger, tables);
  assert.deepEqual(lost, []);
  assert.deepEqual(await damages(superuser), []);

  const acknowledged = [...ledger.grants.values()].map(({ fence }) => fence);
  assert.equal(new Set(acknowledged).size, acknowledged.length);
  const [{ next }] = await superuser<{ next: string }[]>`
    select nextval('sessions.fence') as next`;
  assert(Number(next) > Math.max(...acknowledged), "a fence came again (B4)");

  // from here on, the clients know of the lost heartbeats
  for (const { session_id, updated_at } of tables.active.values()) {
    if (ledger.lastSeen.has(session_id)) {
      ledger.lastSeen.set(session_id, updated_at);
    }
  }
  return heartbeats;
}

/** Their clients send them again, and go by the answer. */
async function retryUnanswered(server: OwnServer, ledger: Ledger) {
  const retries = ledger.unanswered.splice(0);
  const sql = connectTo(server.url());
  try {
    for (const asked of retries) await ask(sql, asked, ledger);
  } finally {
    await sql.end();
  }
}

/** What was going on, for the table. */
export function underLoad({ answers }: Ledger): string {
  const calls = Object.entries(answers)
    .filter(([name]) => name !== "takeover" && name !== "continuation")
    .reduce((sum, [, count]) => sum + count, 0);
  return `12 connections starting, renewing, completing, ending and taking over sessions of 8 users, half of them in interviews (${calls} calls answered in all)`;
}

/** What was lost, for the table. */
export function heartbeatsOnly(heartbeats: number): string {
  return heartbeats === 0
    ? "nothing"
    : `the last heartbeat of ${heartbeats} sessions, which the next one makes up for`;
}
