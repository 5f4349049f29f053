// The preflight: what cannot be installed is refused with everything that is in the
// way, by name, before the first change.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { installSql } from "../../../cli/migration.ts";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  plainly,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import { startPostgres } from "../../../scripts/stack/postgres.ts";
import { asPlanned, user } from "../upgrade/first_plan.ts";
import {
  command,
  filesOf,
  hasPsql,
  inFolder,
  inNewProject,
  migrationsIn,
  push,
  pushed,
  refusal,
  succeeds,
} from "./support.ts";

/** Applies it as the SQL editor does: in one message. */
async function apply(
  database: Database,
  sql = installSql(["admin"]),
  onnotice: (message: string) => void = () => {},
) {
  const connection = postgres(database.url(), {
    max: 1,
    onnotice: ({ message }) => onnotice(String(message)),
  });
  try {
    await connection.unsafe(sql).simple();
  } finally {
    await connection.end();
  }
}

/** Applies these steps, then our SQL, which must be refused and change nothing. */
async function refusedAfter(
  steps: string,
  o: { installed?: boolean; sql?: string } = {},
): Promise<string> {
  return await withCopyOf(
    o.installed ? "migrated" : "bare",
    async (database) => {
      await database.connected(
        (sql) => sql.unsafe(steps).simple(),
        "supabase_admin",
      );
      const before = await database.connected(catalogue);

      const { code, message } = await refusal(apply(database, o.sql));

      assert.equal(code, "55000", message);
      assert.match(message, /Nothing was changed\./);
      assert.deepEqual(await database.connected(catalogue), before);
      return message;
    },
  );
}

interface Case {
  what: string;
  steps: string;
  /** What the refusal says. */
  says: RegExp;
  installed?: boolean;
}

const rename = "Rename it: alter";

/** I2, I3: names of ours that are the app's. */
const names: Case[] = [
  {
    what: "I3 a schema sessions",
    steps: "create schema sessions; create table sessions.cookies ();",
    says: /The schema sessions already exists .* alter schema sessions rename/,
  },
  {
    what: "I3 a schema sessions with a sequence fence",
    steps: "create schema sessions; create sequence sessions.fence;",
    says: /The schema sessions already exists/,
  },
  {
    what: "I3 a schema sessions with a function version",
    steps: `create schema sessions; create sequence sessions.fence;
      create function sessions.version() returns text language sql as $$ select 'v2' $$;`,
    says: /sessions\.version\(\) answers 'v2'/,
  },
  {
    what: "I3 a table interviews",
    steps: "create table public.interviews (user_id uuid);",
    says: /The table (public\.)?interviews already exists .* alter table/,
  },
  {
    what: "I3 a view interview_session_history",
    steps: "create view public.interview_session_history as select 1 as one;",
    says:
      /The view (public\.)?interview_session_history already exists .* alter view/,
  },
  {
    what: "I3 a materialized view interview_session_history",
    steps:
      "create materialized view public.interview_session_history as select 1 as one;",
    says: /The materialized view .* alter materialized view/,
  },
  {
    what: "I3 a table interview_session_health",
    steps: "create table public.interview_session_health (status text);",
    says: /The table (public\.)?interview_session_health already exists/,
  },
  {
    what: "I3 an enum interview_session_health",
    steps: "create type public.interview_session_health as enum ('good');",
    says:
      /The type (public\.)?interview_session_health already exists .* alter type/,
  },
  {
    what: "I3 a domain interviews",
    steps: "create domain public.interviews as text;",
    says: /The type (public\.)?interviews already exists/,
  },
  {
    what: "I3 a composite type active_interview_sessions",
    steps: "create type public.active_interview_sessions as (id int);",
    says:
      /The relation (public\.)?active_interview_sessions already exists and is not the table that this component can upgrade/,
  },
  {
    what: "I3 an index of the name of one of ours",
    steps: `create table public.own (at timestamptz);
      create index interviews_deadline_at on public.own (at);`,
    says:
      /The index (public\.)?interviews_deadline_at already exists .* alter index/,
  },
  {
    what: "I3 the primary key of a table interviews that was renamed",
    steps: `create table public.interviews (id int primary key);
      alter table public.interviews rename to own_interviews;`,
    says:
      /The index (public\.)?interviews_pkey already exists .* alter index .* rename/,
  },
  ...["start_session(uuid)", "start_session(text, boolean, text, text)"]
    .map((signature) => ({
      what: `I2 a function ${signature}`,
      steps: `create function public.${signature} returns text
        language sql as $$ select 'mine' $$;`,
      says: new RegExp(
        `The function (public\\.)?${
          signature.replace(/[()]/g, "\\$&").replaceAll(" ", " ?")
            .replaceAll(",", ", ?")
        } already exists .* ambiguous`.replaceAll(" ?, ?", ", ?"),
      ),
    })),
  {
    what: "I2 functions of several of our names",
    steps:
      `create function public.end_session() returns void language sql as '';
      create function public.session_health(x int) returns int language sql as 'select 1';
      create function public.admin_live_sessions() returns int language sql as 'select 1';`,
    says:
      /3 problems:[\s\S]*admin_live_sessions\(\)[\s\S]*end_session\(\)[\s\S]*session_health\(integer\)/,
  },
  {
    what: "I2 a procedure end_session",
    steps: "create procedure public.end_session(x int) language sql as '';",
    says: /end_session\(integer\)/,
  },
  {
    what: "I2 another start_session beside ours",
    steps: `create function public.start_session(session_id uuid) returns uuid
      language sql as 'select session_id';`,
    says: /cannot be upgraded\. .*\n.*start_session\(uuid\) already exists/,
    installed: true,
  },
  {
    what: "I5 a newer version",
    steps: `create or replace function sessions.version() returns text
      language sql as $$ select '0.10.0' $$;`,
    says:
      /The installed version, 0\.10\.0, is newer .*interview-sessions@latest/,
    installed: true,
  },
  {
    what: "objects of ours that belong to another role",
    steps:
      `alter function public.start_session(text, boolean, text, text) owner to supabase_admin;`,
    says:
      /Installed objects belong to other roles.*: function (public\.)?start_session\(.*\) \(supabase_admin\)\./,
    installed: true,
  },
];

