// `npx interview-sessions uninstall`: a migration that removes the component, after
// showing what goes; and only what we wrote is removed from the project.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { everythingIn, installApp, useSessions } from "../rollback/support.ts";
import {
  command,
  filesOf,
  inNewProject,
  migrationsIn,
  push,
  pushed,
  succeeds,
} from "./support.ts";

const functionFolder = "supabase/functions/reap-stale-sessions";

Deno.test("C5 M15 installed, used and uninstalled by migrations, the database is as it was, and the project but for the migrations", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      await installApp(database);
      const beforeFiles = filesOf(folder);
      const before = await database.connected(catalogue);
      await succeeds(["install", "--yes", "--admin"], { cwd: folder });
      await pushed(folder, database);
      await useSessions(database);

      const out = await succeeds(
        ["uninstall", "--yes", "--db-url", database.url()],
        { cwd: folder },
      );

      assert.match(out, /these rows will be deleted:/);
      assert.match(out, /^ +1 {2}public\.active_interview_sessions$/m);
      assert.match(out, /^ +3 {2}public\.interview_session_history$/m);
      assert.match(out, /No object of the app depends on it\./);
      await pushed(folder, database);
      assert.deepEqual(
        (await database.connected(catalogue)).filter(({ name }) =>
          !name.includes("supabase_migrations")
        ),
        before,
      );
      const left = filesOf(folder);
      for (const name of migrationsIn(folder)) {
        left.delete(`supabase/migrations/${name}`);
      }
      assert.deepEqual(left, beforeFiles);
      assert.equal(migrationsIn(folder).length, 2);

      // once more: nothing to do; and it can be installed again
      assert.match(
        await succeeds(["uninstall", "--yes"], { cwd: folder }),
        /nothing of interview sessions to remove/,
      );
      await succeeds(["install", "--yes"], { cwd: folder });
      await pushed(folder, database);
      assert.equal(migrationsIn(folder).length, 3);
    })
  );
});

const dependants = `
  create table public.answers (user_id uuid, session_id text);
  alter table public.answers enable row level security;
  create policy "holders write" on public.answers for insert
    with check (public.holds_session(session_id));
  create view public.ended as select count(*) from public.interview_session_history;
  create table public.reports (
    user_id uuid, interview_id text,
    constraint of_an_interview foreign key (user_id, interview_id) references public.interviews
  );
  create function public.guard() returns trigger language plpgsql as
    'begin if public.holds_session(new.session_id) then return new; end if; return null; end';
  create table sessions.of_the_app (id int);
  create policy support on public.interviews for select to service_role using (true);
  create trigger log_it after insert on public.interviews
    for each row execute function public.guard();
`;

Deno.test("C5 what of the app's depends on it is shown, and nothing is written; the migration refuses it, too", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      await succeeds(["install", "--yes"], { cwd: folder });
      await pushed(folder, database);
      await database.connected((sql) => sql.unsafe(dependants).simple());
      const before = await database.connected(catalogue);

      const files = filesOf(folder);

      const { code: refused, out, err: why } = await command(
        ["uninstall", "--yes", "--db-url", database.url()],
        { cwd: folder },
      );

      assert.equal(refused, 1);
      assert.match(why, /database would refuse .* Nothing was written\.$/);
      assert.deepEqual(filesOf(folder), files);
      const [goingAlong = "", depending = ""] = out
        .split("These objects of the app are on our tables")[1]
        .split("These objects of the app depend on it.");
      assert.match(goingAlong, /policy support on table (public\.)?interviews/);
      assert.match(goingAlong, /trigger log_it on table (public\.)?interviews/);
      assert.deepEqual(
        depending.split("\n").filter((line) => line.startsWith("  "))
          .slice(0, 5).map((line) => line.trim().replaceAll("public.", "")),
        [
          "constraint of_an_interview on table reports",
          "policy holders write on table answers",
          "table sessions.of_the_app",
          "view ended",
          "function guard()",
        ],
      );
      await succeeds(["uninstall", "--yes"], { cwd: folder });
      const { code, out: said, err } = await push(folder, database);
      assert.notEqual(code, 0);
      assert.match(said + err, /depend/);
      assert.doesNotMatch(said + err, /DROP \.\.\. CASCADE/);
      assert.deepEqual(await database.connected(catalogue), before);
    })
  );
});

Deno.test("C5 what the user changed is kept, and said", async () => {
  await inNewProject(async (folder) => {
    await succeeds(["install", "--yes"], { cwd: folder });
    const index = join(folder, functionFolder, "index.ts");
    const config = join(folder, "supabase/config.toml");
    fs.appendFileSync(index, "// mine\n");
    fs.writeFileSync(
      config,
      fs.readFileSync(config, "utf8").replace(
        "[functions.reap-stale-sessions]\nverify_jwt = false",
        "[functions.reap-stale-sessions]\nenabled = true\nverify_jwt = false",
      ),
    );
    const before = filesOf(folder);

    const out = await succeeds(["uninstall", "--yes"], { cwd: folder });

    assert.match(out, /Note: supabase\/functions\/.* was changed/);
    assert.match(
      out,
      /Note: \[functions\.reap-stale-sessions\] .* is left as it is\./,
    );
    const after = filesOf(folder);
    for (const [name, text] of before) assert.equal(after.get(name), text);
    assert.equal(migrationsIn(folder).length, 2);
  });
});

