// M16: the five manual tests of the first plan, as a client's program would live
// through them.
import assert from "node:assert/strict";
import {
  factsOf,
  granted,
  letExpire,
  letPass,
  projectOfThisFile,
  refusal,
  refused,
  theOne,
} from "./support.ts";

const project = projectOfThisFile();

Deno.test("M16 normal flow: start, heartbeat, submit, done (M3 M4)", async () => {
  const { client } = await project.newUser();

  granted(await client.rpc("start_session", { session_id: "a" }));
  granted(await client.rpc("heartbeat_session", { session_id: "a" }));
  granted(await client.rpc("complete_session", { session_id: "a" }));
  granted(await client.rpc("end_session", { session_id: "a" }));

  assert.deepEqual(
    granted(await client.from("active_interview_sessions").select()),
    [],
  );
  const { end_reason } = theOne(
    granted(await client.from("interview_session_history").select()),
  );
  assert.equal(end_reason, "completed");
  granted(await client.rpc("start_session", { session_id: "b" }));
});

Deno.test("M16 crash and recovery: previous session detected, one click, go on (M5 M6 B4)", async () => {
  const user = await project.newUser();
  const crashed = granted(
    await user.client.rpc("start_session", {
      session_id: "crashed",
      device: "Chrome on Windows",
    }),
  );
  const afterTheCrash = await project.signIn(user);

  const leftOver = granted(
    await afterTheCrash.from("active_interview_sessions")
      .select("session_id, created_at, device").single(),
  );
  assert.equal(leftOver.session_id, "crashed");
  assert.equal(leftOver.device, "Chrome on Windows");
  assert.equal(leftOver.created_at, crashed.created_at);
  const told = refused(
    await afterTheCrash.rpc("start_session", { session_id: "fresh" }),
    refusal.held,
  );
  assert.doesNotMatch(
    told.message,
    /session|lease|lock|token|null|PT\d/i,
    "words without jargon",
  );
  granted(
    await afterTheCrash.rpc("start_session", {
      session_id: "fresh",
      takeover: true,
    }),
  );

  // the crashed tab was only asleep
  for (const name of ["heartbeat_session", "complete_session"] as const) {
    const error = refused(
      await user.client.rpc(name, { session_id: "crashed" }),
      refusal.over,
    );
    assert.equal(factsOf(error).end_reason, "taken_over");
  }
  const { end_reason } = theOne(
    granted(await user.client.rpc("end_session", { session_id: "crashed" })),
  );
  assert.equal(end_reason, "taken_over");
  granted(
    await afterTheCrash.rpc("heartbeat_session", { session_id: "fresh" }),
  );
});

Deno.test("M16 the other way to recover: clear what was left, then start (M6)", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "crashed" }));

  const { end_reason } = granted(
    await client.rpc("end_session", {
      session_id: "crashed",
      reason: "cleared",
    }).single(),
  );
  const row = granted(
    await client.rpc("start_session", { session_id: "fresh" }),
  );

  assert.equal(end_reason, "cleared");
  assert.equal(row.previous_session_id, null);
});

Deno.test("M16 network loss: 30 seconds end nothing, nor do 4 minutes (M9)", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));

  for (const time of ["30 seconds", "4 minutes"]) {
    await letPass(project, user, time);
    granted(await project.service.rpc("reap_stale_sessions"));
    granted(await user.client.rpc("heartbeat_session", { session_id: "a" }));
  }
});

Deno.test("M16 automatic clean-up: what a crash leaves is gone within lease and interval, and the history says so (M7 M10)", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  await letExpire(project, user);

  granted(await project.service.rpc("reap_stale_sessions"));

  const { end_reason, duration } = theOne(
    granted(await user.client.from("interview_session_history").select()),
  );
  assert.deepEqual([end_reason, duration], ["expired", "00:05:00"]);
  const [{ within }] = await project.sql<{ within: boolean }[]>`
    select lease + reap_every < interval '15 minutes' as within
    from sessions.settings`;
  assert(within, "lease + interval < 15 minutes");
});

Deno.test("M16 several users: 200 at once, none in another's way (M8)", async () => {
  const users = await project.newUsers(200);
  const all = async <T>(work: (user: typeof users[0]) => PromiseLike<T>) =>
    await Promise.all(users.map(work));

  const rows =
    (await all(({ client }) =>
      client.rpc("start_session", { session_id: "a" })
    )).map(granted);
  const beats =
    (await all(({ client }) =>
      client.rpc("heartbeat_session", { session_id: "a" })
    )).map(granted);
  const ends =
    (await all(({ client }) => client.rpc("end_session", { session_id: "a" })))
      .map(granted).map(theOne);

  const ids = users.map(({ id }) => id);
  for (const answers of [rows, beats, ends]) {
    assert.deepEqual(answers.map(({ user_id }) => user_id), ids);
  }
  assert.equal(new Set(rows.map(({ fence }) => fence)).size, users.length);
});