for (const { what, steps, says, installed } of names) {
  Deno.test(`C5 refused, and nothing changed: ${what}`, async () => {
    assert.match(await refusedAfter(steps, { installed }), says);
  });
}

/** The first plan's table with something of the app's own. */
const additions: Case[] = [
  {
    what: "I1 columns",
    steps: `alter table public.active_interview_sessions
      add column score int, add column "Who?" text;`,
    says: /columns of the app's own.*: score, "Who\?"\./,
  },
  {
    what: "I1 a column named fence",
    steps:
      `alter table public.active_interview_sessions add column fence bigint;`,
    says: /columns of the app's own.*: fence\./,
  },
  {
    what: "I1 a trigger",
    steps: `create function public.log_it() returns trigger language plpgsql
      as 'begin return new; end';
      create trigger log_it after insert on public.active_interview_sessions
      for each row execute function public.log_it();`,
    says: /triggers of the app's own.*: log_it\./,
  },
  {
    what: "I1 a policy",
    steps: `create policy "support reads" on public.active_interview_sessions
      for select to authenticated using (auth.jwt() ->> 'role' = 'support');`,
    says: /policies of the app's own.*: "support reads"\./,
  },
  {
    what: "I1 a policy that lets everybody",
    steps: `create policy everybody on public.active_interview_sessions
      using (true);`,
    says: /policies of the app's own.*: everybody\./,
  },
  {
    what: "I1 a publication",
    steps: `create publication supabase_realtime
      for table public.active_interview_sessions;`,
    says: /in publications \(supabase_realtime\)/,
  },
  {
    what: "I1 a rule",
    steps: `create rule no_deletes as on delete
      to public.active_interview_sessions do instead nothing;`,
    says: /rules of the app's own.*: no_deletes\./,
  },
  {
    what: "I1 a grant",
    steps: `create schema if not exists app;
      grant select on public.active_interview_sessions to pg_monitor;`,
    says: /granted to roles of the app's own.*: pg_monitor\./,
  },
  {
    what: "I1 a table that inherits",
    steps: `create table public.archived ()
      inherits (public.active_interview_sessions);`,
    says: /Other tables inherit from .*: (public\.)?archived\./,
  },
  {
    what: "I3 a view",
    steps: `create view public.live as
      select count(*) from public.active_interview_sessions;`,
    says: /Objects of the app depend on .*: view (public\.)?live\./,
  },
  {
    what:
      "I3 a foreign key, a function of its rows, and another table's policy",
    steps: `create table public.notes (
        user_id uuid primary key,
        constraint of_session foreign key (user_id)
        references public.active_interview_sessions
      );
      alter table public.notes enable row level security;
      create policy "only live" on public.notes using (
        exists (select from public.active_interview_sessions a where a.user_id = notes.user_id)
      );
      create function public.mine() returns setof public.active_interview_sessions
      language sql as 'select * from public.active_interview_sessions';`,
    says:
      /constraint of_session on table (public\.)?notes, function (public\.)?mine\(\), policy only live on table (public\.)?notes/,
  },
  {
    what: "I3 a column of its row type",
    steps:
      `create table public.snapshots (taken public.active_interview_sessions);`,
    says: /column taken of table (public\.)?snapshots/,
  },
  {
    what: "a table that belongs to another role",
    steps:
      `alter table public.active_interview_sessions owner to supabase_admin;`,
    says: /belongs to supabase_admin, and the role postgres may not replace it/,
  },
];

