// Interviews: one clock for all of the sessions that a user needs for one, whatever
// ends them and on whatever device they are.
import assert from "node:assert/strict";
import {
  changingNothing,
  type Client,
  factsOf,
  granted,
  isoTimestamp,
  letExpire,
  letPass,
  letTimeOut,
  projectOfThisFile,
  refusal,
  refused,
  secondsBetween,
  theOne,
  type User,
} from "./support.ts";

const project = projectOfThisFile();

const interview_id = "attempt-1";

const start = (
  client: Client,
  session_id: string,
  o: { takeover?: boolean; device?: string; interview_id?: string } = {},
) => client.rpc("start_session", { session_id, interview_id, ...o });

const interviewOf = async ({ client }: User) =>
  theOne(granted(await client.from("interviews").select()));

Deno.test("C1 the first start of an interview sets its deadline", async () => {
  const user = await project.newUser();

  const session = granted(await start(user.client, "first"));

  assert.equal(session.interview_id, interview_id);
  assert.equal(session.previous_session_id, null);
  assert.equal(secondsBetween(session.created_at, session.deadline_at), 900);
  const { started_at, deadline_at, ...rest } = await interviewOf(user);
  assert.match(started_at, isoTimestamp);
  assert.equal(started_at, session.created_at);
  assert.equal(deadline_at, session.deadline_at);
  assert.deepEqual(rest, {
    user_id: user.id,
    interview_id,
    submitted_at: null,
    last_session_id: "first",
  });
});

Deno.test("C1 C2 after a crash the interview goes on, on another device, to the same deadline", async () => {
  const user = await project.newUser();
  const phone = await project.signIn(user);
  granted(await start(user.client, "laptop", { device: "Chrome on Windows" }));
  await letExpire(project, user);
  const { deadline_at } = await interviewOf(user);

  const session = granted(
    await start(phone, "phone", { device: "Safari on iPhone" }),
  );

  assert.equal(session.deadline_at, deadline_at);
  assert.equal(session.previous_session_id, "laptop");
  assert.equal(session.device, "Safari on iPhone");
  assert(
    secondsBetween(session.created_at, session.deadline_at) < 9 * 60 + 1,
    "the six minutes that have passed are not given back",
  );
  assert.equal((await interviewOf(user)).last_session_id, "phone");
  const ended = theOne(
    granted(await phone.from("interview_session_history").select()),
  );
  assert.deepEqual(
    [ended.session_id, ended.end_reason, ended.interview_id],
    ["laptop", "expired", interview_id],
  );
});

/** How a page can stop holding an interview that then goes on. */
const ways: Record<string, (user: User) => PromiseLike<unknown>> = {
  "a reload": ({ client }) => client.rpc("end_session", { session_id: "old" }),
  "being cleared": ({ client }) =>
    client.rpc("end_session", { session_id: "old", reason: "cleared" }),
  "a crash": (user) => letExpire(project, user),
  "a crash, and the reaper": async (user) => {
    await letExpire(project, user);
    granted(await project.service.rpc("reap_stale_sessions"));
  },
  "a takeover": () => Promise.resolve(),
  "a revocation": ({ id }) =>
    project.service.rpc("revoke_session", { user_id: id }),
};

for (const [what, stop] of Object.entries(ways)) {
  Deno.test(`C1 C2 after ${what} the next session has the same deadline and names the last one`, async () => {
    const user = await project.newUser();
    granted(await start(user.client, "old"));
    await letPass(project, user, "2 minutes");
    await stop(user);
    const before = await interviewOf(user);

    const session = granted(
      await start(user.client, "new", { takeover: true }),
    );

    assert.equal(session.previous_session_id, "old");
    assert.equal(session.deadline_at, before.deadline_at);
    assert.deepEqual(await interviewOf(user), {
      ...before,
      last_session_id: "new",
    });
  });
}

Deno.test("C2 the last session is that of the same interview, and not of another", async () => {
  const { client } = await project.newUser();
  granted(await start(client, "of the first"));
  granted(
    await start(client, "of the second", {
      interview_id: "attempt-2",
      takeover: true,
    }),
  );

  const back = granted(await start(client, "back", { takeover: true }));

  assert.equal(back.previous_session_id, "of the first");
});

Deno.test("C1 each user has a clock of their own for the same interview_id", async () => {
  const [a, b] = [await project.newUser(), await project.newUser()];
  granted(await start(a.client, "a"));
  await letPass(project, a, "5 minutes");

  const session = granted(await start(b.client, "b"));

  assert.equal(session.previous_session_id, null);
  assert.equal(secondsBetween(session.created_at, session.deadline_at), 900);
});

