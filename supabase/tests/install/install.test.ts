// `npx interview-sessions install`, and what `supabase db push` makes of what it
// writes.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { installSql } from "../../../cli/migration.ts";
import { hashOf } from "../../../cli/package_files.ts";
import { changesSince } from "../../../cli/versions.ts";
import { filesHash, functionStamp } from "../../../cli/project.ts";
import { definitions } from "../../../scripts/test/catalogue.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { withNpx } from "../schedule/support.ts";
import {
  command,
  filesOf,
  hasPsql,
  inFolder,
  initProject,
  inNewProject,
  migrationsIn,
  pushed,
  succeeds,
} from "./support.ts";

const functionFolder = "supabase/functions/reap-stale-sessions";
const config = "supabase/config.toml";
const section = `
[functions.reap-stale-sessions]
verify_jwt = false
import_map = "./functions/reap-stale-sessions/deno.json"
`;

const read = (folder: string, file: string) =>
  fs.readFileSync(join(folder, file), "utf8");
const write = (folder: string, file: string, text: string) =>
  fs.writeFileSync(join(folder, file), text);

Deno.test("C5 I4 in a fresh project: one migration, the function, its section; pushed, it is what the chapters make", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      const before = read(folder, config);

      const out = await succeeds([
        ...["install", "--yes", "--admin", "--deliveries", "--notification"],
      ], { cwd: folder });

      assert.match(
        out,
        /write {3}supabase\/migrations\/\d{14}_install_interview_sessions_0_1_0\.sql \(with admin, deliveries, notification\)/,
      );
      assert.equal(migrationsIn(folder).length, 1);
      assert.deepEqual(
        fs.readdirSync(join(folder, functionFolder)).sort(),
        [
          ...["address.ts", "deliver.ts", "deno.json", "index.ts", "keys.ts"],
          ...["reap_all.ts", "webhook_settings.ts"],
        ],
      );
      assert.equal(
        read(folder, config),
        before + section,
        "the rest of config.toml stays, comments included",
      );

      await pushed(folder, database);
      assert.match(await pushed(folder, database), /up to date/);
      assert.deepEqual(
        await database.connected(definitions),
        await withCopyOf("migrated", (other) => other.connected(definitions)),
      );
    })
  );
});

Deno.test("C5 I4 again there is nothing to do", async () => {
  await inNewProject(async (folder) => {
    await succeeds(["install", "--yes"], { cwd: folder });
    const before = filesOf(folder);

    const out = await succeeds(["install"], { cwd: folder });

    assert.match(out, /already in this project: nothing to do\.$/);
    assert.deepEqual(filesOf(folder), before);
  });
});

Deno.test("C5 nothing is written without a yes, nor by --dry-run, which shows it all", async () => {
  await inNewProject(async (folder) => {
    const before = filesOf(folder);

    const dry = await succeeds(["install", "--dry-run"], { cwd: folder });
    const unasked = await command(["install"], { cwd: folder });

    assert.match(dry, /write .*migrations.*\n[^]*write .*deno\.json/);
    assert.match(dry, /edit {4}supabase\/config\.toml.* is added/);
    assert.match(dry, /Dry run: nothing was changed\.$/);
    assert.equal(unasked.code, 2);
    assert.match(unasked.err, /There is no terminal to ask on\./);
    assert.deepEqual(filesOf(folder), before);
  });
});

Deno.test("C5 the project is found upward, in a monorepo, too; where there is none, it is said", async () => {
  await inFolder(async (folder) => {
    const project = join(folder, "apps", "web");
    const deep = join(project, "src", "pages");
    fs.mkdirSync(deep, { recursive: true });
    await initProject(project);

    const { code, err } = await command(["install", "--yes"], { cwd: folder });
    assert.equal(code, 1);
    assert.match(err, /There is no Supabase project here/);
    assert.match(err, /--workdir apps\/web$/);

    await succeeds(["install", "--yes"], { cwd: deep });
    assert.equal(migrationsIn(project).length, 1);
    assert.match(
      await succeeds(["install", "--workdir", "apps/web"], { cwd: folder }),
      /nothing to do/,
    );
    assert.match(
      await succeeds(["install"], {
        cwd: join(project, "supabase", "functions"),
      }),
      /nothing to do/,
    );
  });
});

