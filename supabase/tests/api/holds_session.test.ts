// holds_session: the guard for the app's own tables, asked by a client.
import assert from "node:assert/strict";
import { granted, letExpire, projectOfThisFile } from "./support.ts";

const project = projectOfThisFile();

Deno.test("B5 only the live session, and only its own grant, is held", async () => {
  const user = await project.newUser();
  const holds = async (session_id: string, fence?: number | null) =>
    granted(await user.client.rpc("holds_session", { session_id, fence }));
  const first = granted(
    await user.client.rpc("start_session", { session_id: "first" }),
  );
  assert.equal(await holds("first"), true);
  assert.equal(await holds("first", null), true);
  assert.equal(await holds("first", first.fence), true);
  assert.equal(await holds("first", first.fence + 1), false);
  assert.equal(await holds("never"), false);

  const second = granted(
    await user.client.rpc("start_session", {
      session_id: "second",
      takeover: true,
    }),
  );

  assert.equal(await holds("first"), false);
  assert.equal(await holds("first", first.fence), false);
  assert.equal(await holds("second", first.fence), false);
  assert.equal(await holds("second", second.fence), true);
});

Deno.test("B1 B5 what is stale is not held, reaped or not", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  await letExpire(project, user);

  assert.equal(
    granted(await user.client.rpc("holds_session", { session_id: "a" })),
    false,
  );
  granted(await project.service.rpc("reap_stale_sessions"));
  assert.equal(
    granted(await user.client.rpc("holds_session", { session_id: "a" })),
    false,
  );
});

Deno.test("B5 somebody else's session is not held", async () => {
  const [a, b] = [await project.newUser(), await project.newUser()];
  const { fence } = granted(
    await a.client.rpc("start_session", { session_id: "of a" }),
  );

  assert.equal(
    granted(
      await b.client.rpc("holds_session", { session_id: "of a", fence }),
    ),
    false,
  );
});

Deno.test("B5 null is held by nobody, and is no error in a policy", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));

  const answer = await client.rpc("holds_session", {
    session_id: null as unknown as string,
  });

  assert.equal(granted(answer), false);
});

Deno.test("B5 it changes nothing, so a GET may ask it", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));

  const answer = await client.rpc("holds_session", { session_id: "a" }, {
    get: true,
  });

  assert.equal(granted(answer), true);
});
