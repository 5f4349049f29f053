// start_session: who gets the session, and what the others are told.
import assert from "node:assert/strict";
import {
  factsOf,
  granted,
  isoTimestamp,
  letExpire,
  letTimeOut,
  projectOfThisFile,
  refusal,
  refused,
  secondsBetween,
} from "./support.ts";

const project = projectOfThisFile();

Deno.test("M1 the first start answers the whole row, with times in ISO 8601", async () => {
  const user = await project.newUser();

  const row = granted(
    await user.client.rpc("start_session", {
      session_id: "first",
      device: "Chrome on Windows",
    }),
  );

  const { fence, created_at, updated_at, deadline_at, expires_at, ...rest } =
    row;
  assert.deepEqual(rest, {
    user_id: user.id,
    session_id: "first",
    status: "active",
    device: "Chrome on Windows",
    previous_session_id: null,
    interview_id: null,
  });
  assert(Number.isSafeInteger(fence) && fence > 0);
  for (const time of [created_at, updated_at, deadline_at, expires_at]) {
    assert.match(time, isoTimestamp);
  }
});

Deno.test("M10 a session is granted for 5 minutes, and for 15 in all", async () => {
  const { client } = await project.newUser();

  const row = granted(await client.rpc("start_session", { session_id: "a" }));

  assert.equal(row.updated_at, row.created_at);
  assert.equal(secondsBetween(row.updated_at, row.expires_at), 5 * 60);
  assert.equal(secondsBetween(row.created_at, row.deadline_at), 15 * 60);
});

Deno.test("B3 while another session lives, a start is refused and told of it", async () => {
  const { client } = await project.newUser();
  const held = granted(
    await client.rpc("start_session", {
      session_id: "held",
      device: "Safari on iPhone",
    }),
  );

  const secondsLeft = () => (Date.parse(held.expires_at) - Date.now()) / 1000;
  const atMost = secondsLeft();
  const error = refused(
    await client.rpc("start_session", { session_id: "wanted" }),
    refusal.held,
  );
  const atLeast = secondsLeft();

  const { expires_in, ...facts } = factsOf(error);
  assert.deepEqual(facts, {
    session_id: "held",
    device: "Safari on iPhone",
    status: "active",
    created_at: held.created_at,
    updated_at: held.updated_at,
  });
  assert(Number.isInteger(expires_in));
  assert(Number(expires_in) >= Math.floor(atLeast));
  assert(Number(expires_in) <= Math.ceil(atMost));
  assert.equal(
    error.message,
    "You already have an interview open on Safari on iPhone.",
  );
  assert.equal(
    error.hint,
    "Continue there, or call start_session again with takeover => true to " +
      "end it and start here. Without a heartbeat it ends by itself in " +
      `${expires_in} seconds.`,
  );
});

Deno.test("B3 the message names no device that is not known", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "held" }));

  const error = refused(
    await client.rpc("start_session", { session_id: "wanted" }),
    refusal.held,
  );

  assert.equal(error.message, "You already have an interview open.");
  assert.equal(factsOf(error).device, null);
});

