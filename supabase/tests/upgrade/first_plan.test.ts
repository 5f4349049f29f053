// A project that has the first plan's table is upgraded: its rows are kept, nobody
// loses an interview, and afterwards it is as if it had been installed afresh.
import assert from "node:assert/strict";
import postgres from "postgres";
import type { DefaultPrivileges } from "../../../scripts/stack/bootstrap.ts";
import { pushMigrations } from "../../../scripts/stack/migrations.ts";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  type LastingDatabase,
  makeCopyOf,
  makeNewProject,
  pasteMigrations,
  plainly,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import {
  asPlanned,
  install,
  loose,
  typed,
  unused,
  user,
} from "./first_plan.ts";

const ways = {
  "the CLI": (database: Database) => pushMigrations(database.url()),
  "pasting": pasteMigrations,
};
type Way = keyof typeof ways;

/** A project in both of its stages, as its default privileges are. */
interface Project {
  /** Before the first plan. */
  bare: LastingDatabase;
  /** With the first plan's table, rows and app. */
  planned: LastingDatabase;
  /** Upgraded from there, by each way. */
  upgraded: Record<Way, LastingDatabase>;
}

const states: DefaultPrivileges[] = ["granted", "revoked"];
const projects = new Map<DefaultPrivileges, Project>();
/** When the first plan's rows were written, by the server's clock. */
const plannedAt = new Map<DefaultPrivileges, string>();

Deno.test.beforeAll(async () => {
  for (const defaults of states) {
    const bare = await makeNewProject(defaults);
    const planned = await makeCopyOf(bare);
    plannedAt.set(defaults, await install(planned, asPlanned));
    const upgraded = async (way: Way) => {
      const database = await makeCopyOf(planned);
      await ways[way](database);
      return database;
    };
    projects.set(defaults, {
      bare,
      planned,
      upgraded: {
        "the CLI": await upgraded("the CLI"),
        "pasting": await upgraded("pasting"),
      },
    });
  }
});

Deno.test.afterAll(async () => {
  for (const { bare, planned, upgraded } of projects.values()) {
    for (const database of [bare, planned, ...Object.values(upgraded)]) {
      await database.drop();
    }
  }
});

function projectWith(defaults: DefaultPrivileges): Project {
  const project = projects.get(defaults);
  assert(project);
  return project;
}

for (const way of Object.keys(ways) as Way[]) {
  for (const defaults of states) {
    Deno.test(`M1 B8 upgraded by ${way} it is as if installed afresh, with default privileges ${defaults}`, async () => {
      const { bare, planned, upgraded } = projectWith(defaults);

      const fresh = await withCopyOf(bare, async (database) => {
        await ways[way](database);
        return await everything(database);
      });

      assert.deepEqual(await everything(upgraded[way]), fresh);
      assert.notDeepEqual(await everything(planned), fresh);
    });

    Deno.test(`M1 upgraded by ${way} again, nothing changes, with default privileges ${defaults}`, async () => {
      const database = projectWith(defaults).upgraded[way];
      const before = [await everything(database), await rows(database)];

      await ways[way](database);

      assert.deepEqual(
        [await everything(database), await rows(database)],
        before,
      );
    });
  }
}

for (const [how, steps] of Object.entries({ loose, unused })) {
  Deno.test(`M1 it is as if installed afresh also where the first plan's table was ${how}`, async () => {
    const { upgraded } = projectWith("granted");
    await withUpgraded(steps, async (database) => {
      assert.deepEqual(
        await everything(database),
        // which is as if installed afresh
        await everything(upgraded.pasting),
      );
    });
  });
}

/** Runs `work` in a project that has been upgraded from these steps. */
async function withUpgraded(
  steps: string,
  work: (database: Database, installedAt: string) => Promise<void>,
) {
  await withCopyOf("bare", async (database) => {
    const installedAt = await install(database, steps);
    await pasteMigrations(database);
    await work(database, installedAt);
  });
}

/** The same where the first plan's table was as it is in a project. */
async function withProjectUpgraded(
  work: (database: Database, installedAt: string) => Promise<void>,
) {
  const source = projectWith("granted").upgraded.pasting;
  const installedAt = plannedAt.get("granted");
  assert(installedAt);
  await withCopyOf(source, (database) => work(database, installedAt));
}

