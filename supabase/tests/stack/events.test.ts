// What is told of the sessions, and how it reads.
import assert from "node:assert/strict";
import { eventLine, type StackEvent } from "../../../scripts/stack/events.ts";
import { parseDuration } from "../../../scripts/stack/duration.ts";
import { pushMigrations } from "../../../scripts/stack/migrations.ts";
import { setSessionTimes } from "../../../scripts/stack/session_times.ts";
import { StackProblem } from "../../../scripts/stack/problem.ts";
import { watchSessions } from "../../../scripts/stack/watch.ts";
import { connected, preparedServer, until } from "./support.ts";

const at = new Date(2026, 10, 24, 9, 5, 7);
const line = (event: StackEvent) => eventLine(event, { at, colour: false });
const session = {
  user: "11111111-2222-3333-4444-555555555555",
  session: "tab-one-of-many",
  device: "Chrome on Windows",
};

Deno.test("each kind of event has its line", () => {
  const who = "user 55555555, session tab-one- on Chrome on Windows";
  const lines: [StackEvent, string][] = [
    [{ kind: "started", ...session }, `09:05:07  started     ${who}`],
    [
      { kind: "taken over", ...session, from: "tab-two" },
      `09:05:07  taken over  ${who}, from session tab-two`,
    ],
    [{ kind: "completing", ...session }, `09:05:07  completing  ${who}`],
    [
      { kind: "ended", ...session, device: null, reason: "expired" },
      "09:05:07  ended       user 55555555, session tab-one-: expired",
    ],
    [
      { kind: "reaped", reaped: 1, failed: 0 },
      "09:05:07  reaped      1 stale session",
    ],
    [
      { kind: "reaped", reaped: 2, failed: 1 },
      "09:05:07  reaped      2 stale sessions; 1 could not be reaped",
    ],
    [
      {
        kind: "refused",
        function: "start_session",
        status: 409,
        code: "PT409",
        message: "Busy.",
      },
      "09:05:07  refused     start_session 409 PT409: Busy.",
    ],
  ];
  for (const [event, expected] of lines) assert.equal(line(event), expected);
});

Deno.test("a name made of control characters cannot touch the terminal", () => {
  const device = "\x1b[2J\x07\r\nfake line\u202e\u2028";
  const shown = line({ kind: "started", ...session, device });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(shown, /[\x00-\x1f\x7f-\x9f\u202e\u2028]/);
  assert.match(shown, /fake line/);
});

Deno.test("colours are there only when asked for", () => {
  const event: StackEvent = { kind: "reaped", reaped: 1, failed: 0 };
  assert.ok(eventLine(event, { at, colour: true }).includes("\x1b[33m"));
  assert.ok(!line(event).includes("\x1b"));
});

Deno.test("times are read with their unit, and nothing else is", () => {
  assert.deepEqual(
    ["500ms", "5s", "1.5m", "1h"].map(parseDuration),
    [500, 5000, 90_000, 3_600_000],
  );
  for (const text of ["", "5", "s", "-5s", "0s", "5 s", "5d", "5s;"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

Deno.test("what happens in the tables is told, in order, whoever did it", async () => {
  const { server, remove } = await preparedServer();
  await pushMigrations(server.url());
  const events: StackEvent[] = [];
  const watch = await watchSessions({
    databaseUrl: server.url(),
    everyMs: 10,
    onEvent: (event) => events.push(event),
  });
  const user = "11111111-2222-3333-4444-555555555555";
  await connected(server.url(), async (sql) => {
    const next = async (what: string, kind: StackEvent["kind"]) => {
      await until(what, () => events.some((event) => event.kind === kind));
      const told = events.splice(0);
      assert.equal(told.length, 1, JSON.stringify(told));
      return told[0];
    };
    const call = (query: string) =>
      sql.begin(async (sql) => {
        await sql`select set_config('request.jwt.claims', ${
          JSON.stringify({ sub: user, role: "authenticated" })
        }, true), set_config('role', 'authenticated', true)`;
        await sql.unsafe(query);
      });
    await sql`insert into auth.users (id, email) values (${user}, 'a@example.com')`;

    await call(`select start_session('one', device => 'Chrome')`);
    assert.deepEqual(await next("the start", "started"), {
      kind: "started",
      user,
      session: "one",
      device: "Chrome",
    });
    await call(`select start_session('two', takeover => true)`);
    assert.deepEqual(await next("the takeover", "taken over"), {
      kind: "taken over",
      user,
      session: "two",
      device: null,
      from: "one",
    });
    await call(`select complete_session('two')`);
    await next("the submission", "completing");
    await call(`select end_session('two')`);
    assert.deepEqual(await next("the end", "ended"), {
      kind: "ended",
      user,
      session: "two",
      device: null,
      reason: "completed",
    });

    await call(`select start_session('three')`);
    await next("the third start", "started");
    await sql`
      update public.active_interview_sessions
      set
        created_at = created_at - interval '1 hour',
        updated_at = updated_at - interval '1 hour',
        expires_at = expires_at - interval '1 hour'
      where user_id = ${user}`;
    await sql`select * from reap_stale_sessions()`;
    await until(
      "the reaping",
      () => events.some(({ kind }) => kind === "reaped"),
    );
    assert.deepEqual(events.splice(0), [
      {
        kind: "ended",
        user,
        session: "three",
        device: null,
        reason: "expired",
      },
      { kind: "reaped", reaped: 1, failed: 0 },
    ]);

    await call(`select start_session('four')`);
    await next("the fourth start", "started");
    await sql`delete from auth.users where id = ${user}`;
    assert.deepEqual(await next("the user's end", "ended"), {
      kind: "ended",
      user,
      session: "four",
      device: null,
      reason: "its user was deleted",
    });
  });

  watch.tell({ kind: "trouble", message: "from elsewhere" });
  await until("what was told", () => events.length > 0);
  assert.deepEqual(events, [{ kind: "trouble", message: "from elsewhere" }]);

  const times = await setSessionTimes(server.url(), {
    lease: 5000,
    reapEvery: 1000,
  });
  assert.deepEqual({ ...times }, {
    lease: "00:00:05",
    heartbeat_every: "00:00:02",
    max_duration: "00:15:00",
  });
  await assert.rejects(
    setSessionTimes(server.url(), { heartbeatEvery: 3000 }),
    (error: unknown) =>
      error instanceof StackProblem && /2\.5 heartbeats/.test(error.message),
  );
  await watch.stop();
  await remove();
});
