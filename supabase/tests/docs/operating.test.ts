// The statements of docs/operating.md, run as they stand there.
import assert from "node:assert/strict";
import { projectOfThisFile } from "../../../scripts/test/api_fixture.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";

const recipe = recipesOf("docs/operating.md");
const project = projectOfThisFile();

Deno.test("M14 the operator's statements answer", async () => {
  const answers: unknown = await project.sql
    .unsafe(recipe("operate.sql")).simple();

  const [health, ...rest] = answers as { status: string }[][];
  assert.equal(health[0].status, "warning", "the reaper has never run");
  assert.deepEqual(rest.map((rows) => rows.length), [0, 0, 0]);
});

Deno.test("M10 C7 the settings as shown are those in force", async () => {
  const inForce = () => project.sql`select s::text from sessions.settings s`;
  const before = await inForce();

  const { count } = await project.sql.unsafe(recipe("settings.sql"));

  assert.equal(count, 1);
  assert.deepEqual([...await inForce()], [...before]);
  const columns = await project.sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = 'sessions.settings'::regclass and attnum > 0
      and not attisdropped and attname <> 'is_the_row'`;
  for (const { name } of columns) {
    assert(recipe("settings.sql").includes(`\n  ${name} = `), name);
  }
});

Deno.test("M17 a user is made an administrator", async () => {
  const [user, other] = await project.newUsers(2);
  const somebody = "somebody@example.com";
  const statement = recipe("administrator.sql");
  assert(statement.includes(somebody));

  const { count } = await project.superuser.unsafe(
    statement.replace(somebody, user.email),
  );

  assert.equal(count, 1);
  const made = await project.superuser`
    select id, raw_app_meta_data -> 'session_admin' as is_admin
    from auth.users where id in (${user.id}, ${other.id})`;
  assert.equal(made.find(({ id }) => id === user.id)?.is_admin, true);
  assert.notEqual(made.find(({ id }) => id === other.id)?.is_admin, true);
});

Deno.test("C1 an operator ends a user's session and gives the user more time, with notes that no user sees", async () => {
  const user = await project.newUser();
  const { data: session } = await user.client.rpc("start_session", {
    session_id: "held",
    interview_id: "attempt-1",
  });
  const nobody = "00000000-0000-0000-0000-000000000000";
  const statements = recipe("revoke.sql");
  assert.equal(statements.split(nobody).length, 3);

  const answers: unknown = await project.sql
    .unsafe(statements.replaceAll(nobody, user.id)).simple();

  const [[ended], [interview]] = answers as Record<string, unknown>[][];
  assert.deepEqual(
    [ended.session_id, ended.end_reason],
    ["held", "revoked"],
  );
  assert.equal(
    Number(interview.deadline_at) - Date.parse(session!.deadline_at),
    600_000,
  );
  const notes = await project.sql`
    select role, note from sessions.revocations where user_id = ${user.id}
    union all
    select role, note from sessions.extensions where user_id = ${user.id}`;
  assert.deepEqual([...notes], [
    { role: "postgres", note: "asked by the user" },
    { role: "postgres", note: "fire alarm" },
  ]);
  for (const table of ["interview_session_history", "interviews"] as const) {
    const { data } = await user.client.from(table).select();
    assert.equal(data?.length, 1);
    assert.doesNotMatch(JSON.stringify(data), /asked by the user|fire alarm/);
  }
});

Deno.test("an operator ends all sessions in one statement", async () => {
  const users = await project.newUsers(3);
  for (const { client } of users) {
    await client.rpc("start_session", { session_id: "held" });
  }
  const live = async () => {
    const [{ count }] = await project.sql`
      select count(*)::int from public.active_interview_sessions`;
    return count;
  };
  const before = await live();
  assert(before >= users.length);

  const [{ count }] = await project.sql.unsafe(recipe("revoke_all.sql"));

  assert.equal(Number(count), before);
  assert.equal(await live(), 0);
  for (const { client } of users) {
    const { error } = await client.rpc("heartbeat_session", {
      session_id: "held",
    });
    assert.equal(JSON.parse(error!.details).end_reason, "revoked");
  }
});
