// Every released version, with data and under load, is upgraded to the current one by
// the migration that `npx interview-sessions install` writes: nothing is lost,
// nobody's call fails, and afterwards it is as if it had been installed afresh.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import postgres from "postgres";
import { installSql } from "../../../cli/migration.ts";
import {
  optionalChapters,
  packageVersion,
} from "../../../cli/package_files.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  type LastingDatabase,
  makeCopyOf,
  plainly,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { filesBelow, textOf } from "../../../scripts/test/files.ts";
import { until } from "../waiting.ts";

const folder = "supabase/tests/upgrade/released";
const releases = filesBelow(folder, ".sql").map((file) => ({
  version: basename(file, ".sql"),
  file,
}));
const current = installSql(optionalChapters);

/** Users, by what they are doing when the upgrade comes. */
const users = {
  live: "aaaaaaaa-0000-4000-8000-000000000001",
  inInterview: "aaaaaaaa-0000-4000-8000-000000000002",
  completing: "aaaaaaaa-0000-4000-8000-000000000003",
  stale: "aaaaaaaa-0000-4000-8000-000000000004",
  gone: "aaaaaaaa-0000-4000-8000-000000000005",
};

/** Users whose pages go on calling while it is upgraded. */
const callers = Array.from(
  { length: 8 },
  (_, n) => `bbbbbbbb-0000-4000-8000-00000000000${n}`,
);

const as = (id: string) => `
  set request.jwt.claims to '{"sub": "${id}", "role": "authenticated"}';
  set role authenticated;`;

/** What the project did with the released version. */
const history = `
  insert into auth.users (id, email)
  select id, id || '@example.com'
  from unnest(array['${
  [...Object.values(users), ...callers].join("', '")
}']::uuid[]) id;
  update sessions.settings
  set lease = '4 minutes', max_duration = '40 minutes', history_retention = '10 days', takeover = 'refused';
  ${as(users.live)}
  select from public.start_session('live', false, 'Chrome');
  ${as(users.inInterview)}
  select from public.start_session('first', false, 'Firefox', 'attempt-1');
  select from public.end_session('first', 'cleared');
  select from public.start_session('second', false, 'Firefox', 'attempt-1');
  ${as(users.completing)}
  select from public.start_session('submitting', false, null, 'attempt-9');
  select from public.complete_session('submitting');
  ${as(users.stale)}
  select from public.start_session('crashed');
  ${as(users.gone)}
  select from public.start_session('revoked');
  select from public.end_session('never started');
  reset role;
  select from public.revoke_session('${users.gone}', 'a note');
  select from public.extend_interview('${users.inInterview}', 'attempt-1', '3 minutes', 'a note');
  ${
  callers.map((id) =>
    `${
      as(id)
    } select from public.start_session('page', false, 'Safari', 'attempt');`
  ).join("\n")
}
  reset role;
  select from public.reap_stale_sessions();
  update public.active_interview_sessions
  set
    created_at = created_at - interval '5 minutes', updated_at = updated_at - interval '5 minutes',
    deadline_at = deadline_at - interval '5 minutes', expires_at = expires_at - interval '5 minutes'
  where session_id = 'crashed';
`;

