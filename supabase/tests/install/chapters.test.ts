// The optional chapters "deliveries" and "notification": installed alone, looked at by
// doctor, removed with data in them.
import assert from "node:assert/strict";
import { installSql } from "../../../cli/migration.ts";
import type { OptionalChapter } from "../../../cli/package_files.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  plainly,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { everythingIn, installApp, rollBack } from "../rollback/support.ts";
import { command, inNewProject, succeeds } from "./support.ts";

const realtime = textOf("supabase/tests/database/notification/realtime.psql");

const endpoint = `
  insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/');`;

/** A database with these chapters whose reaper has run, after these steps. */
async function withChapters(
  optional: OptionalChapter[],
  steps: string,
  work: (database: Database) => Promise<void>,
) {
  await withCopyOf("bare", async (database) => {
    await database.connected(async (sql) => {
      await sql.unsafe(installSql(optional)).simple();
      await sql`select from public.reap_stale_sessions()`;
      await sql.unsafe(steps).simple();
    });
    await work(database);
  });
}

async function doctorSays(database: Database) {
  const { code, out } = await command(["doctor", "--db-url", database.url()]);
  return { code, out };
}

const faults: {
  what: string;
  optional: OptionalChapter[];
  steps: string;
  code: number;
  says: RegExp;
}[] = [
  {
    what: "no endpoint: ok",
    optional: ["deliveries"],
    steps: "",
    code: 0,
    says: /^ok {7}No endpoint is on: ends are not delivered/m,
  },
  {
    what:
      "an endpoint that is on: ok, and where to see whether it has a secret",
    optional: ["deliveries"],
    steps: endpoint,
    code: 0,
    says: /^ok {7}Ends are delivered to meter; 0 wait.*deliveries\.problems/m,
  },
  {
    what: "an endpoint that is gone",
    optional: ["deliveries"],
    steps:
      `${endpoint} update sessions.endpoints set state = 'gone' where true;`,
    code: 1,
    says:
      /^PROBLEM {2}The endpoint meter answered 410 Gone.*\n {9}Fix: Set it to on/m,
  },
  {
    what: "dead deliveries",
    optional: ["deliveries"],
    steps: `${endpoint}
      insert into sessions.deliveries (endpoint, data, attempts, due_at)
      values ('meter', '{}', 12, null);`,
    code: 1,
    says: /^PROBLEM {2}1 deliveries are dead.*\n {9}Fix: .*deliveries list/m,
  },
  {
    what: "a trigger that was disabled by hand",
    optional: ["deliveries"],
    steps: `${endpoint}
      alter table public.interview_session_history disable trigger record_deliveries;`,
    code: 1,
    says:
      /^PROBLEM {2}Ends are not recorded for any endpoint.*\n {9}Fix: Run as postgres: alter table/m,
  },
  {
    what: "a function of the chapter that was edited",
    optional: ["deliveries"],
    steps: `do $$ begin
        execute replace(
          pg_get_functiondef('sessions.record_deliveries()'::regprocedure), '''on''', '''off'''
        );
      end $$;`,
    code: 1,
    says: /sessions\.record_deliveries\(\) differs from this version/,
  },
  {
    what: "no Realtime: noted, with what to do",
    optional: ["notification"],
    steps: "",
    code: 0,
    says:
      /^note {5}Nobody is notified, because Realtime is absent: .*select sessions\.allow_notification\(\);/m,
  },
  {
    what: "Realtime without the policy: noted, with what to do",
    optional: ["notification"],
    steps: `${realtime}
      drop policy "a user hears of their own interview sessions" on realtime.messages;`,
    code: 0,
    says:
      /^note {5}Nobody may listen: .*select sessions\.allow_notification\(\);/m,
  },
  {
    what: "Realtime without send(): noted",
    optional: ["notification"],
    steps: `${realtime}
      drop function realtime.send(jsonb, text, text, boolean);`,
    code: 0,
    says: /^note {5}Nobody is notified.*no realtime\.send\(/m,
  },
  {
    what: "Realtime: ok",
    optional: ["notification"],
    steps: realtime,
    code: 0,
    says: /^ok {7}Devices are notified through Realtime/m,
  },
];

for (const { what, optional, steps, code, says } of faults) {
  Deno.test(`C3 C4 C5 doctor finds ${what}`, async () => {
    await withChapters(optional, steps, async (database) => {
      const said = await doctorSays(database);

      assert.match(said.out, says);
      assert.equal(said.code, code, said.out);
      const chapters = `Chapters: core, ${optional.join(", ")}.`;
      assert(said.out.includes(chapters), said.out);
    });
  });
}

for (
  const optional of [
    ["deliveries"],
    ["notification"],
    ["admin", "deliveries", "notification"],
  ] as OptionalChapter[][]
) {
  const names = optional.join(", ");
  Deno.test(`C5 M15 with ${names} in use everything is removed, and what is the app's stays`, async () => {
    await withCopyOf("bare", async (database) => {
      await installApp(database);
      await database.connected((sql) =>
        sql.unsafe(realtime.replace(/^select sessions.*$/m, "")).simple()
      );
      const before = await everythingIn(database);
      await database.connected(async (sql) => {
        await sql.unsafe(installSql(optional)).simple();
        if (!optional.includes("deliveries")) return;
        await sql.unsafe(endpoint);
        await sql`
          insert into sessions.deliveries (endpoint, data, due_at)
          values ('meter', '{}', now()), ('meter', '{}', null)`;
      });
      assert.notDeepEqual(await everythingIn(database), before);

      await rollBack(database);

      assert.deepEqual(await everythingIn(database), before);
    });
  });

  // 0.0.0 had the admin chapter
  const withAdmin: OptionalChapter[] = [
    ...new Set(["admin" as const, ...optional]),
  ];
  Deno.test(`C5 I5 0.0.0 is upgraded with ${names}: as if installed afresh`, async () => {
    const after = (first: string) =>
      withCopyOf("bare", (database) =>
        database.connected(async (sql) => {
          await sql.unsafe(first).simple();
          await sql.unsafe(installSql(withAdmin)).simple();
          return await plainly(catalogue(sql));
        }));

    const upgraded = await after(
      textOf("supabase/tests/upgrade/released/0.0.0.sql"),
    );

    assert.deepEqual(upgraded, await after(""));
  });
}

Deno.test("C5 M17 without the chapter deliveries an administrator gets no list of them, and there is nothing to retry", async () => {
  await withChapters(["admin"], "", async (database) => {
    await database.connected(async (sql) => {
      const claims = { app_metadata: { session_admin: true } };
      await sql`
        select set_config('request.jwt.claims', ${
        JSON.stringify(claims)
      }, false)`;
      assert.deepEqual(
        [...await sql`select * from public.admin_list_deliveries()`],
        [],
      );
      assert.deepEqual(
        [...await sql`select public.admin_retry_deliveries() as retried`],
        [{ retried: 0 }],
      );
    });
  });
});

Deno.test("C5 install writes the chapters that are asked for, and again keeps them", async () => {
  await inNewProject(async (cwd) => {
    await succeeds(
      ["install", "--yes", "--deliveries", "--notification"],
      { cwd },
    );
    const [migration] = [...Deno.readDirSync(`${cwd}/supabase/migrations`)];
    const sql = Deno.readTextFileSync(
      `${cwd}/supabase/migrations/${migration.name}`,
    );
    assert.match(sql, /create or replace function sessions\.claim_deliveries/);
    assert.match(sql, /create or replace function sessions\.notify\(/);
    assert.doesNotMatch(sql, /check_administrator\(\)\nreturns/);
    for (const file of ["deliver.ts", "address.ts", "webhook_settings.ts"]) {
      Deno.statSync(`${cwd}/supabase/functions/reap-stale-sessions/${file}`);
    }

    const again = await succeeds(["install", "--yes"], { cwd });

    assert.match(again, /[Nn]othing/);
  });
});

for (const verb of ["retry", "drop"]) {
  Deno.test(`M17 deliveries ${verb} --id with anything but an id names the option, and changes nothing`, async () => {
    const { code, out, err } = await command(
      // nothing listens there
      ["deliveries", verb, "--db-url", "postgresql://127.0.0.1:1/x", "--id=x"],
    );

    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, /option '--id <id>' argument 'x' is invalid\. It is the/);
  });
}
