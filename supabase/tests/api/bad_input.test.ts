// Arguments that make no sense: refused in words, with the status of the
// contract, and nothing changed.
import assert from "node:assert/strict";
import {
  call,
  changingNothing,
  changingSomething,
  factsOf,
  granted,
  letExpire,
  projectOfThisFile,
  refusal,
  refused,
} from "./support.ts";

const project = projectOfThisFile();

const sessionIdMust =
  "session_id must be 1 to 128 characters, none of them a control character.";
const badSessionIds: [string, unknown][] = [
  ["null", null],
  ["empty", ""],
  ["129 characters", "x".repeat(129)],
  ["a megabyte", "x".repeat(1024 * 1024)],
  ["a line feed", "one\ntwo"],
  ["an escape", "\u001b[2J"],
  ["a delete", "a\u007f"],
  ["a C1 control", "a\u0085b"],
];
const withSessionId = [
  "start_session",
  "heartbeat_session",
  "complete_session",
  "end_session",
];

for (const name of withSessionId) {
  Deno.test(`${name}: a session_id that is none is refused: 400`, async () => {
    const { client } = await project.newUser();
    granted(await client.rpc("start_session", { session_id: "good" }));

    await changingNothing(project, async () => {
      for (const [_what, session_id] of badSessionIds) {
        const args = name === "start_session"
          ? { session_id, takeover: true }
          : { session_id };
        const error = refused(
          await call(client, name, args),
          refusal.badArgument,
        );
        assert.equal(error.message, sessionIdMust);
        assert.deepEqual(factsOf(error), { argument: "session_id" });
        assert.equal(
          error.hint,
          "Nothing was changed. Correct the argument and call again.",
        );
      }
    });
    await changingSomething(
      project,
      async () => granted(await call(client, name, { session_id: "good" })),
    );
  });

  Deno.test(`${name}: a NUL character never reaches it: 400`, async () => {
    const { client } = await project.newUser();
    granted(await client.rpc("start_session", { session_id: "good" }));

    await changingNothing(project, async () => {
      const { error, status } = await call(client, name, {
        session_id: "a\u0000b",
      });
      assert(error);
      assert.equal(status, 400, error.message);
    });
  });

  Deno.test(`${name}: without a session_id there is no such function: 404`, async () => {
    const { client } = await project.newUser();
    granted(await client.rpc("start_session", { session_id: "good" }));

    await changingNothing(
      project,
      async () =>
        refused(await call(client, name, {}), {
          status: 404,
          code: "PGRST202",
        }),
    );
  });
}

Deno.test("a session_id of 1 character is one, and so is one of 128", async () => {
  for (const session_id of ["1", "x".repeat(128), "ü".repeat(128), "a b"]) {
    const { client } = await project.newUser();
    assert.equal(
      granted(await client.rpc("start_session", { session_id })).session_id,
      session_id,
    );
    for (const name of withSessionId.slice(1)) {
      granted(await call(client, name, { session_id }));
    }
  }
});

Deno.test("start_session: takeover is true or false", async () => {
  const { client } = await project.newUser();

  await changingNothing(project, async () => {
    const error = refused(
      await call(client, "start_session", { session_id: "a", takeover: null }),
      refusal.badArgument,
    );
    assert.equal(error.message, "takeover must be true or false.");
    assert.deepEqual(factsOf(error), { argument: "takeover" });
  });
});

Deno.test("start_session: a device is at most one short line", async () => {
  const { client } = await project.newUser();

  await changingNothing(project, async () => {
    for (const device of ["x".repeat(201), "two\nlines", "\u001b[31m"]) {
      const error = refused(
        await client.rpc("start_session", { session_id: "a", device }),
        refusal.badArgument,
      );
      assert.equal(
        error.message,
        "device must be 0 to 200 characters, none of them a control character.",
      );
      assert.deepEqual(factsOf(error), { argument: "device" });
    }
  });
  const device = "ö".repeat(200);
  assert.equal(
    granted(await client.rpc("start_session", { session_id: "a", device }))
      .device,
    device,
  );
});

Deno.test("end_session: a reason that is none is refused, also one that is not the client's to give", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));

  await changingNothing(project, async () => {
    for (
      const reason of ["", "bored", "COMPLETED", "taken_over", "expired"]
    ) {
      const error = refused(
        await call(client, "end_session", { session_id: "a", reason }),
        refusal.badArgument,
      );
      assert.equal(
        error.message,
        "reason must be completed, disconnected, cleared or null.",
      );
      assert.deepEqual(factsOf(error), { argument: "reason" });
    }
  });
  await changingSomething(
    project,
    async () =>
      granted(
        await call(client, "end_session", { session_id: "a", reason: null }),
      ),
  );
});

Deno.test("holds_session: a fence is a number", async () => {
  const { client } = await project.newUser();

  refused(
    await call(client, "holds_session", { session_id: "a", fence: "high" }),
    { status: 400, code: "22P02" },
  );
});

Deno.test("reap_stale_sessions: a batch is from 1 to 10000, and dry or not", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  await letExpire(project, user);

  await changingNothing(project, async () => {
    for (const batch_size of [0, -1, 10001, 2147483647, null]) {
      const error = refused(
        await call(project.service, "reap_stale_sessions", { batch_size }),
        refusal.badArgument,
      );
      assert.equal(error.message, "batch_size must be from 1 to 10000.");
      assert.deepEqual(factsOf(error), { argument: "batch_size" });
    }
    const error = refused(
      await call(project.service, "reap_stale_sessions", { dry_run: null }),
      refusal.badArgument,
    );
    assert.equal(error.message, "dry_run must be true or false.");
    refused(
      await call(project.service, "reap_stale_sessions", {
        batch_size: "many",
      }),
      { status: 400, code: "22P02" },
    );
    refused(
      await call(project.service, "reap_stale_sessions", { batch_size: 2e10 }),
      { status: 400, code: "22003" },
    );
  });
  await changingSomething(
    project,
    async () =>
      granted(
        await call(project.service, "reap_stale_sessions", { batch_size: 1 }),
      ),
  );
});

Deno.test("revoke_session: a user's id, and a note that is not a novel", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));

  await changingNothing(project, async () => {
    const noUser = refused(
      await call(project.service, "revoke_session", { user_id: null }),
      refusal.badArgument,
    );
    assert.equal(noUser.message, "user_id must be the id of a user.");
    const longNote = refused(
      await project.service.rpc("revoke_session", {
        user_id: user.id,
        note: "x".repeat(1001),
      }),
      refusal.badArgument,
    );
    assert.equal(longNote.message, "note must be at most 1000 characters.");
    refused(
      await call(project.service, "revoke_session", { user_id: "nobody" }),
      { status: 400, code: "22P02" },
    );
  });
  const note = "x".repeat(1000);
  await changingSomething(
    project,
    async () =>
      granted(
        await project.service.rpc("revoke_session", { user_id: user.id, note }),
      ),
  );
});