for (const { version, file } of releases) {
  let released: LastingDatabase;

  Deno.test.beforeAll(async () => {
    released = await makeCopyOf("bare");
    await released.connected(async (sql) => {
      await sql.unsafe(textOf(file)).simple();
      await sql.unsafe(history).simple();
    });
  });
  Deno.test.afterAll(() => released?.drop());

  Deno.test(`C5 I5 ${version} is upgraded: as if installed afresh, down to grants and comments`, async () => {
    await withCopyOf(released, async (database) => {
      assert.equal(await versionOf(database), version);

      await apply(database, current);

      const fresh = await withCopyOf("bare", async (database) => {
        await apply(database, current);
        return await described(database);
      });
      assert.deepEqual(await described(database), fresh);
      assert.equal(await versionOf(database), packageVersion);
    });
  });

  Deno.test(`C5 ${version} is upgraded: sessions, history, interviews, notes and changed settings are kept`, async () => {
    await withCopyOf(released, async (database) => {
      const before = await data(database);
      assert.equal(before.settings.length, 1);

      await apply(database, current);

      assertKept(before, await data(database));
      assert.deepEqual(await answers(database), {
        live: "active",
        "another page": "PT409",
        "the interview goes on": "second",
        completed: "completed",
        "an end before its start": "PT410",
        "submitted again": "PT410",
        "reaped first": "crashed",
        holds: true,
        overlaps: 0,
      });
    });
  });

  Deno.test(`C5 ${version} is upgraded again: nothing changes`, async () => {
    await withCopyOf(released, async (database) => {
      await apply(database, current);
      const before = [await described(database), await data(database)];

      await apply(database, current);

      assert.deepEqual(
        [await described(database), await data(database)],
        before,
      );
    });
  });

  Deno.test(`C5 an upgrade of ${version} that is rolled back leaves nothing`, async () => {
    await withCopyOf(released, async (database) => {
      const before = [await described(database), await data(database)];
      assert(current.endsWith("\ncommit;\n"));

      await apply(database, current.replace(/commit;\n$/, "rollback;\n"));

      assert.deepEqual(
        [await described(database), await data(database)],
        before,
      );
    });
  });

  Deno.test(`C5 an upgrade of ${version} that fails halfway leaves nothing, also sent statement by statement`, async () => {
    await withCopyOf(released, async (database) => {
      const before = [await described(database), await data(database)];
      const half = current.replace(/commit;\n$/, "select 1 / 0;\n\ncommit;\n");

      await database.connected(async (sql) => {
        let failed = 0;
        for (const statement of half.split(/;\n\n+/)) {
          await sql.unsafe(`${statement};`).simple().catch(() => failed++);
        }
        assert(failed > 0);
      });

      assert.deepEqual(
        [await described(database), await data(database)],
        before,
      );
    });
  });

  Deno.test(`C5 an upgrade of ${version} does not deadlock with a transaction that has read one table and writes another`, async () => {
    await withCopyOf(released, (database) =>
      database.connected(async (app) => {
        await app.unsafe(
          `${
            as(users.live)
          } begin; select from public.interview_session_history;`,
        ).simple();

        const upgrade = apply(database, current);
        await until("the upgrade waits for the app", () => isWaiting(database));
        const [{ status }] = await app`
          select status from public.heartbeat_session('live')`;
        await app`commit`;
        await upgrade;

        assert.equal(status, "active");
      }));
  });

  Deno.test(`C5 M12 ${version} is upgraded while pages call: no call fails, no session ends`, async () => {
    await withCopyOf(released, async (database) => {
      const load = startLoad(database);

      await load.untilEachCalled(10);
      for (let round = 0; round < 5; round++) {
        await apply(database, current);
        await load.untilEachCalled(3);
      }
      const { calls, errors } = await load.stop();

      assert.deepEqual(errors, []);
      assert(calls >= 8 * 20, `${calls} calls`);
      const rows = await database.connected((sql) =>
        sql`
          select user_id, session_id, interview_id
          from public.active_interview_sessions
          where user_id = any (${callers}::uuid[]) and expires_at > now()
          order by user_id`
      );
      assert.deepEqual(
        rows.map(({ user_id, session_id }) => [user_id, session_id]),
        callers.map((id) => [id, "page"]),
      );
    });
  });
}

Deno.test("C5 what is released is frozen: 0.0.0", () => {
  assert(releases.some(({ version }) => version === "0.0.0"));
  for (const { version, file } of releases) {
    assert(
      fs.readFileSync(join(repositoryRoot, file), "utf8")
        .includes(`return '${version}';`),
      `${file}: sessions.version() answers the version`,
    );
  }
});

async function apply(database: Database, sql: string) {
  await database.connected((connection) => connection.unsafe(sql).simple());
}

/** Does a backend wait for a lock, or sleep before it tries again? */
async function isWaiting(database: Database): Promise<boolean> {
  return await database.connected(async (sql) => {
    const [{ waits }] = await sql`
      select count(*)::int as waits from pg_stat_activity
      where datname = current_database() and state = 'active'
        and wait_event_type in ('Lock', 'Timeout')`;
    return waits > 0;
  }, "supabase_admin");
}

async function versionOf(database: Database): Promise<string> {
  const [row] = await database.connected((sql) =>
    sql`select sessions.version() as version`
  );
  return row.version;
}

