// session_health: what an operator and an alarm read.
import assert from "node:assert/strict";
import {
  granted,
  isoTimestamp,
  letExpire,
  projectOfThisFile,
} from "./support.ts";
import { until } from "../waiting.ts";

const project = projectOfThisFile();

const health = async () =>
  granted(await project.service.rpc("session_health").single());

Deno.test("B2 M14 it counts, dates and says in a sentence how things are", async () => {
  assert.deepEqual(
    { status: (await health()).status, reason: (await health()).reason },
    {
      status: "warning",
      reason: "The reaper has never run. Set up the schedule that calls it.",
    },
  );
  const [active, completing, done, crashed] = await project.newUsers(4);
  for (const { client } of [active, completing, done, crashed]) {
    granted(await client.rpc("start_session", { session_id: "a" }));
  }
  granted(await completing.client.rpc("complete_session", { session_id: "a" }));
  granted(
    await done.client.rpc("end_session", {
      session_id: "a",
      reason: "completed",
    }),
  );
  await letExpire(project, crashed);

  const before = await health();
  granted(await project.service.rpc("reap_stale_sessions"));
  // an estimate, from statistics that the server's processes report with a delay
  await until(
    "the history is counted",
    async () => (await health()).history_rows === 2,
  );
  const after = await health();

  assert.deepEqual(Object.keys(after), [
    ...["status", "reason", "live", "completing", "stale", "oldest_stale_age"],
    ...["last_reap_at", "last_reap_age", "last_reap_failed"],
    ...["reaped_last_hour", "reaped_last_day", "ended_last_day"],
    ...["history_rows", "active_table_bytes", "history_table_bytes"],
    "overlaps_found",
  ]);
  assert.deepEqual(
    [before.live, before.completing, before.stale],
    [2, 1, 1],
  );
  assert.match(before.oldest_stale_age ?? "", /^00:01:0\d/);
  assert.deepEqual([after.live, after.completing, after.stale], [2, 1, 0]);
  assert.equal(after.oldest_stale_age, null);
  assert.equal(after.status, "ok");
  assert.match(
    after.reason,
    /^The reaper ran 00:00:0\d ago, and nothing is overdue\.$/,
  );
  assert.match(after.last_reap_at ?? "", isoTimestamp);
  assert.deepEqual(after.ended_last_day, { completed: 1, expired: 1 });
  assert.deepEqual(
    [after.reaped_last_hour, after.reaped_last_day, after.last_reap_failed],
    [1, 1, 0],
  );
  assert.equal(after.overlaps_found, 0);
  assert(Number(after.active_table_bytes) > 0);
  assert(Number(after.history_table_bytes) > 0);
});

Deno.test("B2 when the schedule stops, health says so, first as a warning", async () => {
  granted(await project.service.rpc("reap_stale_sessions"));
  const reaperLastRan = (ago: string) =>
    project
      .sql`update sessions.reaper_runs set ran_at = now() - ${ago}::interval where true`;

  await reaperLastRan("2 minutes");
  assert.equal((await health()).status, "ok");
  await reaperLastRan("4 minutes");
  const late = await health();
  await reaperLastRan("11 minutes");
  const stopped = await health();

  assert.equal(late.status, "warning");
  assert.match(late.reason, /^The reaper last ran 00:04:0\d ago/);
  assert.equal(stopped.status, "critical");
  assert.match(stopped.reason, /Check the schedule that calls it\.$/);
});
