// The answer to a call is lost: the connection is cut at COMMIT, or the client
// dies. Nobody can know then whether it was carried out, and nobody needs to:
// the same call again has the same outcome.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type postgres from "postgres";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import {
  type LastingDatabase,
  makeCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { configOf, offline } from "../../../scripts/test/deno_command.ts";
import {
  type Active,
  asUser,
  type Call,
  call,
  codeOf,
  connectTo,
  type Ended,
  isLostConnection,
  newUsers,
  report,
  type Tables,
  tablesOf,
  textOf,
  times,
} from "./support.ts";
import { type Cut, layWire, type Wire } from "./wire.ts";

let database: LastingDatabase;
let superuser: postgres.Sql;
let wire: Wire;

Deno.test.beforeAll(async () => {
  database = await makeCopyOf("migrated");
  superuser = connectTo(database.url("supabase_admin"), 2);
  wire = layWire(Number(new URL(database.url()).port));
});
Deno.test.afterAll(async () => {
  await wire.remove();
  await superuser.end();
  await database.drop();
});

/** A call that is going to be lost, and what it meets. */
interface Scene {
  user: string;
  call: Call;
  /** The session of before, if there is one. */
  before?: Active;
}

type Kind = Call["name"] | "takeover";

const kinds: Kind[] = [
  "start_session",
  "takeover",
  "heartbeat_session",
  "complete_session",
  "end_session",
];

Deno.test("R3, R12, B6: a connection cut at COMMIT, which was carried out: the same call again has the same outcome", async (t) => {
  const where = "after the server has done it";
  await eachKind(async (scene) => {
    let done: Tables | undefined;
    await cutOff(scene, where, async () => {
      done = await tablesOf(superuser);
    });
    assert(done);
    const then = stateOf(scene, done);
    assert.notDeepEqual(then, stateBefore(scene), "it was not carried out");

    const again = await calledAgain(scene);
    const after = stateOf(scene, await tablesOf(superuser));
    if (scene.call.name === "end_session") {
      assert.deepEqual(again, then.ended);
      assert.deepEqual(after, then);
      return;
    }
    // the same grant, and nothing new in the history; a lease renewed
    assert.deepEqual(asGranted(again as Active), asGranted(then.live));
    assert.deepEqual(after, { ...then, live: again });
  });
  report({
    test: t.name,
    produced:
      "the server's answers to COMMIT kept back, then the connection cut; " +
      "each of start, takeover, heartbeat, complete and end",
    times: times * kinds.length,
    lost: "the answer, which the retry gives again",
  });
});

Deno.test("M13, B6: a connection cut at COMMIT, which the server never heard: nothing was done, and the same call again does it", async (t) => {
  const where = "before the server hears it";
  await eachKind(async (scene) => {
    let then: Tables | undefined;
    await cutOff(scene, where, async () => {
      then = await tablesOf(superuser);
      // the witness: all of it was done, but for the COMMIT
      const [{ open }] = await superuser<{ open: number }[]>`
        select count(*)::integer as open
        from pg_stat_activity
        where datname = current_database()
          and state = 'idle in transaction'
          and backend_xid is not null`;
      assert.equal(open, 1);
    });
    assert(then);
    assert.deepEqual(stateOf(scene, then), stateBefore(scene));

    const again = await calledAgain(scene);
    const after = stateOf(scene, await tablesOf(superuser));
    assert.notDeepEqual(after, stateBefore(scene));
    assert.deepEqual(
      scene.call.name === "end_session" ? after.ended : after.live,
      again,
    );
  });
  report({
    test: t.name,
    produced: "COMMIT kept back from the server, then the connection cut; " +
      "each of start, takeover, heartbeat, complete and end",
    times: times * kinds.length,
    lost:
      "the call, which nobody was told had been done; its locks went with it",
  });
});