Deno.test("C5 a misspelt --workdir is refused, and does not lead to the project around it", async () => {
  await inNewProject(async (folder) => {
    const before = filesOf(folder);

    const { code, err } = await command(
      ["install", "--yes", "--workdir", "apps/wbe"],
      { cwd: folder },
    );

    assert.equal(code, 2);
    assert.equal(err, "--workdir wants a folder: apps/wbe is none.");
    assert.deepEqual(filesOf(folder), before);
  });
});

Deno.test("C5 stamped after the project's last migration, whatever that is called", async () => {
  const cases: [last: string, next: RegExp][] = [
    ["20240101000000_own.sql", /^20[2-9]\d{11}_install/],
    ["29991231235959_future.sql", /^29991231235960_install/],
    ["0001_init.sql", /^20\d{12}_install/],
    ["3_last.sql", /^40000000000000_install/],
    ["98_last.sql", /^99000000000000_install/],
  ];
  for (const [last, next] of cases) {
    await inNewProject(async (folder) => {
      fs.mkdirSync(join(folder, "supabase", "migrations"));
      write(folder, `supabase/migrations/${last}`, "select 1;");

      await succeeds(["install", "--yes"], { cwd: folder });

      const [first, second] = migrationsIn(folder);
      assert.equal(first, last);
      assert.match(second, next);
    });
  }
});

Deno.test("C5 a config.toml with dates, inf, nan and large integers is edited, and they stay", async () => {
  await inNewProject(async (folder) => {
    const config = join(folder, "supabase/config.toml");
    const mine = `
[mine]
day = 2024-01-02
at = 07:32:00
local = 1979-05-27T07:32:00
utc = 1979-05-27T07:32:00Z
offset = 1979-05-27T00:32:00.999999-07:00
numbers = [inf, -inf, nan, 9007199254740993, 9223372036854775807, 0xff, 1.0]

[functions.reap-stale-sessions]
enabled = true
`;
    fs.appendFileSync(config, mine);
    const before = fs.readFileSync(config, "utf8");

    await succeeds(["install", "--yes"], { cwd: folder });

    const after = fs.readFileSync(config, "utf8");
    assert(after.startsWith(before.trimEnd()), after.slice(-600));
    assert.match(after, /^verify_jwt = false$/m);
    await succeeds(["uninstall", "--yes"], { cwd: folder });
    assert(fs.readFileSync(config, "utf8").startsWith(before.trimEnd()));
  });
});

Deno.test("C5 refused where no migration can come after the project's last one: what to do, and nothing is written", async () => {
  const cases = ["9_last.sql", "99_last.sql", "99999999999999_last.sql"];
  for (const last of cases) {
    await inNewProject(async (folder) => {
      fs.mkdirSync(join(folder, "supabase", "migrations"));
      write(folder, `supabase/migrations/${last}`, "select 1;");
      const before = filesOf(folder);

      const { code, err } = await command(["install", "--yes"], {
        cwd: folder,
      });

      assert.equal(code, 1);
      assert.match(
        err,
        new RegExp(
          `^No migration can come after supabase/migrations/${last}: .* Rename it to a time, such as 20\\d{12}_last\\.sql`,
        ),
      );
      assert.deepEqual(filesOf(folder), before);
    });
  }
});

Deno.test("C5 pushed after the project's own migrations, without --include-all", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      fs.mkdirSync(join(folder, "supabase", "migrations"));
      write(
        folder,
        "supabase/migrations/20260601000000_own.sql",
        "create table public.own (id int primary key);",
      );
      await pushed(folder, database);

      await succeeds(["install", "--yes"], { cwd: folder });
      await pushed(folder, database);

      const [{ version }] = await database.connected((sql) =>
        sql`select sessions.version() as version`
      );
      assert.equal(version, "0.1.0");
    })
  );
});

