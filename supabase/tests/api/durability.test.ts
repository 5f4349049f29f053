// What a commit waits for: a heartbeat that is the whole request need not wait for
// the disk; whatever else a transaction writes does.
import assert from "node:assert/strict";
import {
  call,
  type Client,
  granted,
  letExpire,
  projectOfThisFile,
} from "./support.ts";
import { ceilingMs } from "../waiting.ts";

const project = projectOfThisFile();

// The tests' server commits asynchronously unless told otherwise. Notes at each
// commit that changes a session how it is made durable, and an
// app's function that sends a heartbeat along with its own write
Deno.test.beforeAll(async () => {
  await project.superuser`
    alter database ${project.superuser(project.database)}
    set synchronous_commit = on`;
  await project.superuser`
    select pg_terminate_backend(pid, ${ceilingMs})
    from pg_stat_activity
    where datname = current_database() and usename = 'authenticator'`;
  await project.sql.unsafe(`
    create table public.commits (path text, synchronous_commit text);
    create function public.note_commit() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $$
    begin
      insert into public.commits values (
        current_setting('request.path', true),
        current_setting('synchronous_commit')
      );
      return null;
    end $$;
    create constraint trigger note_commit
      after insert or update or delete on public.active_interview_sessions
      deferrable initially deferred
      for each row execute function public.note_commit();

    create table public.answers (answer text);
    grant insert on public.answers to authenticated;
    create function public.save_answer(session_id text, answer text)
    returns void language plpgsql as $$
    begin
      perform public.heartbeat_session(session_id);
      insert into public.answers values (answer);
    end $$;
    create function public.clean_up() returns void language plpgsql as $$
    begin
      perform public.reap_stale_sessions();
    end $$;
  `).simple();
});

/** How what `work` changed was committed, each way once. */
async function commitsOf(work: () => Promise<unknown>): Promise<string[]> {
  await project.sql`delete from public.commits where true`;
  await work();
  const rows = await project.sql<{ path: string; commit: string }[]>`
    select distinct path, synchronous_commit as commit
    from public.commits order by 1, 2`;
  return rows.map(({ path, commit }) => `${path} ${commit}`);
}

async function live(): Promise<Client> {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  return user.client;
}

Deno.test("M11 a heartbeat that is the whole request commits asynchronously", async () => {
  const client = await live();

  assert.deepEqual(
    await commitsOf(async () =>
      granted(await client.rpc("heartbeat_session", { session_id: "a" }))
    ),
    ["/rpc/heartbeat_session off"],
  );
});

Deno.test("B7 a heartbeat inside an app's own function leaves its commit alone", async () => {
  const client = await live();

  assert.deepEqual(
    await commitsOf(async () => {
      const { error } = await call(client, "save_answer", {
        session_id: "a",
        answer: "42",
      });
      assert.equal(error, null);
    }),
    ["/rpc/save_answer on"],
  );
});

Deno.test("B7 the reaper inside an app's own function leaves its commit alone", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  await letExpire(project, user);

  assert.deepEqual(
    await commitsOf(async () => {
      const { error } = await call(project.service, "clean_up", {});
      assert.equal(error, null);
    }),
    ["/rpc/clean_up on"],
  );
});

Deno.test("B7 start, complete, end, and a start again commit in full", async () => {
  const user = await project.newUser();
  const { client } = user;
  const calls: Record<string, () => Promise<unknown>> = {
    start_session: async () =>
      granted(await client.rpc("start_session", { session_id: "a" })),
    complete_session: async () =>
      granted(await client.rpc("complete_session", { session_id: "a" })),
    end_session: async () =>
      granted(await client.rpc("end_session", { session_id: "a" })),
  };

  for (const [name, work] of Object.entries(calls)) {
    assert.deepEqual(await commitsOf(work), [`/rpc/${name} on`]);
  }
  await client.rpc("start_session", { session_id: "b" });
  assert.deepEqual(
    await commitsOf(async () =>
      granted(await client.rpc("start_session", { session_id: "b" }))
    ),
    ["/rpc/start_session on"],
    "the heartbeat in it is not the whole request",
  );
});

Deno.test("B7 a revocation commits in full, and the reaper's batch asynchronously", async () => {
  const user = await project.newUser();
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  assert.deepEqual(
    await commitsOf(async () =>
      granted(
        await project.service.rpc("revoke_session", { user_id: user.id }),
      )
    ),
    ["/rpc/revoke_session on"],
  );

  granted(await user.client.rpc("start_session", { session_id: "b" }));
  await letExpire(project, user);
  assert.deepEqual(
    await commitsOf(async () =>
      granted(await project.service.rpc("reap_stale_sessions"))
    ),
    ["/rpc/reap_stale_sessions off"],
  );
});
