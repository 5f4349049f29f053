// What a full disk does, tried on a small one. A program, since a test cannot
// move into a place where it may mount one: full_disk.test.ts starts it there.
// Arguments: what is to be tried; a folder on the small disk; one on another,
// for the log. Fails by an exception.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { ask, losses, newLedger } from "./load.ts";
import {
  call,
  codeOf,
  connectTo,
  damages,
  isLostConnection,
  newUsers,
  type OwnServer,
  ownServer,
  tablesOf,
} from "./support.ts";

const [what, disk, folder] = Deno.args;
const filler = `${disk}/filler`;
const ledger = newLedger();

const server = await ownServer(folder, { dataDir: `${disk}/data` });
let [superuser, client] = connections();
try {
  assert.deepEqual(await damages(superuser), []);
  const users = await newUsers(superuser, 2000);
  if (what === "no room for data") await noRoomForData(users);
  else await noRoomForTheLog(server, users);
} finally {
  await endConnections();
  await server.stop();
}

async function noRoomForData([first, ...others]: string[]) {
  const session = randomUUID();
  await start(first, session);

  fillUp();
  const refused = await startUntilRefused(others);
  const tried = { name: "heartbeat_session", session } as const;
  // a heartbeat stays in its page, and needs no room
  await ask(client, { user: first, call: tried }, ledger);
  const full = await tablesOf(superuser);
  assert(!full.active.has(refused.session), "a refused start left its row");
  assert.deepEqual(losses(ledger, full).lost, []);

  makeRoom();
  await start(refused.user, refused.session);
  await start(first, randomUUID(), true);
  await assertSound();
}

async function noRoomForTheLog(server: OwnServer, [first]: string[]) {
  const session = randomUUID();
  await start(first, session);

  fillUp();
  let lost = false;
  while (!lost) {
    // it would take a while to use up what there is of the log
    await codeOf(superuser`select pg_switch_wal()`);
    try {
      await call(client, first, { name: "complete_session", session });
    } catch (error) {
      lost = isLostConnection(error);
      if (!lost) assert.equal((error as { code?: string }).code, "53100");
    }
  }
  // without a log it cannot promise anything, and prefers not to run
  await server.exited();

  makeRoom();
  await server.start();
  // those of before would take the server's last words for an answer
  await endConnections();
  [superuser, client] = connections();
  await start(first, session);
  await start(first, randomUUID(), true);
  await assertSound();
}

function connections(): [superuser: postgres.Sql, client: postgres.Sql] {
  return [connectTo(server.url("supabase_admin")), connectTo(server.url())];
}

async function endConnections() {
  for (const sql of [superuser, client]) await sql.end({ timeout: 0 });
}

async function start(user: string, session: string, takeover = false) {
  const call = { name: "start_session", session, takeover } as const;
  assert(await ask(client, { user, call }, ledger));
}

/** Whose start there was no room for, and which. */
async function startUntilRefused(
  users: string[],
): Promise<{ user: string; session: string }> {
  for (const user of users) {
    const session = randomUUID();
    try {
      await start(user, session);
    } catch (error) {
      const { code, message, hint } = error as postgres.PostgresError;
      assert.equal(code, "53100", message);
      assert.match(message, /No space left on device/);
      assert.match(hint ?? "", /free disk space/);
      return { user, session };
    }
  }
  throw new Error("there was room for all of them");
}

async function assertSound() {
  assert.deepEqual(losses(ledger, await tablesOf(superuser)).lost, []);
  assert.deepEqual(await damages(superuser), []);
}

/** Takes all the room that there is. */
function fillUp() {
  const file = Deno.openSync(filler, { create: true, append: true });
  try {
    for (let size = 65536; size >= 512;) {
      try {
        file.writeSync(new Uint8Array(size));
      } catch {
        size /= 2;
      }
    }
  } finally {
    file.close();
  }
}

function makeRoom() {
  Deno.removeSync(filler);
}