Deno.test("C5 I5 an older version in the project is upgraded by a migration of its own, and what changed is said", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      installOlder(folder);
      await pushed(folder, database);
      assert.equal(await versionIn(database), "0.0.0");

      const out = await succeeds(["install", "--yes"], { cwd: folder });

      assert.match(out, /Upgrading interview sessions from 0\.0\.0 to 0\.1\.0/);
      assert.match(out, /write {3}.*_upgrade_interview_sessions_0_1_0\.sql/);
      assert.match(out, /replace supabase\/functions\/.*index\.ts/);
      assert.match(out, /remove {2}supabase\/functions\/.*gone\.ts/);
      assert.equal(migrationsIn(folder).length, 2);
      assert.match(
        await succeeds(["install"], { cwd: folder }),
        /nothing to do/,
      );
      await pushed(folder, database);
      assert.equal(await versionIn(database), "0.1.0");
    })
  );
});

Deno.test("C5 the admin chapter stays through an upgrade, and can be added later", async () => {
  await inNewProject(async (folder) => {
    await succeeds(["install", "--yes"], { cwd: folder });

    const out = await succeeds(["install", "--yes", "--admin"], {
      cwd: folder,
    });

    assert.match(out, /Completing .*\n\n.*_complete_.*\(with admin\)/);
    assert.match(await succeeds(["install"], { cwd: folder }), /nothing to do/);
    assert.match(
      read(folder, `supabase/migrations/${migrationsIn(folder)[1]}`),
      /create or replace function public\.admin_live_sessions/,
    );
  });
});

Deno.test("C5 a newer version in the project is not undone", async () => {
  await inNewProject(async (folder) => {
    await succeeds(["install", "--yes"], { cwd: folder });
    const [name] = migrationsIn(folder);
    const file = `supabase/migrations/${name}`;
    write(folder, file, read(folder, file).replace("0.1.0", "0.10.0"));

    const { code, err } = await command(["install", "--yes"], { cwd: folder });

    assert.equal(code, 1);
    assert.match(
      err,
      /This project has version 0\.10\.0, and this package is 0\.1\.0.*@latest install$/,
    );
  });
});

Deno.test("C5 what the user edited is left, and said; --overwrite replaces it", async () => {
  await inNewProject(async (folder) => {
    await succeeds(["install", "--yes"], { cwd: folder });
    const index = `${functionFolder}/index.ts`;
    const [migration] = migrationsIn(folder);
    const file = `supabase/migrations/${migration}`;
    write(folder, index, `${read(folder, index)}// mine\n`);
    write(folder, file, `${read(folder, file)}-- mine\n`);
    const before = filesOf(folder);

    const out = await succeeds(["install", "--yes"], { cwd: folder });

    assert.match(out, /Note: .*_0_1_0\.sql was edited after it was written/);
    assert.match(
      out,
      /Note: supabase\/functions\/.* is left as it is; --overwrite/,
    );
    assert.deepEqual(filesOf(folder), before);

    await succeeds(["install", "--yes", "--overwrite"], { cwd: folder });
    assert.doesNotMatch(read(folder, index), /mine/);
  });
});

Deno.test("C5 a function of that name that was never ours is left, and said", async () => {
  await inNewProject(async (folder) => {
    fs.mkdirSync(join(folder, functionFolder), { recursive: true });
    write(folder, `${functionFolder}/index.ts`, "// mine\n");

    const out = await succeeds(["install", "--yes"], { cwd: folder });

    assert.match(out, /Note: .* is not as this command wrote it \(index\.ts\)/);
    assert.deepEqual(fs.readdirSync(join(folder, functionFolder)), [
      "index.ts",
    ]);
    assert.equal(read(folder, `${functionFolder}/index.ts`), "// mine\n");
  });
});