Deno.test("R3, R12, M13: a client killed before it reads its answer: its next process has the same session, or the same end", async (t) => {
  for (const kind of ["start_session", "end_session"] as const) {
    const scene = await set(kind);
    const client = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--allow-all", "--no-check", ...offline, ...configOf()],
        join(repositoryRoot, "supabase/tests/faults/one_call.ts"),
        ...[wire.through(database.url("authenticator")), scene.user],
        JSON.stringify(scene.call),
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const killed = wire.cutAtCommit(
      "after the server has done it",
      () => {
        client.kill("SIGKILL");
        return Promise.resolve();
      },
    );
    const output = await client.output();
    assert.equal(output.signal, "SIGKILL", decoded(output.stderr));
    assert.equal(decoded(output.stdout), "");
    await killed;

    const then = stateOf(scene, await tablesOf(superuser));
    assert.notDeepEqual(then, stateBefore(scene));
    const again = await calledAgain(scene);
    if (kind === "end_session") {
      assert.deepEqual(again, then.ended);
    } else {
      assert.deepEqual(asGranted(again as Active), asGranted(then.live));
      assert.deepEqual(stateOf(scene, await tablesOf(superuser)).history, []);
    }
  }
  report({
    test: t.name,
    produced: "`kill -9` of a client process between the server's COMMIT and " +
      "the answer; a start and an end",
    times: 2,
    lost: "the answer, which the retry gives again",
  });
});

Deno.test("R3, B4: a lost start that comes again after its session has ended is refused, and brings nothing back", async (t) => {
  const scene = await set("start_session");
  await cutOff(scene, "after the server has done it");
  const { user } = scene;
  const other: Call = {
    name: "start_session",
    session: randomUUID(),
    takeover: true,
  };
  await calledAgain({ user, call: other });

  assert.equal(await codeOf(calledAgain(scene)), "PT410");

  const { active, history } = await tablesOf(superuser);
  assert(active.has(other.session));
  assert(!active.has(scene.call.session));
  assert.equal(history.get(scene.call.session)?.end_reason, "taken_over");
  report({
    test: t.name,
    produced:
      "the connection cut as before, and another tab takes over before the retry",
    times: 1,
    lost: "nothing: the retry is told that its session is over (`PT410`)",
  });
});

async function eachKind(work: (scene: Scene) => Promise<void>) {
  for (let round = 0; round < times; round++) {
    for (const kind of kinds) await work(await set(kind));
  }
}

/** Gives a new user what the call needs to find. */
async function set(kind: Kind): Promise<Scene> {
  const [user] = await newUsers(superuser, 1);
  const session = randomUUID();
  const start: Call = { name: "start_session", session, takeover: false };
  if (kind === "start_session") return { user, call: start };
  const before = await calledAgain({ user, call: start }) as Active;
  return kind === "takeover"
    ? {
      user,
      call: { ...start, session: randomUUID(), takeover: true },
      before,
    }
    : { user, call: { name: kind, session }, before };
}

/** Makes the call over the wire, which is cut. */
async function cutOff(
  { user, call }: Scene,
  where: Cut,
  then?: () => Promise<void>,
) {
  const cut = wire.cutAtCommit(where, then);
  const sql = connectTo(wire.through(database.url("authenticator")));
  const asked = asUser(
    sql,
    user,
    (transaction) => transaction.unsafe(textOf(call)),
    call.name,
  );
  await assert.rejects(asked, isLostConnection);
  await cut;
  await sql.end({ timeout: 0 });
}

/** Makes the call over a connection that holds. */
async function calledAgain(scene: Scene): Promise<Active | Ended | undefined> {
  const sql = connectTo(database.url("authenticator"));
  try {
    return await call(sql, scene.user, scene.call);
  } finally {
    await sql.end();
  }
}

/** All that there is of the user. */
function stateOf({ user, call }: Scene, { active, history }: Tables) {
  const own = <T extends { user_id: string }>(rows: Iterable<T>) =>
    [...rows].filter(({ user_id }) => user_id === user);
  return {
    live: own(active.values())[0] as Active | undefined,
    ended: history.get(call.session),
    history: own(history.values()),
  };
}

function stateBefore({ before }: Scene): ReturnType<typeof stateOf> {
  return { live: before, ended: undefined, history: [] };
}

/** A session without what a lease renewed moves. */
function asGranted(row: Active | undefined): Partial<Active> | undefined {
  if (!row) return undefined;
  const { updated_at: _, expires_at: __, ...granted } = row;
  return granted;
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