async function described(database: Database): Promise<unknown> {
  return await database.connected((sql) => plainly(catalogue(sql)));
}

type Data = Record<string, Record<string, unknown>[]>;

/** All rows that there are, by table. */
async function data(database: Database): Promise<Data> {
  return await database.connected(async (sql) => {
    const tables = await sql<{ name: string }[]>`
      select c.oid::regclass::text as name
      from pg_class c
      where c.relkind = 'r'
        and (
          c.relnamespace = 'sessions'::regnamespace
          or c.relnamespace = 'public'::regnamespace
        )
      order by 1`;
    const rows: Data = {};
    for (const { name } of tables) {
      rows[name.replace(/^sessions\./, "")] = await plainly(
        sql`select * from ${sql(name)} t order by t::text`,
      );
    }
    return rows;
  });
}

/** New columns and tables are allowed; each old value is as it was. */
function assertKept(before: Data, after: Data) {
  for (const [table, rows] of Object.entries(before)) {
    const kept = after[table]?.map((row, index) =>
      Object.fromEntries(
        Object.keys(rows[index] ?? {}).map((column) => [column, row[column]]),
      )
    );
    assert.deepEqual(kept, rows, table);
  }
}

/** What users and operators are answered after the upgrade. */
async function answers(database: Database): Promise<Record<string, unknown>> {
  return await database.connected(async (sql) => {
    const ask = async (id: string, question: string) => {
      await sql.unsafe(as(id)).simple();
      try {
        const [row] = await sql.unsafe(`select ${question} as answer`);
        return row?.answer;
      } catch (error) {
        assert(error instanceof postgres.PostgresError);
        return error.code;
      } finally {
        await sql`reset role`;
      }
    };
    const answered = {
      "live": await ask(
        users.live,
        "(public.heartbeat_session('live')).status",
      ),
      "another page": await ask(users.live, "public.start_session('other')"),
      "the interview goes on": await ask(
        users.inInterview,
        "(public.heartbeat_session('second')).session_id",
      ),
      "holds": await ask(
        users.inInterview,
        "public.holds_session('second', null, 'attempt-1')",
      ),
      "completed": await ask(
        users.completing,
        "(public.end_session('submitting')).end_reason",
      ),
      "submitted again": await ask(
        users.completing,
        "public.start_session('again', false, null, 'attempt-9')",
      ),
      "an end before its start": await ask(
        users.gone,
        "public.start_session('never started')",
      ),
    };
    const [reaped] =
      await sql`select session_id from public.reap_stale_sessions()`;
    const overlaps = await sql`select from sessions.overlapping_sessions()`;
    return {
      ...answered,
      "reaped first": reaped?.session_id,
      "overlaps": overlaps.length,
    };
  });
}

interface Load {
  /** Resolves when each page has made so many more calls. */
  untilEachCalled(times: number): Promise<void>;
  stop(): Promise<{ calls: number; errors: string[] }>;
}

/** Pages that call without a pause, each over a connection of its own. */
function startLoad(database: Database): Load {
  const errors: string[] = [];
  const made = callers.map(() => 0);
  let waiting: (() => void)[] = [];
  let stopped = false;

  const page = async (id: string, index: number) => {
    const sql = postgres(database.url(), { max: 1, onnotice: () => {} });
    try {
      await sql.unsafe(as(id)).simple();
      while (!stopped) {
        try {
          await sql`select public.heartbeat_session('page')`;
          await sql`select public.start_session('page', false, 'Safari', 'attempt')`;
          await sql`select public.holds_session('page', null, 'attempt')`;
          await sql`select public.end_session('of another page')`;
        } catch (error) {
          errors.push(String(error));
        }
        made[index]++;
        for (const look of waiting) look();
      }
    } finally {
      await sql.end();
    }
  };
  const pages = Promise.all(callers.map(page));

  return {
    untilEachCalled(times) {
      const goal = made.map((count) => count + times);
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if (!made.every((count, index) => count >= goal[index])) return;
        waiting = waiting.filter((other) => other !== look);
        resolve();
      };
      waiting.push(look);
      look();
      return promise;
    },
    async stop() {
      stopped = true;
      await pages;
      return { calls: made.reduce((sum, count) => sum + count, 0), errors };
    },
  };
}
