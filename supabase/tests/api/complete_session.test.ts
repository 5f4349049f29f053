// complete_session: the results are being submitted.
import assert from "node:assert/strict";
import {
  granted,
  letPass,
  projectOfThisFile,
  refusal,
  refused,
  secondsBetween,
} from "./support.ts";

const project = projectOfThisFile();

Deno.test("M4 completing gives a session 15 minutes more, whatever it had left", async () => {
  const user = await project.newUser();
  const start = granted(
    await user.client.rpc("start_session", { session_id: "a" }),
  );
  await letPass(project, user, "4 minutes");

  const row = granted(
    await user.client.rpc("complete_session", { session_id: "a" }),
  );

  assert.equal(row.status, "completing");
  assert.equal(row.fence, start.fence);
  assert.equal(secondsBetween(row.updated_at, row.deadline_at), 15 * 60);
  assert.equal(secondsBetween(row.updated_at, row.expires_at), 5 * 60);
});

Deno.test("M4 B6 completing again is a heartbeat: the deadline stays", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));
  const once = granted(
    await client.rpc("complete_session", { session_id: "a" }),
  );

  const twice = granted(
    await client.rpc("complete_session", { session_id: "a" }),
  );

  assert.equal(twice.status, "completing");
  assert.equal(twice.deadline_at, once.deadline_at);
  assert(Date.parse(twice.updated_at) >= Date.parse(once.updated_at));
  const beat = granted(
    await client.rpc("heartbeat_session", { session_id: "a" }),
  );
  assert.equal(beat.status, "completing", "a late heartbeat undoes nothing");
});

Deno.test("M4 B3 while one is being submitted, a start elsewhere is told so", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));
  granted(await client.rpc("complete_session", { session_id: "a" }));

  const { details } = refused(
    await client.rpc("start_session", { session_id: "b" }),
    refusal.held,
  );

  assert.equal(JSON.parse(details!).status, "completing");
});

Deno.test("B6 completing what has ended: 410 with the reason", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));
  granted(await client.rpc("complete_session", { session_id: "a" }));
  granted(await client.rpc("end_session", { session_id: "a" }));

  const { details } = refused(
    await client.rpc("complete_session", { session_id: "a" }),
    refusal.over,
  );

  assert.equal(JSON.parse(details!).end_reason, "completed");
});