Deno.test("C1 B6 a submitted interview is not started again: 410 with its id and a message for the user", async () => {
  const user = await project.newUser();
  const { client } = user;
  granted(await start(client, "first"));
  granted(await client.rpc("complete_session", { session_id: "first" }));
  granted(await client.rpc("end_session", { session_id: "first" }));
  const { submitted_at } = await interviewOf(user);
  assert.match(submitted_at ?? "", isoTimestamp);

  const error = await changingNothing(
    project,
    async () =>
      refused(await start(client, "second", { takeover: true }), refusal.over),
  );

  assert.equal(error.message, "This interview was submitted.");
  assert.equal(
    error.hint,
    "This interview_id is over. No session can be started for it.",
  );
  assert.deepEqual(factsOf(error), {
    session_id: "second",
    end_reason: "completed",
    ended_at: submitted_at,
    interview_id,
  });
  granted(await start(client, "third", { interview_id: "attempt-2" }));
});

Deno.test("C1 B1 an interview whose time is up is not started again: the same answer, reaped or not", async () => {
  const user = await project.newUser();
  granted(await start(user.client, "first"));
  await letTimeOut(project, user);
  const { deadline_at } = await interviewOf(user);

  const before = refused(await start(user.client, "second"), refusal.over);
  granted(await project.service.rpc("reap_stale_sessions"));
  const after = refused(await start(user.client, "second"), refusal.over);

  assert.equal(before.message, "The time for this interview is up.");
  assert.deepEqual(factsOf(before), {
    session_id: "second",
    end_reason: "timed_out",
    ended_at: deadline_at,
    interview_id,
  });
  assert.deepEqual({ ...after }, { ...before });
});

Deno.test("C1 no takeover and no heartbeat carries an interview past its deadline", async () => {
  const user = await project.newUser();
  const first = granted(await start(user.client, "0"));
  for (const n of [1, 2, 3]) {
    await letPass(project, user, "4 minutes");
    granted(await start(user.client, `${n}`, { takeover: true }));
  }

  const session = granted(
    await user.client.rpc("heartbeat_session", { session_id: "3" }),
  );

  assert.equal(session.deadline_at, session.expires_at);
  assert.equal(
    secondsBetween(session.deadline_at, first.deadline_at),
    12 * 60,
    "moved by nothing but the test",
  );
});

Deno.test("C1 M4 submitting may last beyond the deadline, but a new session of it may not start then", async () => {
  const user = await project.newUser();
  granted(await start(user.client, "a"));
  await letPass(project, user, "4 minutes");
  const completing = granted(
    await user.client.rpc("complete_session", { session_id: "a" }),
  );

  const { deadline_at } = await interviewOf(user);
  assert.equal(
    secondsBetween(completing.updated_at, completing.deadline_at),
    900,
  );
  assert(Date.parse(completing.deadline_at) > Date.parse(deadline_at));

  // the interview's own deadline has passed meanwhile
  await project.sql`
    update public.interviews
    set deadline_at = now() - interval '1 second'
    where user_id = ${user.id}`;
  const error = refused(
    await start(user.client, "b", { takeover: true }),
    refusal.over,
  );
  assert.equal(factsOf(error).end_reason, "timed_out");
  granted(await user.client.rpc("heartbeat_session", { session_id: "a" }));
});

Deno.test("B3 C1 while another session holds the interview, a start is refused and told of it", async () => {
  const { client } = await project.newUser();
  granted(await start(client, "held"));

  const error = await changingNothing(
    project,
    async () => refused(await start(client, "wanted"), refusal.held),
  );

  assert.equal(factsOf(error).session_id, "held");
});

Deno.test("C1 without an interview_id no interview is written, and nothing is shared", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));
  granted(await client.rpc("end_session", { session_id: "a" }));

  const row = granted(await client.rpc("start_session", { session_id: "b" }));

  assert.equal(row.interview_id, null);
  assert.equal(row.previous_session_id, null);
  assert.equal(secondsBetween(row.created_at, row.deadline_at), 900);
  assert.deepEqual(granted(await client.from("interviews").select()), []);
});

Deno.test("B6 C1 the start of an interview may be sent again", async () => {
  const user = await project.newUser();
  const first = granted(await start(user.client, "a"));

  const again = granted(await start(user.client, "a"));

  assert.deepEqual(
    [again.fence, again.deadline_at, again.previous_session_id],
    [first.fence, first.deadline_at, null],
  );
  assert.equal((await interviewOf(user)).last_session_id, "a");
});