const configs: Record<string, { before: string; after: string }> = {
  "without a line end": {
    before: 'project_id = "x"',
    after: `project_id = "x"\n${section}`,
  },
  "with other functions and comments": {
    before: "# top\n[functions.hello] # mine\nverify_jwt = true\n# end\n",
    after:
      `# top\n[functions.hello] # mine\nverify_jwt = true\n# end\n${section}`,
  },
  "with Windows line ends": {
    before: 'project_id = "x"\r\n',
    after: `project_id = "x"\r\n${section.replaceAll("\n", "\r\n")}`,
  },
  "with a section of its own for it": {
    before:
      "[functions.reap-stale-sessions]\n# why\nverify_jwt = true # on\n\n[api]\nport = 1\n",
    after:
      `[functions.reap-stale-sessions]\n# why\nverify_jwt = false # on\nimport_map = "./functions/reap-stale-sessions/deno.json"\n\n[api]\nport = 1\n`,
  },
  "with an inline table": {
    before: "functions = { hello = { verify_jwt = true } }\n",
    after:
      `functions = { hello = { verify_jwt = true }, reap-stale-sessions = { verify_jwt = false, import_map = "./functions/reap-stale-sessions/deno.json" } }\n`,
  },
};

for (const [what, { before, after }] of Object.entries(configs)) {
  Deno.test(`C5 I4 config.toml ${what} is edited as TOML, once`, async () => {
    await inFolder(async (folder) => {
      fs.mkdirSync(join(folder, "supabase"));
      write(folder, config, before);

      await succeeds(["install", "--yes"], { cwd: folder });

      assert.equal(read(folder, config), after);
      await succeeds(["install", "--yes"], { cwd: folder });
      assert.equal(read(folder, config), after);
    });
  });
}

Deno.test("C5 a config.toml that is no TOML is named, and nothing is written", async () => {
  await inFolder(async (folder) => {
    fs.mkdirSync(join(folder, "supabase"));
    write(folder, config, "[functions\n");
    const before = filesOf(folder);

    const { code, err } = await command(["install", "--yes"], { cwd: folder });

    assert.equal(code, 1);
    assert.match(err, /^supabase\/config\.toml is not valid TOML/);
    assert.deepEqual(filesOf(folder), before);
  });
});

Deno.test("C5 a config.toml whose functions are no tables is named, and nothing is written", async () => {
  const configs: [text: string, name: string][] = [
    ["functions = 3\n", "functions"],
    ["[[functions]]\nslug = 'hello'\n", "functions"],
    [
      "[functions]\nreap-stale-sessions = true\n",
      "functions.reap-stale-sessions",
    ],
  ];
  for (const [text, name] of configs) {
    await inFolder(async (folder) => {
      fs.mkdirSync(join(folder, "supabase"));
      write(folder, config, text);
      const before = filesOf(folder);

      const { code, err } = await command(["install", "--yes"], {
        cwd: folder,
      });

      assert.equal(code, 1);
      assert.equal(
        err,
        `In supabase/config.toml, ${name} is not a table. Remove it or make ` +
          `it one: [${name}]`,
      );
      assert.deepEqual(filesOf(folder), before);
    });
  }
});

Deno.test("C5 a section that keeps the function from being deployed is said", async () => {
  await inFolder(async (folder) => {
    fs.mkdirSync(join(folder, "supabase"));
    write(
      folder,
      config,
      "[functions.reap-stale-sessions]\nenabled = false\n",
    );

    const out = await succeeds(["install", "--yes"], { cwd: folder });

    assert.match(
      out,
      /^Note: \[functions\.reap-stale-sessions\] in config\.toml has enabled = false/m,
    );
  });
});

Deno.test("I9 a file that cannot be written is named in a sentence: 1", async () => {
  await inNewProject(async (folder) => {
    write(folder, "supabase/functions", "a file and no folder");

    const { code, err } = await command(["install", "--yes"], { cwd: folder });

    assert.equal(code, 1);
    assert.match(err, /^E[A-Z]+: .*supabase\/functions.*$/);
  });
});

Deno.test("C5 plan prints the same SQL, for those who apply it by hand", async () => {
  assert.equal(
    await succeeds(["plan", "--admin"]),
    installSql(["admin"]).trimEnd(),
  );
});

Deno.test("C5 plan into a pipe that is closed early ends quietly", async () => {
  await inFolder(async (folder) => {
    const { said } = await runCommand(
      "sh",
      ["-c", "npx interview-sessions plan | head -n 1"],
      { signal: new AbortController().signal, env: withNpx(folder) },
    );

    assert.match(said, /^-- Interview sessions 0\.1\.0: install\.[^\n]*$/);
  });
});

