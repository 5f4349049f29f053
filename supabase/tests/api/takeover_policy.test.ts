// C7: where takeover is refused, only an operator or the end of the lease frees a
// user.
import assert from "node:assert/strict";
import {
  changingNothing,
  factsOf,
  granted,
  letExpire,
  projectOfThisFile,
  refusal,
  refused,
  type User,
} from "./support.ts";

const project = projectOfThisFile();

async function policy(takeover: "allowed" | "refused") {
  await project.sql`
    update sessions.settings set takeover = ${takeover} where is_the_row`;
}

Deno.test.beforeEach(() => policy("refused"));

async function holder(): Promise<User> {
  const user = await project.newUser();
  granted(
    await user.client.rpc("start_session", {
      session_id: "held",
      device: "Chrome on Windows",
      interview_id: "exam",
    }),
  );
  return user;
}

const takeOver = ({ client }: User) =>
  client.rpc("start_session", {
    session_id: "wanted",
    takeover: true,
    interview_id: "exam",
  });

Deno.test("C7 B3 a takeover is refused like any start, and the hint says what is left", async () => {
  const user = await holder();

  const error = await changingNothing(
    project,
    async () => refused(await takeOver(user), refusal.held),
  );

  const { session_id, device, expires_in } = factsOf(error);
  assert.deepEqual([session_id, device], ["held", "Chrome on Windows"]);
  assert.equal(
    error.message,
    "You already have an interview open on Chrome on Windows.",
  );
  assert.equal(
    error.hint,
    "Continue there. Takeover is not allowed: without a heartbeat it ends by " +
      `itself in ${expires_in} seconds, or an operator can end it.`,
  );
  granted(
    await user.client.rpc("heartbeat_session", { session_id: "held" }),
  );
});

Deno.test("C7 the hint of a plain start does not suggest a takeover", async () => {
  const { client } = await holder();

  const { hint } = refused(
    await client.rpc("start_session", { session_id: "wanted" }),
    refusal.held,
  );

  assert.match(hint ?? "", /^Continue there\. Takeover is not allowed/);
});

const frees: Record<string, (user: User) => Promise<unknown>> = {
  "the end of the lease": (user) => letExpire(project, user),
  "an operator": async ({ id }) =>
    granted(await project.service.rpc("revoke_session", { user_id: id })),
  "its holder, who ends it": async ({ client }) =>
    granted(await client.rpc("end_session", { session_id: "held" })),
};

for (const [what, free] of Object.entries(frees)) {
  Deno.test(`C7 ${what} frees the user`, async () => {
    const user = await holder();
    refused(await takeOver(user), refusal.held);

    await free(user);

    const row = granted(await takeOver(user));
    assert.equal(row.previous_session_id, "held");
  });
}

Deno.test("C7 B6 the holder's own start may still be sent again, with takeover", async () => {
  const { client } = await holder();

  granted(
    await client.rpc("start_session", {
      session_id: "held",
      takeover: true,
      interview_id: "exam",
    }),
  );
});

Deno.test("C7 allowed again, a takeover succeeds from the next call on", async () => {
  const user = await holder();
  refused(await takeOver(user), refusal.held);

  await policy("allowed");

  granted(await takeOver(user));
});
