// revoke_session: an operator ends a user's session.
import assert from "node:assert/strict";
import {
  changingNothing,
  factsOf,
  granted,
  letExpire,
  projectOfThisFile,
  refusal,
  refused,
  theOne,
} from "./support.ts";

const project = projectOfThisFile();

Deno.test("B7 a revoked session is over at once, its client is told, and the note is for operators", async () => {
  const [user, other] = [await project.newUser(), await project.newUser()];
  for (const { client } of [user, other]) {
    granted(await client.rpc("start_session", { session_id: "a" }));
  }

  const row = theOne(
    granted(
      await project.service.rpc("revoke_session", {
        user_id: user.id,
        note: "asked for by telephone",
      }),
    ),
  );

  assert.equal(row.user_id, user.id);
  assert.equal(row.end_reason, "revoked");
  const notes = await project.sql`
    select session_id, revoked_by, role, note from sessions.revocations
    where user_id = ${user.id}`;
  assert.deepEqual([...notes], [{
    session_id: "a",
    revoked_by: null,
    role: "service_role",
    note: "asked for by telephone",
  }]);
  const error = refused(
    await user.client.rpc("heartbeat_session", { session_id: "a" }),
    refusal.over,
  );
  assert.equal(factsOf(error).end_reason, "revoked");
  assert.equal(error.message, "This interview was ended by an administrator.");
  granted(await other.client.rpc("heartbeat_session", { session_id: "a" }));
});

Deno.test("B6 nothing to revoke is no error: no row", async () => {
  const { id } = await project.newUser();

  await changingNothing(project, async () => {
    for (const user_id of [id, crypto.randomUUID()]) {
      assert.deepEqual(
        granted(await project.service.rpc("revoke_session", { user_id })),
        [],
      );
    }
  });
});

Deno.test("B1 what is stale cannot be revoked, reaped or not", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  await letExpire(project, user);
  const revoke = async () =>
    granted(
      await project.service.rpc("revoke_session", { user_id: user.id }),
    );

  assert.deepEqual(await revoke(), []);
  granted(await project.service.rpc("reap_stale_sessions"));
  assert.deepEqual(await revoke(), []);
});