Deno.test("C5 a damaged installation can be looked into and removed", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      await succeeds(["install", "--yes"], { cwd: folder });
      await pushed(folder, database);
      await database.connected((sql) => sql`drop table sessions.reaper_runs`);

      const out = await succeeds(
        ["uninstall", "--yes", "--db-url", database.url()],
        { cwd: folder },
      );

      assert.match(out, /^ +1 {2}sessions\.settings$/m);
      await pushed(folder, database);
      const [{ gone }] = await database.connected((sql) =>
        sql`select to_regnamespace('sessions') is null as gone`
      );
      assert(gone);
    })
  );
});

Deno.test("C5 a section of config.toml that was the user's stays, without the import map of the function that goes", async () => {
  await inNewProject(async (folder) => {
    const config = join(folder, "supabase/config.toml");
    const mine =
      "\n[functions.reap-stale-sessions]\nenabled = true # mine\nverify_jwt = false\n";
    fs.appendFileSync(config, mine);
    const before = filesOf(folder);
    await succeeds(["install", "--yes"], { cwd: folder });
    assert.match(
      fs.readFileSync(config, "utf8"),
      /^import_map = .*reap-stale/m,
    );

    const out = await succeeds(["uninstall", "--yes"], { cwd: folder });

    assert.match(out, /loses our import_map/);
    assert.equal(
      fs.readFileSync(config, "utf8"),
      before.get("supabase/config.toml"),
    );
    assert.match(
      await succeeds(["uninstall", "--yes"], { cwd: folder }),
      /nothing of interview sessions to remove/,
    );
  });
});

Deno.test("C5 a database in which it is not installed: said", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      await succeeds(["install", "--yes"], { cwd: folder });

      assert.match(
        await succeeds(
          ["uninstall", "--dry-run", "--db-url", database.url()],
          { cwd: folder },
        ),
        /^The component is not installed in this database\.$/m,
      );
    })
  );
});

Deno.test("C5 a folder of the user's in that of the Edge Function is kept, and said", async () => {
  await inNewProject(async (folder) => {
    await succeeds(["install", "--yes"], { cwd: folder });
    const mine = join(folder, functionFolder, "mine", "notes.ts");
    fs.mkdirSync(join(mine, ".."));
    fs.writeFileSync(mine, "// mine\n");

    const out = await succeeds(["uninstall", "--yes"], { cwd: folder });

    assert.match(out, /Note: supabase\/functions\/.* was changed/);
    assert.equal(fs.readFileSync(mine, "utf8"), "// mine\n");
  });
});

Deno.test("C5 removed by hand, it is installed again: doctor says how, install --db-url writes the migration again", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      const install = ["install", "--yes", "--db-url", database.url()];
      await succeeds([...install, "--admin"], { cwd: folder });
      // not applied yet: the same migration is pending
      assert.match(
        await succeeds(install, { cwd: folder }),
        /nothing to do\.$/,
      );
      await pushed(folder, database);
      assert.match(
        await succeeds(install, { cwd: folder }),
        /nothing to do\.$/,
      );
      assert.equal(migrationsIn(folder).length, 1);
      const installed = await database.connected(catalogue);
      const removal = await succeeds(["plan", "--uninstall"]);
      await database.connected((sql) => sql.unsafe(removal).simple());

      const doctor = await command(["doctor", "--db-url", database.url()]);

      assert.match(
        doctor.out,
        /not installed in this database\.\n {9}Fix: In the project: npx interview-sessions install --db-url …, then supabase db push\.$/m,
      );
      assert.match(
        await succeeds(install, { cwd: folder }),
        /^Note: .* what it made was removed since: it is written again\.$/m,
      );
      await pushed(folder, database);
      assert.equal(migrationsIn(folder).length, 2);
      assert.deepEqual(await database.connected(catalogue), installed);
    })
  );
});

Deno.test("C5 nothing is removed without a yes, nor by --dry-run", async () => {
  await inNewProject(async (folder) => {
    await succeeds(["install", "--yes"], { cwd: folder });
    const before = filesOf(folder);

    assert.match(
      await succeeds(["uninstall", "--dry-run"], { cwd: folder }),
      /Dry run: nothing was changed\.$/,
    );
    assert.equal((await command(["uninstall"], { cwd: folder })).code, 2);

    assert.deepEqual(filesOf(folder), before);
  });
});

Deno.test("M15 without the admin chapter, the app's own functions of its names stay", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      await installApp(database);
      await database.connected((sql) =>
        sql.unsafe(`create function public.admin_live_sessions() returns text
          language sql as $$ select 'mine' $$;`)
      );
      const before = await everythingIn(database);
      await database.connected((sql) =>
        sql.unsafe("create schema supabase_migrations_kept").simple()
          .then(() => sql`drop schema supabase_migrations_kept`)
      );
      const plan = await succeeds(["plan"], { cwd: folder });
      const removal = await succeeds(["plan", "--uninstall"], { cwd: folder });

      await database.connected((sql) => sql.unsafe(plan).simple());
      await database.connected((sql) => sql.unsafe(removal).simple());

      assert.deepEqual(await everythingIn(database), before);
    })
  );
});
