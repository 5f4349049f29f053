// user_holds_session: what a backend asks before it writes in a user's name.
import assert from "node:assert/strict";
import {
  call,
  granted,
  letExpire,
  projectOfThisFile,
  refusal,
  refused,
} from "./support.ts";

const project = projectOfThisFile();

async function inAnInterview() {
  const user = await project.newUser();
  const { fence } = granted(
    await user.client.rpc("start_session", {
      session_id: "a",
      interview_id: "attempt-1",
    }),
  );
  const holds = async (args: Record<string, unknown> = {}) =>
    granted(
      await call(project.service, "user_holds_session", {
        user_id: user.id,
        session_id: "a",
        ...args,
      }),
    );
  return { user, fence, holds };
}

Deno.test("B5 a backend learns whether a user holds this session, this grant, this interview", async () => {
  const { fence, holds } = await inAnInterview();
  const other = await project.newUser();

  assert.equal(await holds(), true);
  assert.equal(await holds({ fence }), true);
  assert.equal(await holds({ fence, interview_id: "attempt-1" }), true);
  for (
    const args of [
      { session_id: "b" },
      { fence: fence + 1 },
      { interview_id: "attempt-2" },
      { fence: fence + 1, interview_id: "attempt-1" },
      { user_id: other.id },
      { user_id: crypto.randomUUID() },
      { user_id: null },
      { session_id: null },
    ]
  ) {
    assert.equal(await holds(args), false, JSON.stringify(args));
  }
});

Deno.test("B5 the user is told the same by holds_session", async () => {
  const { user, fence, holds } = await inAnInterview();

  for (
    const args of [
      {},
      { fence },
      { fence: fence + 1 },
      { interview_id: "attempt-1" },
      { interview_id: "attempt-2" },
    ]
  ) {
    assert.equal(
      granted(
        await call(user.client, "holds_session", { session_id: "a", ...args }),
      ),
      await holds(args),
    );
  }
});

Deno.test("B1 B5 what is stale is not held, reaped or not", async () => {
  const { user, holds } = await inAnInterview();
  await letExpire(project, user);

  assert.equal(await holds(), false);
  granted(await project.service.rpc("reap_stale_sessions"));
  assert.equal(await holds(), false);
});

Deno.test("B8 no user may ask about another, nor about themselves", async () => {
  const { user } = await inAnInterview();

  for (const client of [user.client, (await project.newUser()).client]) {
    refused(
      await call(client, "user_holds_session", {
        user_id: user.id,
        session_id: "a",
      }),
      refusal.roleMayNot,
    );
  }
});

Deno.test("M14 a backend reads sessions, history and interviews of all users", async () => {
  const { user } = await inAnInterview();
  granted(await user.client.rpc("end_session", { session_id: "a" }));
  granted(
    await user.client.rpc("start_session", {
      session_id: "b",
      interview_id: "attempt-1",
    }),
  );

  const rowOf = async (
    table:
      | "active_interview_sessions"
      | "interview_session_history"
      | "interviews",
  ) => {
    const { data, error } = await project.service.from(table).select()
      .eq("user_id", user.id).single();
    assert.equal(error, null);
    return data as Record<string, unknown>;
  };
  assert.equal((await rowOf("active_interview_sessions")).session_id, "b");
  assert.equal((await rowOf("interview_session_history")).session_id, "a");
  assert.equal((await rowOf("interviews")).last_session_id, "b");
});
