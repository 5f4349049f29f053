// heartbeat_session: a sign of life, and what a tab learns that slept too long.
import assert from "node:assert/strict";
import {
  changingNothing,
  factsOf,
  granted,
  letExpire,
  letPass,
  letTimeOut,
  projectOfThisFile,
  refusal,
  refused,
  secondsBetween,
} from "./support.ts";

const project = projectOfThisFile();

Deno.test("M9 a heartbeat after a minute without network renews the lease", async () => {
  const user = await project.newUser();
  const start = granted(
    await user.client.rpc("start_session", { session_id: "a" }),
  );
  await letPass(project, user, "1 minute");

  const row = granted(
    await user.client.rpc("heartbeat_session", { session_id: "a" }),
  );

  assert.equal(row.session_id, "a");
  assert.equal(row.status, "active");
  assert.equal(row.fence, start.fence, "it is the same grant");
  assert.equal(secondsBetween(row.updated_at, row.expires_at), 5 * 60);
  assert.equal(
    secondsBetween(row.created_at, start.created_at),
    60,
    "created_at stays as it is",
  );
  assert(secondsBetween(start.updated_at, row.updated_at) >= 0);
});

Deno.test("M10 no heartbeat carries a session past its deadline", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  for (const _ of [1, 2, 3]) {
    await letPass(project, user, "4 minutes");
    granted(await user.client.rpc("heartbeat_session", { session_id: "a" }));
  }

  const row = granted(
    await user.client.rpc("heartbeat_session", { session_id: "a" }),
  );

  assert.equal(row.expires_at, row.deadline_at);
  assert(secondsBetween(row.updated_at, row.expires_at) < 3 * 60);
});

for (
  const [over, end_reason, message] of [
    [
      letExpire,
      "expired",
      "This interview ended because its page lost contact for too long.",
    ],
    [
      letTimeOut,
      "timed_out",
      "The time for this interview is up.",
    ],
  ] as const
) {
  Deno.test(`B1 B4 a heartbeat after the end (${end_reason}) is told so, the same reaped or not, and revives nothing`, async () => {
    const user = await project.newUser();
    granted(await user.client.rpc("start_session", { session_id: "a" }));
    await over(project, user);

    const before = await changingNothing(project, async () =>
      refused(
        await user.client.rpc("heartbeat_session", { session_id: "a" }),
        refusal.over,
      ));
    const reaped = granted(await project.service.rpc("reap_stale_sessions"));
    const after = await changingNothing(project, async () =>
      refused(
        await user.client.rpc("heartbeat_session", { session_id: "a" }),
        refusal.over,
      ));

    assert.equal(before.message, message);
    assert.deepEqual(factsOf(before), {
      session_id: "a",
      end_reason,
      ended_at: reaped[0].ended_at,
    });
    assert.deepEqual({ ...after }, { ...before });
  });
}

Deno.test("B4 a heartbeat for an id that was never known: 410 without a reason", async () => {
  const { client } = await project.newUser();

  const error = await changingNothing(project, async () =>
    refused(
      await client.rpc("heartbeat_session", { session_id: "never" }),
      refusal.over,
    ));

  assert.equal(error.message, "There is no such interview session.");
  assert.deepEqual(factsOf(error), {
    session_id: "never",
    end_reason: null,
    ended_at: null,
  });
});

Deno.test("B4 somebody else's session_id is an id that was never known", async () => {
  const [a, b] = [await project.newUser(), await project.newUser()];
  granted(await a.client.rpc("start_session", { session_id: "of a" }));

  for (
    const name of ["heartbeat_session", "complete_session"] as const
  ) {
    const error = await changingNothing(project, async () =>
      refused(
        await b.client.rpc(name, { session_id: "of a" }),
        refusal.over,
      ));
    assert.equal(factsOf(error).end_reason, null);
  }
});
