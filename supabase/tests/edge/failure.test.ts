// What the Edge Function does when what stands behind it fails: one retry where
// that can help, and then an error that says what, in JSON.
import assert from "node:assert/strict";
import {
  reapAll,
  type Rpc,
  type Run,
} from "../../functions/reap-stale-sessions/reap_all.ts";
import { ceilingMs } from "../waiting.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import {
  type Answered,
  assertNoSecretLogged,
  clear,
  ended,
  invoke,
  keys,
  logOf,
  projectOfThisFile,
  reap,
  seedStale,
  startProject,
  stillThere,
} from "./support.ts";

/** What the network does with a call, which it may also pass on. */
type Fault = (pass: () => Promise<Response>) => Response | Promise<Response>;

/** What it does with the next calls of a function; then it passes all. */
const faults: { call: string; fault: Fault }[] = [];
const calls: string[] = [];

const project = projectOfThisFile({
  functions: true,
  async between(request, pass) {
    const call = new URL(request.url).pathname.split("/").at(-1)!;
    // that of a run with nothing to deliver: deliveries.test.ts has the others
    if (call === "claim_deliveries") return await pass();
    calls.push(call);
    const next = faults.findIndex((fault) => fault.call === call);
    if (next < 0) return await pass();
    return await faults.splice(next, 1)[0].fault(pass);
  },
});

Deno.test.beforeEach(async () => {
  faults.length = 0;
  calls.length = 0;
  await clear(project);
});
Deno.test.afterAll(() => assertNoSecretLogged(project));

const gateway = (status: number) => () =>
  new Response("upstream is away", { status });
const postgrest = (status: number, code: string) => () =>
  Response.json(
    { code, message: `it was ${code}`, details: null, hint: null },
    {
      status,
    },
  );
function failed(
  { status, headers, body }: Answered,
  wanted: { status: number; code: string; message: string | RegExp },
) {
  const { code, message, hint, duration_ms, ...soFar } = body as Record<
    string,
    unknown
  >;
  assert.equal(status, wanted.status, JSON.stringify(body));
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(code, wanted.code);
  if (typeof wanted.message === "string") {
    assert.equal(message, wanted.message);
  } else {
    assert.match(String(message), wanted.message);
  }
  assert.equal(
    hint,
    wanted.status === 503
      ? "It was tried twice. The next call may succeed."
      : "It will not pass by itself. See the database's log.",
  );
  assert(Number.isInteger(duration_ms));
  return soFar;
}

for (
  const [what, fault] of [
    ["a gateway's 502", gateway(502)],
    ["a gateway's 503", gateway(503)],
    ["a gateway's 504", gateway(504)],
    ["an edge's 522", gateway(522)],
    ["a lost connection to the database", postgrest(503, "PGRST000")],
    ["a serialization failure", postgrest(500, "40001")],
    ["a lock that was not to be had", postgrest(500, "55P03")],
    ["a statement that took too long", postgrest(500, "57014")],
  ] as const
) {
  Deno.test(`after ${what} it tries once more, and that is enough`, async () => {
    const stale = await seedStale(project, 2);
    faults.push({ call: "reap_stale_sessions", fault });

    const { reaped, drained } = await reap(project);

    assert.deepEqual([reaped, drained], [2, true]);
    assert.deepEqual(calls, [
      "reap_stale_sessions",
      "reap_stale_sessions",
      "session_health",
    ]);
    assert.deepEqual(
      [...(await ended(project)).keys()].sort(),
      stale.sort(),
    );
  });
}

Deno.test("when that fails as well, it answers 503, logs one line, and the next call does it all", async () => {
  await seedStale(project, 2);
  for (const _ of [1, 2]) {
    faults.push({ call: "reap_stale_sessions", fault: gateway(503) });
  }

  const lines = await logOf(project, 1, async () => {
    const soFar = failed(await invoke(project), {
      status: 503,
      code: "",
      message: "upstream is away",
    });
    assert.deepEqual(soFar, {
      reaped: 0,
      batches: 0,
      by_reason: {},
      drained: false,
    });
  });

  assert.deepEqual(calls, ["reap_stale_sessions", "reap_stale_sessions"]);
  assert.equal(lines.length, 1);
  assert.equal(lines[0].event, "failed");
  assert.equal(lines[0].message, "upstream is away");
  assert.equal((await reap(project)).reaped, 2);
});

Deno.test("what cannot pass by itself is not tried again: 500", async () => {
  await seedStale(project, 2);
  faults.push({
    call: "reap_stale_sessions",
    fault: postgrest(403, "42501"),
  });

  const { health } = failed(await invoke(project), {
    status: 500,
    code: "42501",
    message: "it was 42501",
  });
  assert.match((health as { status: string }).status, /^(ok|warning)$/);

  assert.deepEqual(calls, ["reap_stale_sessions", "session_health"]);
  assert.equal((await stillThere(project)).length, 2);
});

