// scripts/health.sql answers an operator's questions: every statement of it, on a
// database of known content.
import assert from "node:assert/strict";
import type postgres from "postgres";
import { textOf } from "../../../scripts/test/files.ts";
import {
  type LastingDatabase,
  makeCopyOf,
  plainly,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";

const ada = "aaaaaaaa-0000-4000-8000-000000000001";
const ben = "bbbbbbbb-0000-4000-8000-000000000002";
const cleo = "cccccccc-0000-4000-8000-000000000003";
const dan = "dddddddd-0000-4000-8000-000000000004";

/**
 * Two live, two overdue, a history, a reaper that paused for 20 minutes, an
 * interview in each state, an extension and a revocation.
 */
const content = `
  insert into auth.users (id) values ('${ada}'), ('${ben}'), ('${cleo}'), ('${dan}');
  insert into public.active_interview_sessions
    (user_id, session_id, status, fence, device, created_at, updated_at, deadline_at, expires_at, interview_id)
  select
    user_id::uuid, session_id, status, fence, device, now() + created, now() + updated, now() + deadline, now() + expires,
    case session_id when 'ada live' then 'running' end
  from (values
    ('${ada}', 'ada live', 'active', 11, 'Chrome on Windows', interval '-6 minutes', interval '-1 minute', interval '9 minutes', interval '4 minutes'),
    ('${ben}', 'ben live', 'completing', 12, null, '-9 minutes', '-20 seconds', '14 minutes', '5 minutes'),
    ('${cleo}', 'cleo lost', 'active', 13, 'Safari on iPhone', '-8 minutes', '-7 minutes', '7 minutes', '-2 minutes'),
    ('${dan}', 'dan late', 'active', 14, 'Chrome on Windows', '-18 minutes', '-4 minutes', '-3 minutes', '-3 minutes')
  ) v (user_id, session_id, status, fence, device, created, updated, deadline, expires);
  insert into public.interview_session_history
    (user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status)
  select '${ada}'::uuid, 'completed ' || n, n, 'Chrome on Windows', at - n * interval '1 minute', at, at, 'completed', 'completing'
  from generate_series(1, 3) n, lateral (select date_trunc('day', now()) - interval '36 hours' + n * interval '2 hours' as at) a
  union all
  select '${ben}', 'expired', 4, 'Safari on iPhone', at - interval '6 minutes', at, at, 'expired', 'active'
  from (select date_trunc('day', now()) - interval '36 hours' as at) a
  union all
  select '${cleo}', 'taken ' || n, n, 'Safari on iPhone', at - interval '2 minutes', at, at, 'taken_over', 'active'
  from generate_series(5, 9) n, lateral (select now() - interval '2 days' + n * interval '5 minutes' as at) a
  union all
  select '${dan}', 'taken', 10, null, at - interval '2 minutes', at, at, 'taken_over', 'active'
  from (select now() - interval '3 days' as at) a;
  insert into public.interview_session_history (user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status)
  select '${dan}', 'old', 2, at - interval '2 minutes', at, at, 'revoked', 'active'
  from (select now() - interval '15 days' as at) a;
  insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
  select date_trunc('hour', now()) - interval '2 hours' + m * interval '1 minute', 'service_role', 2, case m when 30 then 1 else 0 end, 0, interval '4 ms'
  from generate_series(0, 59) m
  where m not between 40 and 58;
  insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
  values (now(), 'service_role', 0, 0, 0, interval '4 ms');
  insert into public.interviews (user_id, interview_id, started_at, deadline_at, submitted_at, last_session_id)
  select user_id::uuid, interview_id, now() + started, now() + deadline, now() + submitted, 'a session'
  from (values
    ('${ada}', 'running', interval '-6 minutes', interval '9 minutes', null::interval),
    ('${ada}', 'long ago', '-3 days', '-2 days', null),
    ('${ben}', 'submitted', '-2 hours', '-90 minutes', '-100 minutes'),
    ('${cleo}', 'interrupted', '-8 minutes', '37 minutes', null),
    ('${dan}', 'timed out', '-18 minutes', '-3 minutes', null)
  ) v (user_id, interview_id, started, deadline, submitted);
  insert into sessions.extensions (user_id, interview_id, extended_at, role, extended, note)
  values
    ('${cleo}', 'interrupted', now() - interval '3 minutes', 'service_role', '10 minutes', 'fire alarm'),
    ('${cleo}', 'interrupted', now() - interval '2 minutes', 'service_role', '20 minutes', null);
  insert into sessions.revocations (user_id, session_id, revoked_at, revoked_by, role, note)
  values
    ('${dan}', 'taken', now() - interval '1 minute', '${ada}', 'authenticated', 'asked by the user'),
    ('${dan}', 'old', now() - interval '15 days', null, 'postgres', 'long ago');
  select sessions.lift_fence();
`;

/** The statement of each question, by its number. */
function questions(): Map<number, string> {
  const [, ...sections] = textOf("scripts/health.sql").split("\n\n\n");
  return new Map(sections.map((section) => {
    const number = /^-- (\d+)\. /.exec(section)?.[1];
    assert(number, `a question without a number:\n${section}`);
    return [Number(number), section];
  }));
}

let database: LastingDatabase;
/** The server's time as of which the content is as it says. */
let seededAt: string;

Deno.test.beforeAll(async () => {
  database = await makeCopyOf("migrated");
  seededAt = await database.connected(async (sql) => {
    const results: unknown = await sql
      .unsafe(`${content} select now()::text as at`).simple();
    return (results as { at: string }[][]).at(-1)![0].at;
  });
});
Deno.test.afterAll(() => database.drop());

/** The answer to a question, asked where nothing can be written. */
async function answerTo(number: number): Promise<Record<string, unknown>[]> {
  const statement = questions().get(number);
  assert(statement, `there is no question ${number}`);
  return await database.connected((sql) =>
    sql.begin(
      "read only",
      (transaction) => plainly(transaction.unsafe(statement)),
    )
  );
}

function only<Row extends Record<string, unknown>>(
  rows: Row[],
  ...columns: string[]
): unknown[][] {
  return rows.map((row) => columns.map((column) => row[column]));
}

Deno.test("M14 each question has a number, says what it answers, and is one statement that writes nothing", async () => {
  const all = questions();
  assert.deepEqual(
    [...all.keys()],
    Array.from({ length: all.size }, (_, n) => n + 1),
  );
  for (const [number, statement] of all) {
    assert.match(statement, /^(-- .*\n)+(select|with)\b/, `question ${number}`);
    assert.match(statement, /^-- \d+\. [^\n]*\?/, `question ${number} asks`);
    // the extended protocol takes no second statement
    await answerTo(number);
  }
});

Deno.test("M14 pasted as a whole it runs, too", async () => {
  const answers = await database.connected((sql) =>
    sql.unsafe(textOf("scripts/health.sql")).simple()
  );
  assert.equal(answers.length, questions().size);
});

Deno.test("M14 B2 health: the row of session_health()", async () => {
  const [row, ...more] = await answerTo(1);
  assert.deepEqual(more, []);
  assert.deepEqual(
    only([row], "status", "live", "completing", "stale", "overlaps_found"),
    [["ok", "2", "1", "2", "0"]],
  );
});

Deno.test("M14 live sessions with their age in minutes and the time left, and no other", async () => {
  const rows = await answerTo(2);
  assert.deepEqual(
    only(rows, "user_id", "session_id", "device", "status"),
    [
      [ben, "ben live", null, "completing"],
      [ada, "ada live", "Chrome on Windows", "active"],
    ],
    "the oldest first",
  );
  const [, row] = rows;
  const elapsed = await secondsSinceSeeding();
  isBetween(row.age_minutes, 6, 6 + elapsed / 60);
  isBetween(row.silent_seconds, 60, 60 + elapsed);
  isBetween(row.seconds_left, 240 - elapsed, 240);
  isBetween(row.seconds_to_deadline, 540 - elapsed, 540);
});

Deno.test("M14 overdue sessions, how they will end, and for how long they have been over", async () => {
  const rows = await answerTo(3);
  assert.deepEqual(
    only(rows, "user_id", "session_id", "will_end_as", "tried_again_at"),
    [
      [dan, "dan late", "timed_out", null],
      [cleo, "cleo lost", "expired", null],
    ],
    "the longest overdue first",
  );
  const elapsed = await secondsSinceSeeding();
  isBetween(rows[0].overdue_minutes, 3, 3 + elapsed / 60);
});

Deno.test("M14 what the reaper would take is what is overdue, and it stays", async () => {
  const taken = [
    [dan, "dan late", "timed_out"],
    [cleo, "cleo lost", "expired"],
  ];
  const columns = ["user_id", "session_id", "end_reason"];
  assert.deepEqual(only(await answerTo(4), ...columns), taken);
  assert.deepEqual(only(await answerTo(4), ...columns), taken);
});

Deno.test("M14 the clean-up hour by hour: runs, the longest gap, what was reaped and what failed", async () => {
  const rows = await answerTo(5);
  assert.equal(rows.length, 24);
  const paused = rows.findIndex(({ runs }) => runs === "41");
  assert.deepEqual(
    only(
      rows.slice(paused - 1, paused + 2),
      "runs",
      "longest_gap",
      "reaped",
      "failed",
    ),
    [
      // an hour without a run is a row, not a hole
      ["0", null, "0", "0"],
      ["41", "00:20:00", "82", "1"],
      ["0", null, "0", "0"],
    ],
  );
  assert.deepEqual(
    only(rows.filter(({ runs }) => runs !== "0"), "runs"),
    [["1"], ["41"]],
  );
  assert.notEqual(rows[0].since_last_run, null);
  assert.deepEqual(
    rows.slice(1).filter(({ since_last_run }) => since_last_run !== null),
    [],
  );
});

Deno.test("M14 how sessions ended by day and reason", async () => {
  const rows = await answerTo(6);
  const sums: Record<string, number> = {};
  for (const row of rows) {
    sums[`${row.end_reason}`] = (sums[`${row.end_reason}`] ?? 0) +
      Number(row.sessions);
  }
  assert.deepEqual(sums, { completed: 3, expired: 1, taken_over: 6 });
  const days = new Map<unknown, number>();
  for (const { day, percent_of_day } of rows) {
    days.set(day, (days.get(day) ?? 0) + Number(percent_of_day));
  }
  for (const percent of days.values()) isBetween(percent, 99, 101);
});

Deno.test("M14 M17 how long sessions last: median and 95th percentile", async () => {
  assert.deepEqual(
    only(
      await answerTo(7),
      "end_reason",
      "sessions",
      "median",
      "p95",
      "longest",
    ),
    [
      ["taken_over", "6", "00:02:00", "00:02:00", "00:02:00"],
      ["completed", "3", "00:02:00", "00:02:54", "00:03:00"],
      ["expired", "1", "00:06:00", "00:06:00", "00:06:00"],
    ],
  );
});

Deno.test("M14 B7 no overlaps is the proof; the witness: one is found", async () => {
  assert.deepEqual(await answerTo(8), []);
  const found = await withCopyOf(
    database,
    (copy) =>
      copy.connected(async (sql) => {
        await sql`
        insert into public.interview_session_history
          (user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status)
        values (${ada}, 'impossible', 99, now() - interval '5 minutes', now(), now(), 'completed', 'active')`;
        return await plainly(sql.unsafe(questions().get(8) ?? ""));
      }),
  );
  assert.deepEqual(only(found, "user_id", "session_id"), [[ada, "impossible"]]);
});

Deno.test("M14 sessions by device, and how many end badly there", async () => {
  assert.deepEqual(
    only(await answerTo(9), "device", "live", "ended", "ended_badly"),
    [
      ["Safari on iPhone", "0", "6", "1"],
      ["Chrome on Windows", "1", "3", "0"],
      ["unknown", "1", "1", "0"],
    ],
  );
});

Deno.test("M14 who takes over often, and not who did it once", async () => {
  assert.deepEqual(
    only(await answerTo(10), "user_id", "taken_over", "from_devices"),
    [[cleo, "5", ["Safari on iPhone"]]],
  );
});

Deno.test("M14 C1 interviews: running, interrupted, submitted or timed out, the time left, and how it was extended", async () => {
  const rows = await answerTo(11);
  assert.deepEqual(
    only(rows, "user_id", "interview_id", "state", "extended"),
    [
      [ben, "submitted", "submitted", null],
      [dan, "timed out", "timed_out", null],
      [ada, "running", "active", null],
      [cleo, "interrupted", "interrupted", "00:30:00"],
    ],
    "those that end first come first, and none of long ago",
  );
  const elapsed = await secondsSinceSeeding();
  isBetween(rows[2].minutes_left, 9 - elapsed / 60, 9);
});

Deno.test("M14 M17 who revoked a session or extended an interview, and why", async () => {
  assert.deepEqual(
    only(
      await answerTo(12),
      ...["action", "user_id", "session_id", "interview_id", "extended"],
      ...["done_by", "role", "note"],
    ),
    [
      [
        ...["revoked", dan, "taken", null, null],
        ...[ada, "authenticated", "asked by the user"],
      ],
      [
        ...["extended", cleo, null, "interrupted", "00:20:00"],
        ...[null, "service_role", null],
      ],
      [
        ...["extended", cleo, null, "interrupted", "00:10:00"],
        ...[null, "service_role", "fire alarm"],
      ],
    ],
    "the latest first, and none of long ago",
  );
});

Deno.test("M12 M14 sizes, dead rows, and how many updates were HOT", async () => {
  const rows = await database.connected(async (sql) => {
    await heartbeats(sql, 20);
    await sql`select pg_stat_force_next_flush()`;
    return await plainly(sql.unsafe(questions().get(13) ?? ""));
  });
  assert.deepEqual(only(rows, "table_name"), [
    ["active_interview_sessions"],
    ["interview_session_history"],
    ["interviews"],
    ["sessions.reaper_runs"],
  ]);
  assert.deepEqual(only(rows, "updates", "hot_percent")[0], ["20", "100.0"]);
  for (const { size } of rows) assert.match(`${size}`, /^\d+ (bytes|kB)$/);
});

Deno.test("M7 M10 the version and what is in force, and that it keeps the promise of 15 minutes", async () => {
  assert.deepEqual(
    only(
      await answerTo(14),
      ...["version", "lease", "reap_every", "takeover", "within_15_minutes"],
    ),
    [["0.1.0", "00:05:00", "00:01:00", "allowed", true]],
  );
});

async function heartbeats(sql: postgres.Sql, count: number) {
  await sql`
    select set_config('request.jwt.claims', ${
    JSON.stringify({ sub: ada, role: "authenticated" })
  }, false)`;
  for (let n = 0; n < count; n++) {
    await sql`select from public.heartbeat_session('ada live')`;
  }
}

async function secondsSinceSeeding(): Promise<number> {
  const [{ seconds }] = await database.connected((sql) =>
    sql<{ seconds: number }[]>`
      select extract(
        epoch from clock_timestamp() - ${seededAt}::timestamptz
      )::float8 as seconds`
  );
  return seconds;
}

/** Within these bounds, as rounded as the queries round. */
function isBetween(value: unknown, least: number, most: number) {
  const number = Number(value);
  assert(
    number >= Math.floor(least) && number <= Math.ceil(most),
    `${value} is not between ${least} and ${most}`,
  );
}
