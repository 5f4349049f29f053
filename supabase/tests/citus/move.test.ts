// A shard moves to the other worker while its users' heartbeats go on.
import assert from "node:assert/strict";
import { until } from "../waiting.ts";
import { clusterOfThisFile, granted, placementOf } from "./support.ts";

const cluster = clusterOfThisFile();

/** How many users beat; a few on each shard. */
const count = 24;

for (const mode of ["force_logical", "block_writes"]) {
  Deno.test(`C6 B4 a shard moves (${mode}) while heartbeats run: none is lost, sessions and fences stay, later fences grow`, async () => {
    const users = await Promise.all(
      Array.from({ length: count }, () => cluster.newUser()),
    );
    const sessions = new Map<string, bigint>();
    for (const user of users) {
      const session = granted(
        await cluster.nodes[0].call(user, "select * from start_session('a')"),
      );
      sessions.set(user, BigInt(String(session.fence)));
    }

    const lastBeats = new Map<string, unknown>();
    let beats = 0;
    let isMoving = true;
    const beating = users.map(async (user, at) => {
      for (let turn = at; isMoving; turn++) {
        const answer = await cluster.nodes[turn % 3].call(
          user,
          "select fence, updated_at::text from heartbeat_session('a')",
        );
        // may be sent again: the move holds writes up for a moment
        if (answer[0].refused === "55P03") continue;
        const beat = granted(answer);
        assert.equal(BigInt(String(beat.fence)), sessions.get(user));
        lastBeats.set(user, beat.updated_at);
        beats++;
      }
    });
    try {
      await until("everybody beats", () => lastBeats.size === count);
      const before = beats;
      await moveShardOf(users[0], mode);
      await until("beats went on", () => beats > before + count);
    } finally {
      isMoving = false;
    }
    await Promise.all(beating);

    const rows = await cluster.superuser<{ user_id: string; at: string }[]>`
      select user_id, updated_at::text as at
      from public.active_interview_sessions
      where user_id = any (${users}::uuid[])`;
    assert.deepEqual(
      new Map(rows.map(({ user_id, at }) => [user_id, at])),
      lastBeats,
    );
    for (const user of users) {
      const next = granted(
        await cluster.nodes[1].call(
          user,
          "select * from start_session('b', true)",
        ),
      );
      assert(BigInt(String(next.fence)) > sessions.get(user)!);
    }
    await cluster.superuser`delete from auth.users where true`;
  });
}

async function moveShardOf(user: string, mode: string) {
  const { shard, port } = await placementOf(cluster, user);
  const [{ other }] = await cluster.superuser<{ other: number }[]>`
    select nodeport as other
    from pg_dist_node
    where shouldhaveshards and nodeport <> ${port}`;
  await cluster.superuser`
    select citus_move_shard_placement(
      ${shard}, '127.0.0.1', ${port}, '127.0.0.1', ${other},
      ${mode}::citus.shard_transfer_mode
    )`;
  assert.equal((await placementOf(cluster, user)).port, other);
}
