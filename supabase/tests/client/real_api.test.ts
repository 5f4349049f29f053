// The client with supabase-js against the real API.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { OwnReason, SessionState } from "../../../client/state.ts";
import {
  type Client,
  projectOfThisFile,
  type User,
} from "../../../scripts/test/api_fixture.ts";
import { awaited, until } from "../waiting.ts";
import { createSession } from "./world.ts";

const project = projectOfThisFile();
const { test } = Deno;

/** How the sessions of a user ended. */
async function endsOf({ id }: User): Promise<string[]> {
  const { data } = await project.service.from("interview_session_history")
    .select("end_reason").eq("user_id", id).order("fence");
  return data!.map(({ end_reason }) => end_reason);
}

/** A session of this client, disposed of when the test ends. */
async function withSession(
  client: Client,
  o: Parameters<typeof createSession>[1],
  work: (session: ReturnType<typeof createSession>) => Promise<void>,
) {
  const session = createSession(client, o);
  try {
    await work(session);
  } finally {
    session.dispose();
  }
}

test("M2 M4 W9 with a client that is made with accessToken: started, kept alive, submitted", async () => {
  const [user] = await project.newUsers(1);
  await withSession(user.client, { heartbeatEvery: 0.05 }, async (session) => {
    const { state, error } = await session.start();
    assert.equal(error, null);
    assert(state.name === "live");
    const { updated_at } = state.session;
    await until("a heartbeat", () => {
      const now = session.state();
      return now.name === "live" && now.session.updated_at !== updated_at;
    });
    const times: SessionState[] = [];

    const submitted = await session.submit(() =>
      Promise.resolve(times.push(session.state()))
    );

    assert.equal(submitted.error, null);
    assert.deepEqual(times.map(({ name }) => name), ["completing"]);
    assert.deepEqual(await endsOf(user), ["completed"]);
  });
});

test("W7 another user signs in with the same client: the first session is ended, nothing is started", async () => {
  const [first, second] = [await project.newUser(), await project.newUser()];
  await withSession(first.client, {}, async (session) => {
    await session.start();
    const lost = Promise.withResolvers<string>();
    session.on("lost", ({ reason }) => lost.resolve(reason));
    const { data } = await second.client.auth.getSession();

    await first.client.auth.setSession(data.session!);

    const reason = await awaited("the session is over", lost.promise);
    assert.equal(reason, "user_changed");
    await until(
      "the first user's session has ended",
      async () => (await endsOf(first)).length === 1,
    );
    assert.deepEqual(await endsOf(first), ["disconnected"]);
    assert.equal((await session.start()).error?.kind, "user-changed");
    const { data: rows } = await second.client
      .from("active_interview_sessions").select();
    assert.deepEqual(rows, []);
  });
});

test("C1 a submitted interview is over for good, and cannot be started again", async () => {
  const user = await project.newUser();
  const interviewId = randomUUID();
  await withSession(user.client, { interviewId }, async (session) => {
    await session.start();

    const { state } = await session.submit();
    assert(state.name === "over" && state.isFinal);
    assert(state.endedAt);

    const again = await session.start();
    assert(again.error?.kind === "over" && again.error.isFinal);
    assert.equal(again.error.reason, "completed");
  });
});

test("B6 an end that was confirmed to nobody counts when it is asked for again", async () => {
  const user = await project.newUser();
  await withSession(user.client, {}, async (session) => {
    const { state } = await session.start();
    assert(state.name === "live");
    const { session_id } = state.session;
    await user.client.rpc("end_session", { session_id, reason: "completed" });

    assert.equal((await session.end("completed")).error, null);
  });
});

for (const reason of ["completed", "disconnected", "cleared"] as OwnReason[]) {
  test(`the message of a session that its page has ended as ${reason} is the server's`, async () => {
    const user = await project.newUser();
    const [{ message }] = await project.superuser`
      select sessions.end_reason_message(${reason}) as message`;
    await withSession(user.client, {}, async (session) => {
      await session.start();

      const { state } = await session.end(reason);

      assert(state.name === "over");
      assert.equal(state.message, message);
    });
  });
}

test("M6 C4 a session that is taken over says so in the server's words", async () => {
  const user = await project.newUser();
  const other = await project.signIn(user);
  await withSession(user.client, {}, async (session) => {
    await session.start();
    await withSession(other, { device: "Phone" }, async (second) => {
      const refused = await second.start();
      assert(refused.state.name === "held");
      assert.equal((await second.start({ takeover: true })).error, null);

      const { error } = await session.end();

      assert(error?.kind === "over");
      assert.equal(error.reason, "taken_over");
      assert.match(error.message, /continued in another window/);
    });
  });
});
