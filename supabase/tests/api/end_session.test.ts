// end_session: over, and said why; once and for all.
import assert from "node:assert/strict";
import {
  changingNothing,
  granted,
  isoTimestamp,
  letExpire,
  projectOfThisFile,
  theOne,
} from "./support.ts";

const project = projectOfThisFile();

Deno.test("M3 B7 an end answers the history row, whole", async () => {
  const user = await project.newUser();
  const start = granted(
    await user.client.rpc("start_session", {
      session_id: "a",
      device: "Edge on Windows",
    }),
  );

  const rows = granted(
    await user.client.rpc("end_session", { session_id: "a" }),
  );

  const { ended_at, duration, ended_fence, ...rest } = theOne(rows);
  assert.deepEqual(rest, {
    user_id: user.id,
    session_id: "a",
    fence: start.fence,
    device: "Edge on Windows",
    started_at: start.created_at,
    last_seen_at: start.updated_at,
    end_reason: "disconnected",
    status: "active",
    previous_session_id: null,
    interview_id: null,
  });
  assert(ended_fence !== null && ended_fence > start.fence);
  assert.match(ended_at, isoTimestamp);
  assert.match(duration, /^00:00:0\d/);
  assert.deepEqual(
    granted(await user.client.from("active_interview_sessions").select()),
    [],
  );
  assert.deepEqual(
    granted(await user.client.from("interview_session_history").select()),
    rows,
  );
});

Deno.test("M4 an end without a reason: completed if it was completing", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));
  granted(await client.rpc("complete_session", { session_id: "a" }));

  const row = theOne(
    granted(await client.rpc("end_session", { session_id: "a" })),
  );

  assert.equal(row.end_reason, "completed");
  assert.equal(row.status, "completing");
});

for (const reason of ["completed", "disconnected", "cleared"] as const) {
  Deno.test(`M3 the client may say why: ${reason}`, async () => {
    const { client } = await project.newUser();
    granted(await client.rpc("start_session", { session_id: "a" }));

    const row = granted(
      await client.rpc("end_session", { session_id: "a", reason }).single(),
    );

    assert.equal(row.end_reason, reason);
    assert.equal(row.status, "active");
  });
}

Deno.test("B6 ending again answers how it ended the first time", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));
  const first = granted(
    await client.rpc("end_session", { session_id: "a", reason: "cleared" }),
  );

  const again = await changingNothing(project, async () =>
    granted(
      await client.rpc("end_session", { session_id: "a", reason: "completed" }),
    ));

  assert.deepEqual(again, first);
});

Deno.test("B1 ending what has expired answers expired, reaped or not", async () => {
  const [a, b] = [await project.newUser(), await project.newUser()];
  for (const user of [a, b]) {
    granted(await user.client.rpc("start_session", { session_id: "a" }));
    await letExpire(project, user);
  }

  const unreaped = theOne(
    granted(await a.client.rpc("end_session", { session_id: "a" })),
  );
  granted(await project.service.rpc("reap_stale_sessions"));
  const reaped = theOne(
    granted(await b.client.rpc("end_session", { session_id: "a" })),
  );

  for (const row of [unreaped, reaped]) {
    assert.equal(row.end_reason, "expired");
    assert.match(row.duration, /^00:05:00/, "to the end of its lease");
  }
});

Deno.test("B6 an id that was never known: no row, and .single() says so", async () => {
  const { client } = await project.newUser();

  await changingNothing(project, async () => {
    assert.deepEqual(
      granted(await client.rpc("end_session", { session_id: "never" })),
      [],
    );
    const { data, error, status } = await client
      .rpc("end_session", { session_id: "never" }).single();
    assert.equal(data, null);
    assert.deepEqual([status, error?.code], [406, "PGRST116"]);
    const maybe = await client
      .rpc("end_session", { session_id: "never" }).maybeSingle();
    assert.equal(maybe.error, null);
    assert.equal(maybe.data, null);
  });
});

Deno.test("B4 an end by a tab left behind never touches its successor", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "old" }));
  const successor = granted(
    await client.rpc("start_session", { session_id: "new", takeover: true }),
  );

  const late = await changingNothing(
    project,
    async () =>
      theOne(granted(await client.rpc("end_session", { session_id: "old" }))),
  );

  assert.equal(late.end_reason, "taken_over");
  assert.deepEqual(
    granted(
      await client.from("active_interview_sessions").select().single(),
    ),
    successor,
  );
});

Deno.test("M8 nobody ends somebody else's session", async () => {
  const [a, b] = [await project.newUser(), await project.newUser()];
  granted(await a.client.rpc("start_session", { session_id: "of a" }));

  await changingNothing(project, async () => {
    assert.deepEqual(
      granted(await b.client.rpc("end_session", { session_id: "of a" })),
      [],
    );
  });

  assert.equal(
    theOne(granted(await a.client.rpc("end_session", { session_id: "of a" })))
      .session_id,
    "of a",
  );
});