Deno.test("B3 the body of a refusal on the wire: 409, JSON, four fields", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "held" }));

  const response = await fetch(`${project.url}/rest/v1/rpc/start_session`, {
    method: "POST",
    headers: {
      apikey: "sb_publishable_local_only_interview_sessions",
      authorization: `Bearer ${user.token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ session_id: "wanted" }),
  });

  assert.equal(response.status, 409);
  assert.equal(
    response.headers.get("content-type"),
    "application/json; charset=utf-8",
  );
  assert.deepEqual(
    Object.keys(await response.json()).sort(),
    ["code", "details", "hint", "message"],
  );
});

Deno.test("M6 a takeover ends the other session and grants this one, in one call", async () => {
  const { client } = await project.newUser();
  const old = granted(
    await client.rpc("start_session", { session_id: "old", device: "Chrome" }),
  );

  const fresh = granted(
    await client.rpc("start_session", {
      session_id: "new",
      takeover: true,
      device: "Firefox",
    }),
  );

  assert.equal(fresh.session_id, "new");
  assert.equal(fresh.previous_session_id, "old");
  assert(fresh.fence > old.fence, "B4 the fence only grows");
  const history = granted(
    await client.from("interview_session_history").select().single(),
  );
  assert.equal(history.session_id, "old");
  assert.equal(history.end_reason, "taken_over");
  assert.equal(history.fence, old.fence);
  assert.equal(history.ended_at, fresh.created_at);
  assert.match(history.duration, /^\d\d:\d\d:\d\d/);
});

Deno.test("M6 a takeover with nothing to take over is a start", async () => {
  const { client } = await project.newUser();

  const row = granted(
    await client.rpc("start_session", { session_id: "a", takeover: true }),
  );

  assert.equal(row.previous_session_id, null);
});

for (
  const [over, end_reason] of [
    [letExpire, "expired"],
    [letTimeOut, "timed_out"],
  ] as const
) {
  Deno.test(`B1 a slot is free the moment its session is over (${end_reason}), with no reaper`, async () => {
    const user = await project.newUser();
    const old = granted(
      await user.client.rpc("start_session", { session_id: "old" }),
    );
    await over(project, user);
    const [{ expires_at }] = await project.sql<{ expires_at: Date }[]>`
      select expires_at from public.active_interview_sessions
      where user_id = ${user.id}`;

    const row = granted(
      await user.client.rpc("start_session", { session_id: "new" }),
    );

    assert.equal(row.session_id, "new");
    assert.equal(row.previous_session_id, null, "nobody was taken over");
    assert(row.fence > old.fence);
    const history = granted(
      await user.client.from("interview_session_history").select().single(),
    );
    assert.equal(history.session_id, "old");
    assert.equal(history.end_reason, end_reason);
    assert.equal(Date.parse(history.ended_at), expires_at.getTime());
  });
}

for (
  const [ended, end_reason, message] of [
    ["completed", "completed", "This interview was submitted."],
    ["disconnected", "disconnected", "This interview was left."],
    ["cleared", "cleared", "This interview was closed."],
  ] as const
) {
  Deno.test(`B6 an id that has ended (${ended}) never lives again`, async () => {
    const { client } = await project.newUser();
    granted(await client.rpc("start_session", { session_id: "used" }));
    const [end] = granted(
      await client.rpc("end_session", { session_id: "used", reason: ended }),
    );

    const error = refused(
      await client.rpc("start_session", { session_id: "used" }),
      refusal.over,
    );

    assert.deepEqual(factsOf(error), {
      session_id: "used",
      end_reason,
      ended_at: end.ended_at,
    });
    assert.equal(error.message, message);
    assert.equal(
      error.hint,
      "Stop using this session_id. To continue, start a session with a new one.",
    );
    refused(
      await client.rpc("start_session", { session_id: "used", takeover: true }),
      refusal.over,
    );
  });
}

Deno.test("B1 an id whose lease has run out never lives again, reaped or not", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "used" }));
  await letExpire(project, user);

  const before = refused(
    await user.client.rpc("start_session", { session_id: "used" }),
    refusal.over,
  );
  granted(await project.service.rpc("reap_stale_sessions"));
  const after = refused(
    await user.client.rpc("start_session", { session_id: "used" }),
    refusal.over,
  );

  assert.equal(factsOf(before).end_reason, "expired");
  assert.deepEqual({ ...after }, { ...before });
});

Deno.test("M8 the same session_id of two users is two sessions", async () => {
  const [a, b] = [await project.newUser(), await project.newUser()];

  const ofA = granted(
    await a.client.rpc("start_session", { session_id: "same" }),
  );
  const ofB = granted(
    await b.client.rpc("start_session", { session_id: "same" }),
  );

  assert.equal(ofA.user_id, a.id);
  assert.equal(ofB.user_id, b.id);
  assert.notEqual(ofA.fence, ofB.fence);
});
