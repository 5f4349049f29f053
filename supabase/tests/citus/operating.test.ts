// What operators do, on the coordinator of a cluster.
import assert from "node:assert/strict";
import { clusterOfThisFile, granted } from "./support.ts";

const cluster = clusterOfThisFile();

/** Puts a user's session into the past. */
async function letExpire(users: string[]) {
  for (const user of users) {
    await cluster.superuser`
      update public.active_interview_sessions
      set
        created_at = ${ago(7)}, updated_at = ${ago(6)},
        deadline_at = ${ago(1)}, expires_at = ${ago(1)}
      where user_id = ${user}`;
  }
}

function ago(minutes: number): Date {
  return new Date(Date.now() - minutes * 60_000);
}

async function start(user: string, at = 0, interview: string | null = null) {
  return granted(
    await cluster.nodes[at].call(
      user,
      "select * from start_session($1, interview_id => $2)",
      [crypto.randomUUID(), interview],
    ),
  );
}

Deno.test("C6 B1 the reaper moves what is stale on every shard, a batch at a time", async () => {
  const users = await Promise.all(
    Array.from({ length: 12 }, () => cluster.newUser()),
  );
  for (const user of users) await start(user);
  await letExpire(users.slice(2));
  const reap = () =>
    cluster.nodes[0].operate("select user_id from reap_stale_sessions(6)");

  const batches = [await reap(), await reap(), await reap()];

  assert.deepEqual(batches.map((rows) => rows.length), [6, 4, 0]);
  assert.deepEqual(
    batches.flat().map(({ user_id }) => user_id).sort(),
    users.slice(2).sort(),
  );
});

Deno.test("C6 the health is ok when the reaper has run, and counts what is on all shards", async () => {
  const health = granted(
    await cluster.nodes[0].operate("select * from session_health()"),
  );

  assert.equal(health.status, "ok", String(health.reason));
  assert.equal(health.live, "2");
  assert.deepEqual(health.ended_last_day, { timed_out: 10 });
});

Deno.test("C6 old rows are pruned from every shard, so many at a time", async () => {
  const users = await Promise.all(
    Array.from({ length: 6 }, () => cluster.newUser()),
  );
  const old = new Date(Date.now() - 100 * 86_400_000);
  for (const user of users) {
    await cluster.superuser`
      insert into public.interview_session_history (
        user_id, session_id, fence, started_at, last_seen_at, ended_at,
        end_reason, status
      )
      values (${user}, 'old', 1, ${old}, ${old}, ${old}, 'cleared', 'active')`;
  }
  const left = async () => {
    const rows = await cluster.superuser`
      select from public.interview_session_history where session_id = 'old'`;
    return rows.length;
  };

  await cluster.nodes[0].operate("select * from reap_stale_sessions(4)");
  assert.equal(await left(), 2);
  await cluster.nodes[0].operate("select * from reap_stale_sessions(4)");
  assert.equal(await left(), 0);
});

Deno.test("C6 C1 an interview is extended, and a session revoked, wherever it was started", async () => {
  const user = await cluster.newUser();
  const session = await start(user, 2, "i");
  const [coordinator] = cluster.nodes;

  const extended = granted(
    await coordinator.operate(
      "select * from extend_interview($1, 'i', '1 hour', 'because')",
      [user],
    ),
  );
  const revoked = granted(
    await coordinator.operate("select * from revoke_session($1)", [user]),
  );

  const hour = 3_600_000;
  assert.equal(
    Number(extended.deadline_at),
    Number(session.deadline_at) + hour,
  );
  assert.equal(revoked.end_reason, "revoked");
});

Deno.test("C6 B7 a user who is deleted leaves nothing on any shard, and may come back", async () => {
  const users = await cluster.usersOnEachWorker();
  const fences = new Map<string, unknown>();
  for (const user of users) {
    fences.set(user, (await start(user, 1, "i")).fence);
    granted(
      await cluster.nodes[0].operate("select * from revoke_session($1)", [
        user,
      ]),
    );
    await cluster.nodes[2].call(user, "select * from end_session('early')");
  }

  await cluster.superuser`
    delete from auth.users where id = any (${users}::uuid[])`;

  const tables = [
    ...["public.interview_session_history", "public.interviews"],
    ...["sessions.users", "sessions.early_ends", "sessions.revocations"],
  ];
  for (const table of tables) {
    const rows = await cluster.superuser`
      select from ${cluster.superuser(table)}
      where user_id = any (${users}::uuid[])`;
    assert.equal(rows.length, 0, table);
  }
  for (const user of users) {
    await cluster.superuser`insert into auth.users (id) values (${user})`;
    const { fence } = await start(user);
    assert(BigInt(String(fence)) > BigInt(String(fences.get(user))));
  }
});

Deno.test("C3 an end through any node is delivered, once it is claimed", async () => {
  const { superuser, nodes: [coordinator] } = cluster;
  await superuser`
    insert into sessions.endpoints (name, url)
    values ('rooms', 'https://rooms.example.com/')`;
  const sessions = [];
  for (const at of [0, 1, 2]) {
    const user = await cluster.newUser();
    const { session_id } = await start(user, at);
    sessions.push(session_id);
    granted(
      await cluster.nodes[at].call(user, "select * from end_session($1)", [
        session_id,
      ]),
    );
  }

  const claimed = await coordinator.operate("select * from claim_deliveries()");

  assert.deepEqual(
    claimed.map(({ data }) => (data as { session_id: string }).session_id)
      .sort(),
    sessions.sort(),
  );
  const outcomes = ["delivered", "failed", "put_back"];
  const results = claimed.map(({ id, attempt }, at) => ({
    id,
    attempt,
    outcome: outcomes[at],
    error: "none",
  }));
  const [{ settle_deliveries }] = await coordinator.operate(
    "select settle_deliveries($1::text::jsonb)",
    [JSON.stringify(results)],
  );
  assert.equal(settle_deliveries, 3);
  const waiting = await coordinator.operate("select * from list_deliveries()");
  assert.deepEqual(waiting.map(({ state }) => state), ["pending", "pending"]);
  const [{ drop_deliveries }] = await coordinator.operate(
    "select drop_deliveries('rooms')",
  );
  assert.equal(drop_deliveries, 2);
  const [{ retry_deliveries }] = await coordinator.operate(
    "select retry_deliveries()",
  );
  assert.equal(retry_deliveries, 0);
  await superuser`delete from sessions.endpoints where true`;
});