Deno.test("M10 each row is kept, with the longest a session may last from its last sign of life", async () => {
  await withProjectUpgraded(async (database, installedAt) => {
    assert.deepEqual(
      await kept(database, installedAt),
      [
        [user.fresh, "fresh", "active", 2, 13],
        [user.completing, "completing", "completing", 1, 14],
        [user.crashed, "crashed", "active", 4320, -4305],
        // the first plan's upsert had left created_at of the session before
        [user.secondStart, "second", "active", 3, 12],
        [user.tooLong, "long ".repeat(100).slice(0, 128), "active", 0, 15],
        [user.controls, "witha line", "active", 0, 15],
        [user.empty, "<made up>", "active", 0, 15],
        [user.oddStatus, "odd", "active", 0, 15],
      ].sort(),
    );
  });
});

Deno.test("M10 rows without times, without an id, without a user", async () => {
  await withUpgraded(loose, async (database, installedAt) => {
    assert.deepEqual(
      await kept(database, installedAt),
      [
        [user.fresh, "fresh", "active", 2, 13],
        [user.noTimes, "no times", "active", 0, 15],
        [user.secondStart, "updated once", "active", 40, -25],
        [user.absent, "<made up>", "active", 0, 15],
      ].sort(),
      "all but that of the user who has been deleted",
    );
  });
});

Deno.test("M10 rows with a uuid, an enum, and times without a zone", async () => {
  await withUpgraded(typed, async (database, installedAt) => {
    assert.deepEqual(
      await kept(database, installedAt),
      [
        [user.fresh, "11111111-0000-4000-8000-000000000001", "active", 2, 13],
        [
          user.completing,
          "22222222-0000-4000-8000-000000000002",
          "completing",
          0,
          15,
        ],
      ].sort(),
    );
    assert.deepEqual(
      await database.connected((sql) =>
        plainly(sql`select to_regtype('public.interview_status')::text as type`)
      ),
      [{ type: "interview_status" }],
      "the app's own type stays",
    );
  });
});

Deno.test("M8 B7 each has a fence of its own, and the next start a higher one", async () => {
  await withProjectUpgraded(async (database) => {
    const fences = (await database.connected((sql) =>
      sql`select fence from public.active_interview_sessions`
    )).map(({ fence }) =>
      Number(fence)
    );
    assert.equal(new Set(fences).size, 8);

    const [started] = await as(
      database,
      user.noTimes,
      "select fence from public.start_session('new')",
    );

    assert(Number(started.fence) > Math.max(...fences));
  });
});

Deno.test("M9 nobody's interview ends because of the upgrade: it goes on, is submitted, and ends", async () => {
  await withProjectUpgraded(async (database) => {
    const calls = [
      "select status from public.heartbeat_session('fresh')",
      "select status from public.complete_session('fresh')",
      "select end_reason as status from public.end_session('fresh')",
    ];
    const answers = [];
    for (const call of calls) {
      answers.push(...await as(database, user.fresh, call));
    }

    assert.deepEqual(answers.map(({ status }) => status), [
      "active",
      "completing",
      "completed",
    ]);
  });
});

Deno.test("B3 what was live holds its place: another start is refused and told of it", async () => {
  await withProjectUpgraded(async (database) => {
    const { code, detail } = await refused(
      as(database, user.fresh, "select from public.start_session('other')"),
    );

    assert.equal(code, "PT409");
    assert.equal(JSON.parse(`${detail}`).session_id, "fresh");
  });
});

Deno.test("B1 M7 what had crashed blocks nobody", async () => {
  await withProjectUpgraded(async (database) => {
    const [started] = await as(
      database,
      user.crashed,
      "select session_id from public.start_session('again')",
    );

    assert.equal(started.session_id, "again");
  });
});

Deno.test("M7 M13 the first run of the reaper takes what had crashed, and nothing else", async () => {
  await withProjectUpgraded(async (database) => {
    const before = await rows(database);
    const reaped = await database.connected((sql) =>
      plainly(sql`
        select user_id, session_id, end_reason, duration::text
        from public.reap_stale_sessions()`)
    );

    assert.deepEqual(reaped, [{
      user_id: user.crashed,
      session_id: "crashed",
      end_reason: "timed_out",
      duration: "00:15:00",
    }]);
    assert.deepEqual(
      await rows(database),
      before.filter((row) => !`${row.a}`.includes(user.crashed)),
    );
  });
});