for (const { what, steps, says } of additions) {
  Deno.test(`C5 refused where the first plan's table has something of the app's own, and nothing changed: ${what}`, async () => {
    assert.match(await refusedAfter(asPlanned + steps), says);
  });
}

const elsewhere: Case[] = [
  {
    what: "a view",
    steps:
      "create view public.active_interview_sessions as select 1 as user_id;",
    says: /is not the table that this component can upgrade/,
  },
  {
    what: "a table without the plan's columns",
    steps:
      "create table public.active_interview_sessions (id int, status text);",
    says: /another type here: user_id, session_id, created_at, updated_at/,
  },
  {
    what: "a user_id that is text",
    steps: `create table public.active_interview_sessions (
      user_id text, session_id text, status text,
      created_at timestamptz, updated_at timestamptz);`,
    says: /another type here: user_id\./,
  },
  {
    what: "two rows for a user",
    steps: `create table public.active_interview_sessions (
      user_id uuid, session_id text, status text,
      created_at timestamptz, updated_at timestamptz);
      insert into public.active_interview_sessions (user_id, session_id)
      values ('${user.fresh}', 'one'), ('${user.fresh}', 'two');`,
    says: /more than one row for 1 users/,
  },
];

for (const { what, steps, says } of elsewhere) {
  Deno.test(`C5 I3 refused where active_interview_sessions is something else, and nothing changed: ${what}`, async () => {
    assert.match(await refusedAfter(steps), says);
  });
}

Deno.test("C5 everything that is in the way is said at once", async () => {
  const all = [
    "create schema sessions;",
    ...names.filter(({ what, installed }) =>
      !installed && /I3 a table interviews|start_session\(uuid\)/.test(what)
    ).map(({ steps }) => steps),
    asPlanned,
    ...additions.filter(({ what }) => !/fence|another role/.test(what))
      .map(({ steps }) => steps),
  ];

  const message = await refusedAfter(all.join("\n"));

  assert.match(message, /1[0-9] problems:\n {2}1\. /);
  for (
    const word of [
      "schema sessions",
      "table interviews",
      "start_session(uuid)",
      "score",
      "log_it",
      "support reads",
      "supabase_realtime",
      "view live",
    ]
  ) {
    assert(message.includes(word), word);
  }
  for (const line of message.split("\n").slice(1)) {
    assert.match(
      line,
      new RegExp(`${rename}|Apply |Drop |Move |Revoke |Take |rename to`),
      `it says what to do: ${line}`,
    );
  }
});

Deno.test("C5 refused without Auth", async () => {
  await withCopyOf("bare", async (database) => {
    await database.connected(
      (sql) => sql`drop schema auth cascade`,
      "supabase_admin",
    );

    const { message } = await refusal(apply(database));

    assert.match(message, /The schema auth is missing or incomplete/);
  });
});

Deno.test("C5 refused on a server that is no Supabase one: roles and Auth are missing", async () => {
  await inFolder(async (folder) => {
    const server = await startPostgres({
      major: 17,
      dataDir: `${folder}/data`,
      port: freePort(),
      durable: false,
      logFile: `${folder}/log`,
    });
    const sql = postgres(server.url("postgres", "supabase_admin"), {
      max: 1,
      onnotice: () => {},
    });
    try {
      const { message } = await refusal(sql.unsafe(installSql([])).simple());

      assert.match(message, /2 problems:/);
      assert.match(
        message,
        /Roles are missing \(anon, authenticated, service_role\)/,
      );
      assert.match(message, /The schema auth is missing/);
    } finally {
      await sql.end();
      await server.stop();
    }
  });
});