Deno.test("what was done before the failure stays done, and is said", async () => {
  await seedStale(project, 1500);
  let batches = 0;
  const failFromTheSecondOn = {
    call: "reap_stale_sessions",
    fault: () => postgrest(500, "XX000")(),
  };
  faults.push({
    call: "reap_stale_sessions",
    fault: async () => {
      batches++;
      faults.push(failFromTheSecondOn);
      const { data } = await project.service.rpc("reap_stale_sessions");
      return Response.json(data);
    },
  });

  const soFar = failed(await invoke(project), {
    status: 500,
    code: "XX000",
    message: "it was XX000",
  });

  assert.equal(batches, 1);
  const { health, ...rest } = soFar;
  assert.equal((health as { status: string }).status, "ok");
  assert.deepEqual(rest, {
    reaped: 1000,
    batches: 1,
    by_reason: { expired: 1000 },
    drained: false,
  });
  assert.equal((await stillThere(project)).length, 500);
});

Deno.test("a failure to ask for the health is told with what was reaped", async () => {
  await seedStale(project, 2);
  for (const _ of [1, 2]) {
    faults.push({ call: "session_health", fault: gateway(503) });
  }

  const soFar = failed(await invoke(project), {
    status: 503,
    code: "",
    message: "upstream is away",
  });

  assert.deepEqual(soFar, {
    reaped: 2,
    batches: 1,
    by_reason: { expired: 2 },
    drained: true,
  });
});

Deno.test("a table that is locked for the first try only: the second succeeds", async () => {
  await seedStale(project, 2);
  const locked = Promise.withResolvers<void>();
  const firstTryFailed = Promise.withResolvers<void>();
  const locking = project.sql.begin(async (sql) => {
    await sql`lock table public.active_interview_sessions`;
    locked.resolve();
    await firstTryFailed.promise;
  });
  await locked.promise;
  const answers: unknown[] = [];
  faults.push({
    call: "reap_stale_sessions",
    async fault(pass) {
      const response = await pass();
      answers.push((await response.clone().json()).code);
      firstTryFailed.resolve();
      await locking;
      return response;
    },
  });

  const { reaped } = await reap(project);

  assert.equal(reaped, 2);
  assert.deepEqual(answers, ["55P03"]);
  assert.deepEqual(calls, [
    "reap_stale_sessions",
    "reap_stale_sessions",
    "session_health",
  ]);
});

Deno.test("a database that lets nobody in: 503; and when it does again, the next call reaps", async () => {
  const { superuser, database } = project;
  const itself = superuser(database);
  await seedStale(project, 1);
  await superuser`alter database ${itself} connection limit 0`;
  await superuser`
    select pg_terminate_backend(pid, ${ceilingMs})
    from pg_stat_activity
    where datname = current_database() and usename = 'authenticator'`;

  try {
    failed(await invoke(project), {
      status: 503,
      code: "53300",
      message: `too many connections for database "${database}"`,
    });
  } finally {
    await superuser`alter database ${itself} connection limit -1`;
  }

  assert.equal((await reap(project)).reaped, 1);
});

