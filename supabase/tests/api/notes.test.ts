// What operators write down about a user is for operators: no user ever sees a note,
// nor who wrote it, in a table, an answer or a refusal.
import assert from "node:assert/strict";
import {
  call,
  type Client,
  granted,
  projectOfThisFile,
  theOne,
  type User,
} from "./support.ts";

const project = projectOfThisFile();

const notes = {
  revoked: "seen cheating on the second camera",
  extended: "has a certificate of a doctor",
};

const interview_id = "attempt-1";

/** An administrator, who revokes from a page. */
async function newAdministrator(): Promise<User> {
  const user = await project.newUser();
  await project.superuser`
    update auth.users
    set raw_app_meta_data = '{"session_admin": true}'
    where id = ${user.id}`;
  // the claim is in the next token
  return { ...user, client: await project.signIn(user) };
}

/** A user whose interview was extended and whose session an administrator ended. */
async function notedUser(administrator: User): Promise<User> {
  const user = await project.newUser();
  granted(
    await user.client.rpc("start_session", { session_id: "a", interview_id }),
  );
  granted(
    await project.service.rpc("extend_interview", {
      user_id: user.id,
      interview_id,
      by: "1 minute",
      note: notes.extended,
    }),
  );
  granted(
    await call(administrator.client, "admin_revoke_session", {
      user_id: user.id,
      note: notes.revoked,
    }),
  );
  return user;
}

/** Everything that a client is told, whatever it asks. */
async function toldTo(client: Client): Promise<string> {
  const answers: unknown[] = [];
  for (
    const table of [
      "active_interview_sessions",
      "interview_session_history",
      "interviews",
      "revocations",
      "extensions",
    ]
  ) {
    answers.push(await client.from(table as never).select());
    answers.push(await client.from(table as never).select("*,note"));
    answers.push(
      await client.schema("sessions" as never).from(table as never).select(),
    );
  }
  for (
    const [name, args] of [
      ["heartbeat_session", { session_id: "a" }],
      ["complete_session", { session_id: "a" }],
      ["end_session", { session_id: "a" }],
      ["start_session", { session_id: "a", takeover: true }],
      ["start_session", { session_id: "b", interview_id }],
      ["start_session", { session_id: "c", interview_id }],
      ["holds_session", { session_id: "a", interview_id }],
      ["end_session", { session_id: "b", reason: "completed" }],
      ["start_session", { session_id: "d", interview_id }],
    ] as const
  ) {
    answers.push(await call(client, name, args));
  }
  return JSON.stringify(answers);
}

Deno.test("M8 B8 neither the revoked user, nor another, nor anybody without a token sees a note or who wrote it", async () => {
  const administrator = await newAdministrator();
  const user = await notedUser(administrator);
  const other = await project.newUser();

  for (const client of [user.client, other.client, project.anon]) {
    const told = await toldTo(client);
    for (const secret of [...Object.values(notes), administrator.id]) {
      assert(!told.includes(secret), told);
    }
  }
});

Deno.test("M17 operators find both, with who wrote them", async () => {
  const administrator = await newAdministrator();
  const user = await notedUser(administrator);

  const revocations = await project.sql`
    select revoked_by, role, note from sessions.revocations
    where user_id = ${user.id}`;
  const extensions = await project.sql`
    select extended_by, role, note from sessions.extensions
    where user_id = ${user.id}`;

  assert.deepEqual(theOne([...revocations]), {
    revoked_by: administrator.id,
    role: "authenticated",
    note: notes.revoked,
  });
  assert.deepEqual(theOne([...extensions]), {
    extended_by: null,
    role: "service_role",
    note: notes.extended,
  });
});

Deno.test("M1 the notes about a user go with the user", async () => {
  const user = await notedUser(await newAdministrator());

  await project.superuser`delete from auth.users where id = ${user.id}`;

  for (const table of ["revocations", "extensions", "early_ends"]) {
    const rows = await project.sql`
      select from sessions.${project.sql(table)} where user_id = ${user.id}`;
    assert.equal(rows.length, 0, table);
  }
});