Deno.test("C5 refused for a role that may not create what is needed", async () => {
  const sql = installSql([]);
  await withCopyOf("bare", async (database) => {
    await database.connected(
      (sql) => sql`grant usage on schema auth to anon`,
      "supabase_admin",
    );
    const { message } = await refusal(
      apply(
        database,
        sql.replace("begin;\n", "begin;\nset local role anon;\n"),
      ),
    );

    assert.match(message, /The role anon may not reference auth\.users/);
    assert.match(message, /The role anon may not create tables in public/);
  });
});

Deno.test("C5 refused on a Postgres that is too old", async () => {
  // a witness with another bound: npm has no Postgres before 15
  const sql = installSql([]);
  assert(sql.includes("< 150000"));

  assert.match(
    await refusedAfter("", { sql: sql.replace("< 150000", "< 990000") }),
    /This is Postgres \d\d\S*( .*)?, and Postgres 15 or newer is needed\./,
  );
});

Deno.test("C5 without the admin chapter, the app's own admin functions are in nobody's way", async () => {
  await withCopyOf("bare", async (database) => {
    await database.connected((sql) =>
      sql.unsafe(`create function public.admin_live_sessions() returns text
        language sql as $$ select 'mine' $$;`)
    );

    await apply(database, installSql([]));

    assert.deepEqual(
      await database.connected((sql) =>
        plainly(sql`select public.admin_live_sessions() as answer`)
      ),
      [{ answer: "mine" }],
    );
  });
});

Deno.test("C5 installed and applied again where standard_conforming_strings is off", async () => {
  await withCopyOf("bare", async (database) => {
    await database.connected((sql) =>
      sql`
        alter database ${sql(database.name)}
        set standard_conforming_strings = off`
    );
    const notices: string[] = [];
    for (const _ of ["installed", "again"]) {
      await apply(
        database,
        installSql(["admin"]),
        (message) => notices.push(message),
      );
    }
    const { out } = await command(["doctor", "--db-url", database.url()]);

    assert.match(out, /^ok .*: no name clashes\.$/m);
    assert.doesNotMatch([...notices, out].join("\n"), /nonstandard use of/);
  });
});

Deno.test("C5 the admin chapter does not stay at an older version unnoticed: refused without it, with it upgraded", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      await database.connected((sql) =>
        sql.unsafe(textOf("supabase/tests/upgrade/released/0.0.0.sql")).simple()
      );
      const before = await database.connected(catalogue);
      const install = ["install", "--yes", "--db-url", database.url()];

      const { code, message } = await refusal(
        apply(database, installSql([])),
      );
      const asked = await command(install, { cwd: folder });

      assert.equal(code, "55000");
      assert.match(message, /The admin chapter is installed, and .* leaves it/);
      assert.equal(asked.code, 1);
      assert.match(
        asked.out,
        /^PROBLEM {2}The admin chapter is installed.*at version 0\.0\.0\.\n {9}Fix: Apply the SQL with it: .*install --admin/m,
      );
      assert.deepEqual(migrationsIn(folder), []);
      assert.deepEqual(await database.connected(catalogue), before);

      await succeeds([...install, "--admin"], { cwd: folder });
      await pushed(folder, database);
      const doctor = await command(["doctor", "--db-url", database.url()]);
      assert.match(doctor.out, /Chapters: core, admin\./);
      assert.doesNotMatch(doctor.out, /function .* differs/);
    })
  );
});

Deno.test("C5 of the same version the admin chapter may be left out, as in a second install of a branch", async () => {
  await withCopyOf("migrated", async (database) => {
    const before = await database.connected(catalogue);

    await apply(database, installSql([]));

    assert.deepEqual(await database.connected(catalogue), before);
  });
});

Deno.test("I1 the plan's own policies are no reason to refuse, in whatever form", async () => {
  await withCopyOf("bare", async (database) => {
    await database.connected((sql) =>
      sql.unsafe(`${asPlanned}
        create policy "own select" on public.active_interview_sessions
          for select to authenticated using ((select auth.uid()) = user_id);
        create policy "own insert" on public.active_interview_sessions
          for insert with check (user_id = auth.uid());
        create policy "own delete" on public.active_interview_sessions
          for delete using (user_id = (select auth.uid()));
      `).simple()
    );

    await apply(database);
  });
});