for (const flags of [[], ["-1"]]) {
  Deno.test({
    name:
      `C5 I3 psql ${
        flags.join(" ")
      } without ON_ERROR_STOP: applied whole, or not at all` +
      (hasPsql ? "" : " (skipped: no psql here)"),
    ignore: !hasPsql,
    fn: () =>
      inFolder((folder) =>
        withCopyOf("bare", async (database) => {
          const psql = async (sql: string) => {
            write(folder, "plan.sql", sql);
            await runCommand("psql", [
              ...flags,
              ...["-d", database.url(), "-f", join(folder, "plan.sql")],
            ], { signal: new AbortController().signal });
          };
          const before = await database.connected(definitions);

          // fails in the last chapter
          await psql(
            installSql([]).replace(/commit;\n$/, "select 1 / 0;\ncommit;\n"),
          );
          assert.deepEqual(await database.connected(definitions), before);

          await psql(installSql([]));
          assert.equal(await versionIn(database), "0.1.0");
        })
      ),
  });
}

Deno.test("C5 I5 what is new is told from CHANGELOG.md: what came after the installed version, and no more", () => {
  const changelog = `# Changelog

## [Unreleased]

- not yet

## [0.9.0] - 2027-01-01

- later than this package

## [0.1.0] - 2026-12-01

- one clock

## [0.0.1] - 2026-11-01

- a fix

## [0.0.0]

- the beginning
`;

  assert.equal(
    changesSince(changelog, "0.0.0"),
    "## [0.1.0] - 2026-12-01\n\n- one clock\n\n## [0.0.1] - 2026-11-01\n\n- a fix",
  );
  assert.equal(changesSince(changelog, "0.1.0"), "");
});

Deno.test("C5 the version is one: of the package and of the SQL", async () => {
  const version = JSON.parse(textOf("package.json")).version;

  assert.equal(await succeeds(["--version"]), version);
  assert(
    textOf("supabase/migrations/20250123000000_preflight.sql")
      .includes(`v_version constant text := '${version}';`),
  );
  assert(
    textOf("supabase/migrations/20250124000000_tables.sql")
      .includes(`return '${version}';`),
  );
});

Deno.test("C5 a command that is none, an option that is none: 2; --help helps: 0", async () => {
  for (
    const args of [["nope"], ["install", "--nope"], ["plan", "extra"], [
      "doctor",
    ]]
  ) {
    const { code, err } = await command(args);
    assert.equal(code, 2, err);
    assert.match(err, /\w/);
  }
  const help = await succeeds(["--help"]);
  for (
    const name of ["install", "plan", "doctor", "reap", "types", "uninstall"]
  ) {
    assert.match(help, new RegExp(`^  ${name} `, "m"));
    assert.match(await succeeds([name, "--help"]), /Usage: interview-sessions/);
  }
});

/** A project with version 0.0.0, as this command would have written it. */
function installOlder(folder: string) {
  const sql = textOf("supabase/tests/upgrade/released/0.0.0.sql");
  fs.mkdirSync(join(folder, "supabase", "migrations"));
  write(
    folder,
    "supabase/migrations/20260101000000_install_interview_sessions_0_0_0.sql",
    `-- Interview sessions 0.0.0: install. Chapters: core, admin. Hash: ${
      hashOf(sql)
    }.\n${sql}`,
  );
  const files = [
    { name: "gone.ts", text: "// of the older version\n" },
    { name: "index.ts", text: "// the older version\n" },
  ];
  fs.mkdirSync(join(folder, functionFolder), { recursive: true });
  for (const { name, text } of files) {
    write(
      folder,
      `${functionFolder}/${name}`,
      (name === "index.ts" ? functionStamp("0.0.0", filesHash(files)) : "") +
        text,
    );
  }
}

async function versionIn(database: Database): Promise<string> {
  const [{ version }] = await database.connected((sql) =>
    sql`select sessions.version() as version`
  );
  return version;
}
