// reap_stale_sessions: the broom, called with a secret key.
import assert from "node:assert/strict";
import {
  changingNothing,
  granted,
  letExpire,
  letPass,
  letTimeOut,
  projectOfThisFile,
  secondsBetween,
} from "./support.ts";

const project = projectOfThisFile();

Deno.test("M7 M13 it moves what is stale to the history, and leaves what lives", async () => {
  const [live, quiet, crashed, long] = [
    await project.newUser(),
    await project.newUser(),
    await project.newUser(),
    await project.newUser(),
  ];
  for (const user of [live, quiet, crashed, long]) {
    granted(await user.client.rpc("start_session", { session_id: "a" }));
  }
  await letPass(project, quiet, "4 minutes");
  await letExpire(project, crashed);
  await letTimeOut(project, long);

  const dry = await changingNothing(project, async () =>
    granted(
      await project.service.rpc("reap_stale_sessions", { dry_run: true }),
    ));
  const reaped = granted(await project.service.rpc("reap_stale_sessions"));

  const byUser = (a: { user_id: string }, b: { user_id: string }) =>
    a.user_id < b.user_id ? -1 : 1;
  assert.deepEqual(
    dry.sort(byUser),
    // a dry run ends nothing, and so draws no fence
    reaped.sort(byUser).map((row) => ({ ...row, ended_fence: null })),
  );
  assert.deepEqual(
    new Map(reaped.map((row) => [row.user_id, row.end_reason])),
    new Map([[crashed.id, "expired"], [long.id, "timed_out"]]),
  );
  for (const row of reaped) {
    const overFor = secondsBetween(row.ended_at, new Date().toISOString());
    assert(overFor >= 59, "ended_at is when the lease ran out");
  }
  for (const user of [live, quiet]) {
    granted(await user.client.rpc("heartbeat_session", { session_id: "a" }));
  }
  assert.deepEqual(
    granted(await project.service.rpc("reap_stale_sessions")),
    [],
    "a second time there is nothing left",
  );
});

Deno.test("M12 a batch is bounded", async () => {
  const users = await project.newUsers(5);
  for (const user of users) {
    granted(await user.client.rpc("start_session", { session_id: "a" }));
    await letExpire(project, user);
  }
  const reap = async () =>
    granted(
      await project.service.rpc("reap_stale_sessions", { batch_size: 2 }),
    );

  const batches = [await reap(), await reap(), await reap()];

  assert.deepEqual(batches.map((rows) => rows.length), [2, 2, 1]);
  assert.deepEqual(
    new Set(batches.flat().map(({ user_id }) => user_id)),
    new Set(users.map(({ id }) => id)),
  );
});