Deno.test("a connection that is cut before there is an answer: it tries once more", async () => {
  let target = 0;
  let cut = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const relaying = (async () => {
    for await (const client of listener) {
      if (cut++ === 0) {
        await client.read(new Uint8Array(1));
        client.close();
        continue;
      }
      const api = await Deno.connect({ hostname: "127.0.0.1", port: target });
      api.readable.pipeTo(client.writable).catch(() => {});
      client.readable.pipeTo(api.writable).catch(() => {});
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  const own = await startProject({
    functions: true,
    functionsEnv: { SUPABASE_URL: `http://127.0.0.1:${port}` },
  });
  target = Number(new URL(own.url).port);
  try {
    await seedStale(own, 2);

    assert.equal((await reap(own)).reaped, 2);
    assert(cut > 1);
  } finally {
    await own.stop();
    listener.close();
    await relaying;
  }
});

Deno.test("an API that cannot be reached: 503", async () => {
  const nowhere = await startProject({
    functions: true,
    functionsEnv: { SUPABASE_URL: `http://127.0.0.1:${freePort()}` },
  });
  try {
    const lines = await logOf(nowhere, 1, async () => {
      failed(await invoke(nowhere), {
        status: 503,
        code: "",
        message: /^The project's API could not be reached: /,
      });
    });
    assert.equal(lines.length, 1);
    assertNoSecretLogged(nowhere);
  } finally {
    await nowhere.stop();
  }
});

Deno.test("without any secret key the function opens to nobody: 500", async () => {
  const keyless = await startProject({
    functions: true,
    functionsEnv: { SUPABASE_SECRET_KEYS: "{}" },
  });
  try {
    await seedStale(keyless, 1);
    for (const apikey of [keys.secret.default, "undefined", "{}"]) {
      const { status } = await invoke(keyless, { headers: { apikey } });
      assert.equal(status, 500);
    }
    assert.equal((await stillThere(keyless)).length, 1);
  } finally {
    await keyless.stop();
  }
});

/** A call of the reaper in a made-up database: how many it moves and cannot move. */
interface Batch {
  moved: number;
  failed?: number;
}

/** Runs against a database that answers so; each call takes that long. */
async function runAgainst(
  batchOf: (n: number) => Batch,
  callTakesMs = 0,
): Promise<{ run: Run; calls: string[] }> {
  let now = 0;
  let last: Batch = { moved: 0 };
  let batches = 0;
  const calls: string[] = [];
  const rpc: Rpc = (name) => {
    now += callTakesMs;
    calls.push(name);
    if (name === "session_health") {
      const health = {
        status: "warning",
        reason: "It is behind.",
        last_reap_failed: last.failed ?? 0,
      };
      return Promise.resolve({ data: [health], error: null, status: 200 });
    }
    last = batchOf(batches++);
    const data = Array.from({ length: last.moved }, (_, i) => ({
      session_id: `${i}`,
      end_reason: "expired",
    }));
    return Promise.resolve({ data, error: null, status: 200 });
  };
  const { log } = console;
  const clock = performance.now;
  console.log = () => {};
  performance.now = () => now;
  try {
    return { run: await reapAll(rpc), calls };
  } finally {
    console.log = log;
    performance.now = clock;
  }
}

Deno.test("M12 a run ends before the next one is due, also when not all is done", async () => {
  const { run, calls } = await runAgainst(() => ({ moved: 1000 }), 20_000);

  assert.deepEqual(
    [run.drained, run.batches, run.reaped, run.health.status],
    [false, 3, 3000, "warning"],
  );
  assert.deepEqual(calls, [
    ...["reap_stale_sessions", "reap_stale_sessions", "reap_stale_sessions"],
    "session_health",
  ]);
});

Deno.test("M13 a batch of which some could not be moved is not taken for the last: it goes on", async () => {
  const batches: Batch[] = [
    { moved: 400, failed: 600 },
    { moved: 0, failed: 1000 },
    { moved: 1000 },
    { moved: 10, failed: 5 },
  ];

  const { run, calls } = await runAgainst((n) => batches[n]);

  assert.deepEqual([run.drained, run.batches, run.reaped], [true, 4, 1410]);
  assert.deepEqual(calls, [
    ...["reap_stale_sessions", "session_health"],
    ...["reap_stale_sessions", "session_health"],
    ...["reap_stale_sessions", "reap_stale_sessions", "session_health"],
  ]);
});

Deno.test("M13 sessions that cannot be moved do not make it call again and again", async () => {
  const { run, calls } = await runAgainst(() => ({ moved: 0, failed: 999 }));

  assert.deepEqual([run.drained, run.batches, run.reaped], [true, 1, 0]);
  assert.deepEqual(calls, ["reap_stale_sessions", "session_health"]);
});

Deno.test("M12 with full batches that cannot be moved it ends in time, and says that it is not done", async () => {
  const { run } = await runAgainst(() => ({ moved: 0, failed: 1000 }), 20_000);

  assert.deepEqual([run.drained, run.batches, run.reaped], [false, 2, 0]);
});

/** Removes the row of the settings, as no statement but a superuser's can. */
async function withoutSettings(work: () => Promise<void>) {
  const { superuser } = project;
  await superuser`
    create table sessions.kept_settings as select * from sessions.settings`;
  await superuser`alter table sessions.settings disable trigger keep_row`;
  await superuser`delete from sessions.settings where true`;
  try {
    await work();
  } finally {
    await superuser`
      insert into sessions.settings select * from sessions.kept_settings`;
    await superuser`
      alter table sessions.settings enable always trigger keep_row`;
    await superuser`drop table sessions.kept_settings`;
  }
}

Deno.test("B2 without settings it says what is missing, changes nothing, and still answers the health: critical", async () => {
  const stale = await seedStale(project, 2);

  await withoutSettings(async () => {
    const { health } = failed(await invoke(project), {
      status: 500,
      code: "55000",
      message: "sessions.settings has no row. Nothing was changed.",
    });
    assert.deepEqual(health, {
      status: "critical",
      reason: "The health could not be determined: sessions.settings has no " +
        "row. Nothing was changed. (55000)",
    });
  });

  assert.deepEqual(await stillThere(project), stale.sort());
  assert.equal((await reap(project)).reaped, 2);
});
