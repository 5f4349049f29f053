// B6: everything may be sent twice, late, or out of order; and two devices at
// once are two clients of which one wins.
import assert from "node:assert/strict";
import {
  changingNothing,
  factsOf,
  granted,
  letPass,
  projectOfThisFile,
  refusal,
  refused,
  theOne,
} from "./support.ts";

const project = projectOfThisFile();

const times = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("B6 the same start sent 20 times at once is one session", async () => {
  const { id, client } = await project.newUser();

  const rows = (await Promise.all(
    times(20).map(() =>
      client.rpc("start_session", { session_id: "a", device: "Chrome" })
    ),
  )).map(granted);

  assert.deepEqual(new Set(rows.map(({ fence }) => fence)).size, 1);
  assert.deepEqual(new Set(rows.map(({ created_at }) => created_at)).size, 1);
  const row = theOne(
    granted(await client.from("active_interview_sessions").select()),
  );
  assert.equal(row.user_id, id);
  assert.equal(row.fence, rows[0].fence);
  assert.deepEqual(
    granted(await client.from("interview_session_history").select()),
    [],
  );
});

Deno.test("B6 a start whose answer was lost, sent again, renews the lease alone", async () => {
  const user = await project.newUser();
  const first = granted(
    await user.client.rpc("start_session", {
      session_id: "a",
      device: "Chrome",
    }),
  );

  const again = granted(
    await user.client.rpc("start_session", {
      session_id: "a",
      device: "Chrome",
      takeover: true,
    }),
  );

  const { updated_at: _, expires_at: __, ...same } = again;
  const { updated_at, expires_at, ...before } = first;
  assert.deepEqual(same, before);
  assert(Date.parse(again.updated_at) >= Date.parse(updated_at));
  assert(Date.parse(again.expires_at) >= Date.parse(expires_at));
});

Deno.test("B6 the same takeover sent 20 times at once takes over once", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "old" }));

  const rows = (await Promise.all(
    times(20).map(() =>
      client.rpc("start_session", { session_id: "new", takeover: true })
    ),
  )).map(granted);

  assert.equal(new Set(rows.map(({ fence }) => fence)).size, 1);
  for (const { previous_session_id } of rows) {
    assert.equal(previous_session_id, "old");
  }
  const ended = theOne(
    granted(await client.from("interview_session_history").select()),
  );
  assert.equal(ended.session_id, "old");
});

Deno.test("B6 the same end sent 20 times at once has one answer", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));

  const answers = (await Promise.all(
    times(20).map((i) =>
      client.rpc("end_session", {
        session_id: "a",
        reason: i % 2 ? "cleared" : "disconnected",
      })
    ),
  )).map(granted).map(theOne);

  for (const row of answers) assert.deepEqual(row, answers[0]);
});

Deno.test("B6 heartbeats and completes sent 20 times at once all count", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));

  const rows = (await Promise.all(
    times(20).map((i) =>
      client.rpc(i % 2 ? "heartbeat_session" : "complete_session", {
        session_id: "a",
      })
    ),
  )).map(granted);

  assert.equal(new Set(rows.map(({ fence }) => fence)).size, 1);
  const row = granted(
    await client.from("active_interview_sessions").select().single(),
  );
  assert.equal(row.status, "completing", "no heartbeat takes that back");
});

Deno.test("B6 a heartbeat that lands after the end revives nothing", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));
  granted(await client.rpc("end_session", { session_id: "a" }));

  const error = await changingNothing(project, async () =>
    refused(
      await client.rpc("heartbeat_session", { session_id: "a" }),
      refusal.over,
    ));

  assert.equal(factsOf(error).end_reason, "disconnected");
});

Deno.test("M16 20 tabs of a user at once: one is granted, the others are told of it", async () => {
  const { client } = await project.newUser();

  const answers = await Promise.all(
    times(20).map((i) =>
      client.rpc("start_session", { session_id: `tab ${i}` })
    ),
  );

  const winner = theOne(answers.filter(({ error }) => !error));
  for (const answer of answers.filter((one) => one !== winner)) {
    const error = refused(answer, refusal.held);
    assert.equal(factsOf(error).session_id, granted(winner).session_id);
  }
});

Deno.test("B4 two devices that take over at once: one lives, with the highest fence, the other is told", async () => {
  const user = await project.newUser();
  const otherDevice = await project.signIn(user);
  granted(await user.client.rpc("start_session", { session_id: "old" }));

  const [a, b] = (await Promise.all([
    user.client.rpc("start_session", { session_id: "a", takeover: true }),
    otherDevice.rpc("start_session", { session_id: "b", takeover: true }),
  ])).map(granted);

  const [loser, winner] = a.fence < b.fence ? [a, b] : [b, a];
  assert.equal(winner.previous_session_id, loser.session_id);
  const live = theOne(
    granted(await user.client.from("active_interview_sessions").select()),
  );
  assert.equal(live.session_id, winner.session_id);
  const error = refused(
    await otherDevice.rpc("heartbeat_session", {
      session_id: loser.session_id,
    }),
    refusal.over,
  );
  assert.equal(factsOf(error).end_reason, "taken_over");
  assert.equal(
    error.message,
    "This interview was continued in another window or on another device.",
  );
});

Deno.test("B6 a call that cannot have the row fails in a way that may be retried, and the retry succeeds", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  await letPass(project, user, "1 minute");

  await project.sql.begin(async (sql) => {
    await sql`
      select from public.active_interview_sessions
      where user_id = ${user.id} for update`;
    const { error, status } = await user.client.rpc("heartbeat_session", {
      session_id: "a",
    });
    assert.deepEqual([status, error?.code], [500, "55P03"]);
  });

  granted(await user.client.rpc("heartbeat_session", { session_id: "a" }));
});
