// extend_interview: an operator gives one user more time, in mid-run or after.
import assert from "node:assert/strict";
import {
  call,
  changingNothing,
  factsOf,
  granted,
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

async function inAnInterview() {
  const user = await project.newUser();
  const session = granted(
    await user.client.rpc("start_session", { session_id: "a", interview_id }),
  );
  return { user, session };
}

const extend = (user: Pick<User, "id">, by: string, note?: string) =>
  project.service.rpc("extend_interview", {
    user_id: user.id,
    interview_id,
    by,
    note,
  });

Deno.test("C1 an extension moves the deadline of the interview and of its live session at once", async () => {
  const { user, session } = await inAnInterview();
  const other = await inAnInterview();

  const interview = theOne(
    granted(await extend(user, "10 minutes", "fire alarm")),
  );

  assert.equal(
    secondsBetween(session.deadline_at, interview.deadline_at),
    600,
  );
  const beat = granted(
    await user.client.rpc("heartbeat_session", { session_id: "a" }),
  );
  assert.equal(beat.deadline_at, interview.deadline_at);
  assert.equal(beat.fence, session.fence, "it is the same grant");
  const seen = theOne(granted(await user.client.from("interviews").select()));
  assert.deepEqual(seen, interview);
  const untouched = granted(
    await other.user.client.rpc("heartbeat_session", { session_id: "a" }),
  );
  assert.equal(untouched.deadline_at, other.session.deadline_at);
});

Deno.test("C1 the log of extensions says who, when, by how much and why, to operators alone", async () => {
  const { user } = await inAnInterview();

  granted(await extend(user, "10 minutes", "fire alarm"));
  granted(await extend(user, "00:00:30"));

  const logged = await project.sql`
    select interview_id, extended_by, role, extended::text, note
    from sessions.extensions where user_id = ${user.id} order by id`;
  const by = { interview_id, extended_by: null, role: "service_role" };
  assert.deepEqual([...logged], [
    { ...by, extended: "00:10:00", note: "fire alarm" },
    { ...by, extended: "00:00:30", note: null },
  ]);
  const columns = Object.keys(
    theOne(granted(await user.client.from("interviews").select())),
  );
  assert.deepEqual(columns, [
    ...["user_id", "interview_id", "started_at", "deadline_at"],
    ...["submitted_at", "last_session_id"],
  ]);
});

Deno.test("C1 after the deadline an extension lets the interview go on", async () => {
  const { user } = await inAnInterview();
  await letTimeOut(project, user);
  const start = () =>
    user.client.rpc("start_session", { session_id: "b", interview_id });
  assert.equal(
    factsOf(refused(await start(), refusal.over)).end_reason,
    "timed_out",
  );

  const interview = theOne(granted(await extend(user, "10 minutes")));

  const row = granted(await start());
  assert.equal(row.deadline_at, interview.deadline_at);
  assert.equal(row.previous_session_id, "a");
  // what had timed out stays so
  const ended = theOne(
    granted(await user.client.from("interview_session_history").select()),
  );
  assert.equal(ended.end_reason, "timed_out");
});

Deno.test("C1 M4 completing takes nothing of an extension back", async () => {
  const { user } = await inAnInterview();
  const { deadline_at } = theOne(granted(await extend(user, "1 hour")));

  const row = granted(
    await user.client.rpc("complete_session", { session_id: "a" }),
  );

  assert.equal(row.deadline_at, deadline_at);
});

Deno.test("C1 a submitted interview may be extended, and stays submitted", async () => {
  const { user } = await inAnInterview();
  granted(
    await user.client.rpc("end_session", {
      session_id: "a",
      reason: "completed",
    }),
  );

  const { submitted_at } = theOne(granted(await extend(user, "10 minutes")));

  assert(submitted_at);
  refused(
    await user.client.rpc("start_session", { session_id: "b", interview_id }),
    refusal.over,
  );
});

Deno.test("B6 an interview that there is not: no row", async () => {
  const { user } = await inAnInterview();

  await changingNothing(project, async () => {
    for (
      const args of [
        { user_id: crypto.randomUUID(), interview_id },
        { user_id: user.id, interview_id: "attempt-2" },
      ]
    ) {
      assert.deepEqual(
        granted(
          await project.service.rpc("extend_interview", { ...args, by: "1s" }),
        ),
        [],
      );
    }
  });
});

Deno.test("extend_interview: a user, an interview, a positive interval of at most a year, a short note", async () => {
  const { user } = await inAnInterview();
  const good = { user_id: user.id, interview_id, by: "1 minute" };
  const bad: [string, Record<string, unknown>, string][] = [
    ["user_id", { user_id: null }, "user_id must be the id of a user."],
    ...[null, "", "x".repeat(129), "a\nb"].map((
      interview_id,
    ): [string, Record<string, unknown>, string] => [
      "interview_id",
      { interview_id },
      "interview_id must be 1 to 128 characters, none of them a control character.",
    ]),
    ...[null, "0", "-1 minute", "366 days", "-1 year 361 days"].map((
      by,
    ): [string, Record<string, unknown>, string] => [
      "by",
      { by },
      "by must be an interval from 1 microsecond to 365 days.",
    ]),
    [
      "note",
      { note: "x".repeat(1001) },
      "note must be at most 1000 characters.",
    ],
  ];

  await changingNothing(project, async () => {
    for (const [argument, args, message] of bad) {
      const error = refused(
        await call(project.service, "extend_interview", { ...good, ...args }),
        refusal.badArgument,
      );
      assert.equal(error.message, message, JSON.stringify(args).slice(0, 80));
      assert.deepEqual(factsOf(error), { argument });
    }
    for (const by of ["soon", "infinity", "", {}]) {
      const { error, status } = await call(
        project.service,
        "extend_interview",
        { ...good, by },
      );
      assert.equal(status, 400, error?.message);
    }
  });
  granted(await call(project.service, "extend_interview", good));
});
