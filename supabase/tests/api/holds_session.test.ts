// holds_session: the guard for the app's own tables, asked by a client.
import assert from "node:assert/strict";
import {
  type Client,
  granted,
  letExpire,
  projectOfThisFile,
  refusal,
  refused,
} from "./support.ts";

const project = projectOfThisFile();

// a table of the app's own, guarded by a policy; made before the API is first
// asked, so that it knows it
Deno.test.beforeAll(async () => {
  await project.sql.unsafe(`
    create table public.answers (
      user_id uuid not null default auth.uid(),
      session_id text not null,
      fence bigint not null,
      answer text not null
    );
    alter table public.answers enable row level security;
    grant select, insert on public.answers to authenticated;
    create policy "only the live session writes" on public.answers
      for insert to authenticated
      with check (
        user_id = (select auth.uid())
        and public.holds_session(session_id, fence)
      );
    create policy "own answers" on public.answers
      for select to authenticated
      using (user_id = (select auth.uid()));
  `);
});

async function write(
  client: Client,
  grant: { session_id: string; fence: number },
) {
  const { session_id, fence } = grant;
  return await client.from("answers" as never)
    .insert({ session_id, fence, answer: "42" } as never);
}

Deno.test("B5 only the live session, and only its own grant, is held", async () => {
  const user = await project.newUser();
  const holds = async (session_id: string, fence?: number | null) =>
    granted(await user.client.rpc("holds_session", { session_id, fence }));
  const first = granted(
    await user.client.rpc("start_session", { session_id: "first" }),
  );
  assert.equal(await holds("first"), true);
  assert.equal(await holds("first", null), true);
  assert.equal(await holds("first", first.fence), true);
  assert.equal(await holds("first", first.fence + 1), false);
  assert.equal(await holds("never"), false);

  const second = granted(
    await user.client.rpc("start_session", {
      session_id: "second",
      takeover: true,
    }),
  );

  assert.equal(await holds("first"), false);
  assert.equal(await holds("first", first.fence), false);
  assert.equal(await holds("second", first.fence), false);
  assert.equal(await holds("second", second.fence), true);
});

Deno.test("B5 a policy with it lets the holder write to the app's own table, and no zombie", async () => {
  const user = await project.newUser();
  const otherDevice = await project.signIn(user);
  const zombie = granted(
    await user.client.rpc("start_session", { session_id: "zombie" }),
  );
  assert.equal((await write(user.client, zombie)).status, 201);
  const holder = granted(
    await otherDevice.rpc("start_session", {
      session_id: "holder",
      takeover: true,
    }),
  );

  refused(await write(user.client, zombie), refusal.roleMayNot);
  refused(
    await write(user.client, { ...holder, fence: zombie.fence }),
    refusal.roleMayNot,
  );
  assert.equal((await write(otherDevice, holder)).status, 201);

  await letExpire(project, user);
  refused(await write(otherDevice, holder), refusal.roleMayNot);
  const written = await project.sql<{ session_id: string }[]>`
    select session_id from public.answers where user_id = ${user.id}`;
  assert.deepEqual(
    written.map(({ session_id }) => session_id).sort(),
    ["holder", "zombie"],
  );
});

Deno.test("B1 B5 what is stale is not held, reaped or not", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  await letExpire(project, user);

  assert.equal(
    granted(await user.client.rpc("holds_session", { session_id: "a" })),
    false,
  );
  granted(await project.service.rpc("reap_stale_sessions"));
  assert.equal(
    granted(await user.client.rpc("holds_session", { session_id: "a" })),
    false,
  );
});

Deno.test("B5 somebody else's session is not held", async () => {
  const [a, b] = [await project.newUser(), await project.newUser()];
  const { fence } = granted(
    await a.client.rpc("start_session", { session_id: "of a" }),
  );

  assert.equal(
    granted(
      await b.client.rpc("holds_session", { session_id: "of a", fence }),
    ),
    false,
  );
});

Deno.test("B5 null is held by nobody, and is no error in a policy", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));

  const answer = await client.rpc("holds_session", {
    session_id: null as unknown as string,
  });

  assert.equal(granted(answer), false);
});

Deno.test("B5 it changes nothing, so a GET may ask it", async () => {
  const { client } = await project.newUser();
  granted(await client.rpc("start_session", { session_id: "a" }));

  const answer = await client.rpc("holds_session", { session_id: "a" }, {
    get: true,
  });

  assert.equal(granted(answer), true);
});
