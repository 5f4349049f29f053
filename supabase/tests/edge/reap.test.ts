// What the Edge Function does, answers and logs when all is well.
import assert from "node:assert/strict";
import {
  assertNoSecretLogged,
  clear,
  ended,
  invoke,
  logOf,
  projectOfThisFile,
  reap,
  reaperRuns,
  seedStale,
  stillThere,
} from "./support.ts";

const project = projectOfThisFile({ functions: true });

Deno.test.beforeEach(() => clear(project));
Deno.test.afterAll(() => assertNoSecretLogged(project));

Deno.test("M7 M13 it reaps what is stale and leaves what lives", async () => {
  const user = await project.newUser();
  const { data: live } = await user.client.rpc("start_session", {
    session_id: "live",
  });
  const expired = await seedStale(project, 3);
  const timedOut = await seedStale(project, 2, { reason: "timed_out" });

  await reap(project);

  assert.deepEqual(await stillThere(project), ["live"]);
  assert.deepEqual(
    await ended(project),
    new Map([
      ...expired.map((id) => [id, "expired"] as const),
      ...timedOut.map((id) => [id, "timed_out"] as const),
    ]),
  );
  const { data: beat, error } = await user.client.rpc("heartbeat_session", {
    session_id: "live",
  });
  assert.equal(error, null);
  assert.equal(beat?.fence, live?.fence);
});

Deno.test("it answers how many, why, how long it took, and how things are", async () => {
  await seedStale(project, 3);
  await seedStale(project, 2, { reason: "timed_out" });

  const { status, headers, body } = await invoke(project);

  const { duration_ms, health, ...rest } = body as Awaited<
    ReturnType<typeof reap>
  >;
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "application/json");
  assert.deepEqual(rest, {
    reaped: 5,
    batches: 1,
    by_reason: { expired: 3, timed_out: 2 },
    drained: true,
    deliveries: { delivered: 0, failed: 0, put_back: 0, problems: {} },
  });
  assert(Number.isInteger(duration_ms) && duration_ms >= 0);
  assert.deepEqual(Object.keys(health), ["status", "reason"]);
  assert.equal(health.status, "ok");
  assert.match(health.reason, /^The reaper ran \d\d:\d\d:\d\d ago/);
  assert.deepEqual(Object.keys(body as object), [
    ...["reaped", "batches", "by_reason", "duration_ms", "drained", "health"],
    "deliveries",
  ]);
});

Deno.test("with nothing to do it says so, and that it was there", async () => {
  const runs = await reaperRuns(project);

  const { reaped, batches, by_reason, drained } = await reap(project);

  assert.deepEqual(
    { reaped, batches, by_reason, drained },
    { reaped: 0, batches: 1, by_reason: {}, drained: true },
  );
  assert.equal(await reaperRuns(project), runs + 1);
});

Deno.test("M12 2,500 stale sessions go in three bounded batches", async () => {
  const stale = await seedStale(project, 2500);

  const { reaped, batches, by_reason, drained } = await reap(project);

  assert.deepEqual(
    { reaped, batches, by_reason, drained },
    { reaped: 2500, batches: 3, by_reason: { expired: 2500 }, drained: true },
  );
  assert.deepEqual(
    [...(await ended(project)).keys()].sort(),
    stale.sort(),
  );
});

Deno.test("M12 a full batch is followed by one that may find nothing", async () => {
  await seedStale(project, 1000);

  const { reaped, batches, drained } = await reap(project);

  assert.deepEqual([reaped, batches, drained], [1000, 2, true]);
});

Deno.test("M7 the log: a line for each batch that found something, with ids and reasons, and one for the run", async () => {
  const expired = await seedStale(project, 2);
  const [timedOut] = await seedStale(project, 1, { reason: "timed_out" });

  const lines = await logOf(project, 2, async () => {
    await reap(project);
    await reap(project);
  });

  const [batch, run, emptyRun] = lines;
  assert.equal(lines.length, 3);
  const ids = batch.session_ids as Record<string, string[]>;
  assert.deepEqual(
    {
      ...batch,
      session_ids: { ...ids, expired: ids.expired.toSorted() },
    },
    {
      event: "batch",
      reaped: 3,
      session_ids: { expired: expired.sort(), timed_out: [timedOut] },
    },
  );
  for (const [line, reaped] of [[run, 3], [emptyRun, 0]] as const) {
    assert.equal(line.event, "reaped");
    assert.equal(line.reaped, reaped);
    assert.deepEqual(Object.keys(line), [
      ...["event", "reaped", "batches", "by_reason", "duration_ms", "drained"],
      ...["health", "deliveries"],
    ]);
  }
});

