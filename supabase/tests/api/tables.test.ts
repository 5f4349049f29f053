// The tables as a client sees them: its own rows, to read; and nothing beside.
import assert from "node:assert/strict";
import { keys } from "../../../scripts/test/api_fixture.ts";
import {
  changingNothing,
  type Client,
  granted,
  letExpire,
  projectOfThisFile,
  refusal,
  refused,
  theOne,
  type User,
} from "./support.ts";

const project = projectOfThisFile();

/** A user with one ended session and one live one, both of an interview. */
async function userWithBoth(): Promise<User> {
  const user = await project.newUser();
  const start = async (session_id: string) =>
    granted(
      await user.client.rpc("start_session", {
        session_id,
        interview_id: "an interview",
      }),
    );
  await start("ended");
  granted(await user.client.rpc("end_session", { session_id: "ended" }));
  await start("live");
  return user;
}

Deno.test("M1 M8 a plain select shows a user their own session, and no other", async () => {
  const [a, b] = [await userWithBoth(), await userWithBoth()];

  for (const user of [a, b]) {
    const row = theOne(
      granted(await user.client.from("active_interview_sessions").select()),
    );
    assert.equal(row.user_id, user.id);
    assert.equal(row.session_id, "live");
  }
  assert.deepEqual(
    granted(
      await a.client.from("active_interview_sessions").select()
        .eq("user_id", b.id),
    ),
    [],
    "asking for somebody else's by name finds nothing",
  );
});

Deno.test("B7 M8 a plain select shows a user their own history, and no other", async () => {
  const [a, b] = [await userWithBoth(), await userWithBoth()];

  for (const user of [a, b]) {
    const row = theOne(
      granted(await user.client.from("interview_session_history").select()),
    );
    assert.equal(row.user_id, user.id);
    assert.equal(row.session_id, "ended");
  }
});

Deno.test("C1 M8 a plain select shows a user their own interviews, and no other", async () => {
  const [a, b] = [await userWithBoth(), await userWithBoth()];

  for (const user of [a, b]) {
    const row = theOne(granted(await user.client.from("interviews").select()));
    assert.equal(row.user_id, user.id);
    assert.equal(row.interview_id, "an interview");
    assert.equal(row.last_session_id, "live");
  }
});

Deno.test("B1 a plain select does not show what is stale, reaped or not", async () => {
  const user = await userWithBoth();
  await letExpire(project, user);

  assert.deepEqual(
    granted(await user.client.from("active_interview_sessions").select()),
    [],
  );
  assert.equal(
    granted(
      await project.sql`
      select from public.active_interview_sessions where user_id = ${user.id}
    `.then((rows) => ({ data: rows.count, error: null, status: 200 })),
    ),
    1,
    "it is still there",
  );
});

const tables = [
  "active_interview_sessions",
  "interview_session_history",
  "interviews",
] as const;

for (const table of tables) {
  Deno.test(`B8 ${table} is closed to whoever is not signed in: 401`, async () => {
    await userWithBoth();

    refused(
      await project.anon.from(table as never).select(),
      refusal.anonMayNot,
    );
  });

  Deno.test(`B8 ${table}: a backend with the secret key reads everybody's rows`, async () => {
    const users = [await userWithBoth(), await userWithBoth()];

    const rows: { user_id: string }[] = granted(
      await project.service.from(table).select("user_id")
        .in("user_id", users.map(({ id }) => id)),
    );

    assert.deepEqual(
      rows.map(({ user_id }) => user_id).sort(),
      users.map(({ id }) => id).sort(),
    );
  });

  Deno.test(`M1 B8 nobody writes ${table}: insert, upsert, update, delete`, async () => {
    const user = await userWithBoth();
    const row = {
      user_id: user.id,
      [table === "interviews" ? "interview_id" : "session_id"]: "forged",
    };
    const changed = table === "interviews"
      ? { submitted_at: null }
      : { status: "completing" };
    const writes: ((client: Client) => PromiseLike<unknown>)[] = [
      (client) => client.from(table as never).insert(row as never),
      (client) => client.from(table as never).upsert(row as never),
      (client) =>
        client.from(table as never).update(changed as never)
          .eq("user_id", user.id),
      (client) => client.from(table as never).delete().eq("user_id", user.id),
    ];

    await changingNothing(project, async () => {
      for (const write of writes) {
        refused(await write(user.client) as never, refusal.roleMayNot);
        refused(await write(project.service) as never, refusal.roleMayNot);
        refused(await write(project.anon) as never, refusal.anonMayNot);
      }
    });
  });
}

Deno.test("B8 the schema sessions cannot be reached through the API", async () => {
  const user = await userWithBoth();
  const asking: [string, string][] = [
    ["GET", "settings"],
    ["GET", "reaper_runs"],
    ["GET", "revocations"],
    ["GET", "extensions"],
    ["POST", "rpc/start_session"],
    ["POST", "rpc/refuse_caller"],
    ["POST", "rpc/overlapping_sessions"],
  ];

  await changingNothing(project, async () => {
    for (const [method, path] of asking) {
      for (const token of [user.token, keys.secret.default]) {
        const ask = (profile: Record<string, string>) =>
          fetch(`${project.url}/rest/v1/${path}`, {
            method,
            headers: {
              apikey: token === user.token ? keys.publishable : token,
              ...(token === user.token && { authorization: `Bearer ${token}` }),
              "content-type": "application/json",
              ...profile,
            },
            body: method === "POST" ? "{}" : undefined,
          });
        const named = await ask({
          "accept-profile": "sessions",
          "content-profile": "sessions",
        });
        assert.equal(named.status, 406, `${method} ${path}`);
        assert.equal((await named.json()).code, "PGRST106");
        const bare = await ask({});
        assert.equal(bare.status, 404, `${method} ${path}`);
        await bare.body?.cancel();
      }
    }
  });
});

Deno.test("M1 with the user all of theirs goes", async () => {
  const [gone, other] = [await userWithBoth(), await userWithBoth()];

  await project.superuser`delete from auth.users where id = ${gone.id}`;

  for (const table of tables) {
    const left = await project.sql<{ user_id: string }[]>`
      select user_id from public.${project.sql(table)}
      where user_id in (${gone.id}, ${other.id})`;
    assert.deepEqual(left.map(({ user_id }) => user_id), [other.id]);
  }
});