Deno.test("M1 B4 the first plan's client may read, and write no more", async () => {
  await withCopyOf("bare", async (database) => {
    await install(database, asPlanned);
    const writes = [
      `insert into public.active_interview_sessions
        (user_id, session_id, status, updated_at)
       values ('${user.fresh}', 'stolen', 'active', now())
       on conflict (user_id) do update
       set session_id = excluded.session_id, updated_at = now()`,
      `update public.active_interview_sessions set status = 'completing'
       where user_id = '${user.fresh}'`,
      `delete from public.active_interview_sessions
       where user_id = '${user.completing}' or user_id = '${user.fresh}'`,
    ];
    for (const write of writes) {
      // the witness: until then they could
      await as(database, user.fresh, `begin; ${write}; rollback`);
    }

    await pasteMigrations(database);

    const before = await rows(database);
    for (const write of writes) {
      const { code } = await refused(as(database, user.fresh, write));
      assert.equal(code, "42501", write);
    }
    assert.deepEqual(await rows(database), before);
    assert.deepEqual(
      await as(
        database,
        user.fresh,
        "select session_id from public.active_interview_sessions",
      ),
      [{ session_id: "fresh" }],
      "its check for a session left over goes on to work",
    );
  });
});

Deno.test("M1 a view of the app on the first plan's table stops the upgrade, and everything stays", async () => {
  await withCopyOf("bare", async (database) => {
    await install(
      database,
      `${asPlanned}
       create view public.live_interviews as
       select count(*) from public.active_interview_sessions;`,
    );
    const before = [await everything(database), await rows(database)];

    const { code, message } = await refused(pasteMigrations(database));

    assert.equal(code, "55000");
    assert.match(message, /view (public\.)?live_interviews/);
    assert.deepEqual(
      [await everything(database), await rows(database)],
      before,
    );
  });
});

/** Runs statements as this user; the answer is that of the last. */
async function as(
  database: Database,
  id: string,
  statement: string,
): Promise<Record<string, unknown>[]> {
  return await database.connected(async (sql) => {
    await sql`
      select set_config('request.jwt.claims', ${
      JSON.stringify({ sub: id, role: "authenticated" })
    }, false)`;
    await sql`set role authenticated`;
    return await plainly(sql.unsafe(statement).simple());
  });
}

async function refused(
  call: Promise<unknown>,
): Promise<postgres.PostgresError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof postgres.PostgresError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

/** All rows, each with who wrote it. */
async function rows(database: Database): Promise<Record<string, unknown>[]> {
  return await database.connected((sql) =>
    plainly(sql`
      select a::text as a, a.xmin::text
      from public.active_interview_sessions a
      order by 1`)
  );
}

async function everything(database: Database): Promise<unknown> {
  return await database.connected((sql) => plainly(catalogue(sql)));
}

/**
 * Who, which, how, and as of the installation: minutes since it was heard from,
 * minutes left. A row without a time has that of the upgrade, which came later.
 */
async function kept(
  database: Database,
  installedAt: string,
): Promise<unknown[]> {
  const rows = await database.connected((sql) =>
    sql`
      select
        user_id, session_id, status,
        round(extract(epoch from seen_from - updated_at) / 60)::int as unheard,
        round(extract(epoch from expires_at - seen_from) / 60)::int as left,
        created_at = updated_at and expires_at = deadline_at as as_meant,
        device, previous_session_id
      from public.active_interview_sessions
      cross join lateral (
        select greatest(updated_at, ${installedAt}::timestamptz) as seen_from
      ) s
      order by user_id`
  );
  return rows.map((row) => {
    assert(row.as_meant);
    assert.equal(row.device, null);
    assert.equal(row.previous_session_id, null);
    const id = /^[0-9a-f-]{36}$/.test(row.session_id) &&
        !/^(1{8}|2{8})/.test(row.session_id)
      ? "<made up>"
      : row.session_id;
    return [row.user_id, id, row.status, row.unheard, row.left];
  });
}