Deno.test("M7 a line of the log is never longer than the platform keeps it", async () => {
  await seedStale(project, 300);
  await seedStale(project, 300, { sessionId: '"'.repeat(128) });

  const lines = await logOf(project, 1, () => reap(project));

  const [batch, run] = lines;
  assert.equal(lines.length, 2);
  assert.equal(run.event, "reaped");
  assert(JSON.stringify(batch).length < 10_000);
  const listed = Object.values(batch.session_ids as Record<string, string[]>)
    .flat().length;
  assert(listed > 30);
  assert.equal(listed + Number(batch.not_listed), 600);
});

Deno.test("two calls at once reap everything once, and neither fails", async () => {
  const stale = await seedStale(project, 2500);

  const runs = await Promise.all([1, 2, 3].map(() => reap(project)));

  const reaped = runs.map((run) => run.reaped).reduce((a, b) => a + b);
  assert.equal(reaped, 2500);
  for (const { drained } of runs) assert.equal(drained, true);
  assert.deepEqual(
    [...(await ended(project)).keys()].sort(),
    stale.sort(),
  );
  assert.deepEqual(await stillThere(project), []);
});

Deno.test("a session that cannot be reaped does not stop the others, and health says so", async () => {
  const [stuck, ...others] = await seedStale(project, 5);
  // its id is in the history already, which nothing but SQL can bring about
  await project.sql`
    insert into public.interview_session_history (
      user_id, session_id, fence, started_at, last_seen_at, ended_at,
      end_reason, status
    )
    select
      user_id, session_id, fence, created_at - interval '1 day',
      created_at - interval '1 day', created_at - interval '1 day', 'expired',
      status
    from public.active_interview_sessions
    where session_id = ${stuck}`;

  const { reaped, drained, health } = await reap(project);

  assert.deepEqual([reaped, drained], [4, true]);
  assert.deepEqual(await stillThere(project), [stuck]);
  assert.deepEqual(
    new Set((await ended(project)).keys()),
    new Set([stuck, ...others]),
  );
  assert.deepEqual(health, {
    status: "warning",
    reason: "The last run could not reap 1 sessions; the server log says why.",
  });
});

Deno.test("M13 more sessions than a batch that a trigger refuses do not hold up the others behind them", async () => {
  // oldest first in the table, where the reaper looks first
  const bad = await seedStale(project, 1200);
  const good = await seedStale(project, 300);
  await project.sql.unsafe(`
    create table public.refused (session_id text primary key);
    create function public.refuse() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $$
    begin
      if exists (select from public.refused r where r.session_id = old.session_id) then
        -- also where the code is that of something that may pass
        raise exception 'not this one' using errcode = '55000';
      end if;
      return old;
    end $$;
    create trigger refuse before delete on public.active_interview_sessions
      for each row execute function public.refuse();
  `).simple();
  await project.sql`
    insert into public.refused select unnest(${bad}::text[])`;

  try {
    const { reaped, by_reason, drained, health } = await reap(project);

    assert.deepEqual(
      [reaped, by_reason, drained],
      [300, { expired: 300 }, true],
    );
    assert.deepEqual([...(await ended(project)).keys()].sort(), good.sort());
    assert.deepEqual(await stillThere(project), bad.sort());
    assert.equal(health.status, "warning");
    assert.match(health.reason, /could not (be reaped|reap)/);
    // tried again later, and not at each call
    const again = await reap(project);
    assert.deepEqual([again.reaped, again.batches], [0, 1]);
    assert.deepEqual(again.health, {
      status: "warning",
      reason: "1200 stale sessions could not be reaped and are tried again " +
        "later; the server log says why.",
    });
  } finally {
    await project.sql.unsafe(`
      drop trigger refuse on public.active_interview_sessions;
      drop function public.refuse();
      drop table public.refused;
    `).simple();
  }
});

Deno.test("B2 the answer is critical when something stale has been there for long", async () => {
  const [stuck] = await seedStale(project, 1);
  await project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - interval '20 minutes',
      updated_at = updated_at - interval '20 minutes',
      deadline_at = deadline_at - interval '20 minutes',
      expires_at = expires_at - interval '20 minutes'
    where session_id = ${stuck}`;

  const { health } = await project.sql.begin(async (sql) => {
    await sql`
      select from public.active_interview_sessions
      where session_id = ${stuck} for update`;
    return await reap(project);
  });

  assert.equal(health.status, "critical");
  assert.match(health.reason, /has not been cleaned up/);
});