Deno.test("I6 what becomes of odd rows is said, and a time in the future makes no lease of hours", async () => {
  await withCopyOf("bare", async (database) => {
    await database.connected((sql) =>
      sql.unsafe(`${asPlanned}
        update public.active_interview_sessions
        set updated_at = now() + interval '5 hours'
        where session_id = 'fresh';
        create table public.profiles (id uuid primary key);
        insert into public.profiles select id from auth.users;
        alter table public.active_interview_sessions
        add constraint of_a_profile foreign key (user_id) references public.profiles,
        add constraint short check (char_length(session_id) < 1000);
        create function public.sweep() returns void language plpgsql as
        'begin delete from active_interview_sessions where true; end';
      `).simple()
    );
    const notices: string[] = [];

    await apply(database, installSql([]), (message) => notices.push(message));

    const said = notices.join("\n");
    assert.match(said, /The status 'paused' of 1 rows .* becomes active\./);
    assert.match(said, /1 rows .* have times in the future/);
    assert.match(said, /The session_id of 3 rows .* is changed/);
    assert.match(
      said,
      /dropped with the old table .*: constraint of_a_profile, constraint short, index .*idx_active_sessions_created_at/,
    );
    assert.match(said, /These functions use .*: (public\.)?sweep\(\)\./);
    const [{ left }] = await database.connected((sql) =>
      sql`
        select extract(epoch from expires_at - clock_timestamp())::int as left
        from public.active_interview_sessions where session_id = 'fresh'`
    );
    assert(left <= 15 * 60, `${left} s`);
  });
});

Deno.test({
  name: "C5 I1 I3 a client that goes on after the refusal commits nothing" +
    (hasPsql ? "" : " (skipped: no psql here)"),
  ignore: !hasPsql,
  fn: () =>
    inFolder((folder) =>
      withCopyOf("bare", async (database) => {
        await database.connected((sql) =>
          sql.unsafe(`${asPlanned}
            alter table public.active_interview_sessions add column score int;
          `).simple()
        );
        const before = await database.connected(catalogue);
        const file = join(folder, "plan.sql");
        fs.writeFileSync(file, installSql(["admin"]));

        const { said } = await runCommand("psql", [
          ...["--no-psqlrc", "--set", "ON_ERROR_ROLLBACK=on"],
          ...["--file", file, database.url()],
        ], { signal: new AbortController().signal });

        assert.match(said, /has columns of the app's own.*: score\./);
        assert.match(said, /"refused by the preflight"/);
        assert.deepEqual(await database.connected(catalogue), before);
      })
    ),
});

Deno.test("C5 I6 install --db-url asks the database first: what becomes of odd rows is said, and what would be refused is not written", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      const install = ["install", "--yes", "--db-url", database.url()];
      await database.connected((sql) =>
        sql.unsafe(`${asPlanned} create schema sessions;`).simple()
      );
      const before = [filesOf(folder), await database.connected(catalogue)];

      const { code, out, err } = await command(install, { cwd: folder });

      assert.equal(code, 1);
      assert.match(
        out,
        /^PROBLEM {2}The schema sessions already exists .*\n {9}Fix: Rename it: alter schema/m,
      );
      assert.match(
        err,
        /The database would refuse it\. Nothing was written\.$/,
      );
      assert.deepEqual(
        [filesOf(folder), await database.connected(catalogue)],
        before,
      );

      await database.connected((sql) => sql`drop schema sessions`);
      const said = await succeeds(install, { cwd: folder });
      assert.match(
        said,
        /^note {5}The status 'paused' of 1 rows .* becomes active/m,
      );
      assert.match(said, /^Done\. Next:/m);
    })
  );
});

Deno.test("C5 I3 through the CLI: the whole refusal is shown, and nothing is half installed", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      await succeeds(["install", "--yes"], { cwd: folder });
      await database.connected((sql) =>
        sql.unsafe(`create view public.interviews as select 1 as one;
          create function public.start_session(x uuid) returns uuid
          language sql as 'select x';`).simple()
      );
      const before = await database.connected(catalogue);

      const { code, out, err } = await push(folder, database);

      assert.notEqual(code, 0);
      assert.match(
        out + err,
        /2 problems:\n {2}1\. The view .*\n {2}2\. The function/,
      );
      assert.deepEqual(
        (await database.connected(catalogue)).filter(({ name }) =>
          !name.includes("supabase_migrations")
        ),
        before,
      );
    })
  );
});
