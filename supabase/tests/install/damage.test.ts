// `npx interview-sessions doctor` compares definitions, not names: each kind of damage
// is found, and what it says mends it.
import assert from "node:assert/strict";
import { databaseFindings } from "../../../cli/doctor/database.ts";
import type { Finding } from "../../../cli/doctor/finding.ts";
import { installSql } from "../../../cli/migration.ts";
import {
  type OptionalChapter,
  optionalChapters,
} from "../../../cli/package_files.ts";
import {
  type CatalogueEntry,
  definitions,
} from "../../../scripts/test/catalogue.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  plainly,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";

interface Damage {
  what: string;
  /** Steps before the catalogue is noted. */
  without?: string;
  steps: string;
  /** Everything that is found. */
  says: RegExp[];
  /** Who causes it, if not postgres. */
  role?: string;
  /** Mended, a column is the last of its table. */
  moves?: boolean;
}

const again = /^Apply the SQL again as postgres: npx interview-sessions plan/;

const damages: Damage[] = [
  {
    what: "a primary key that was dropped",
    steps:
      "alter table public.interviews drop constraint interviews_pkey cascade",
    says: [
      /^The constraint public\.interviews: interviews_pkey is missing: start_session\(\) fails/,
      /^The constraint sessions\.extensions: extensions_user_id_interview_id_fkey is missing/,
    ],
  },
  {
    what: "a primary key that was renamed",
    steps:
      "alter table public.interviews rename constraint interviews_pkey to mine",
    says: [/interviews_pkey is called mine: our functions use its name/],
  },
  {
    what: "the primary key of the live sessions, dropped",
    steps:
      "alter table public.active_interview_sessions drop constraint active_interview_sessions_pkey",
    says: [
      /active_interview_sessions_pkey is missing: two rows .* be the same/,
    ],
  },
  {
    what: "the primary key of the history, dropped",
    steps:
      "alter table public.interview_session_history drop constraint interview_session_history_pkey cascade",
    says: [
      /interview_session_history_pkey is missing/,
      /revocations_user_id_session_id_fkey is missing/,
    ],
  },
  {
    what: "a foreign key to the users, dropped",
    steps:
      "alter table public.interviews drop constraint interviews_user_id_fkey",
    says: [/interviews_user_id_fkey is missing: rows stay when/],
  },
  {
    what: "a check that allows everything",
    steps: `alter table public.interview_session_history
      drop constraint status_is_known, add constraint status_is_known check (true)`,
    says: [/status_is_known is CHECK \(true\), and should be CHECK \(\(status/],
  },
  {
    what: "a check that was never validated",
    steps: `alter table sessions.settings drop constraint takeover_is_known,
      add constraint takeover_is_known check (takeover in ('allowed', 'refused')) not valid`,
    says: [/takeover_is_known is not valid/],
  },
  {
    what: "users without access to the schema",
    steps: "revoke usage on schema sessions from authenticated",
    says: [
      /^The role authenticated has none on the schema sessions, and should have usage/,
    ],
  },
  {
    what: "users with more access to the schema",
    steps: "grant create on schema sessions to authenticated",
    says: [/^The role authenticated has usage, create on the schema sessions/],
  },
  {
    what: "a policy that lets users see everything",
    steps:
      `alter policy "a user sees their own interviews" on public.interviews using (true)`,
    says: [
      /own interviews differs from this version: using is true, and should/,
    ],
  },
  {
    what: "a policy for everybody",
    steps:
      `alter policy "a user sees their own interviews" on public.interviews to public`,
    says: [/roles is public, and should be authenticated/],
  },
  {
    what: "a policy that is missing",
    steps:
      `drop policy "a user sees their own interviews" on public.interviews`,
    says: [/^The policy public\.interviews: .* is missing: users do not see/],
  },
  {
    what: "a function of another owner",
    steps:
      "alter function sessions.end_session(text, text) owner to supabase_admin",
    says: [
      /^The function sessions\.end_session\(text,text\) belongs to supabase_admin, and the others to postgres/,
    ],
    role: "supabase_admin",
  },
  {
    what: "a table of another owner",
    steps: "alter table sessions.revocations owner to supabase_admin",
    says: [
      /^The table sessions\.revocations belongs to supabase_admin/,
    ],
    role: "supabase_admin",
  },
  {
    what: "a column of the app's that our functions cannot fill",
    steps: "alter table public.interviews add column mine text not null",
    says: [
      /^The column public\.interviews\.mine is yours, not null and without/,
    ],
  },
  {
    what: "a default that was dropped",
    steps:
      "alter table public.interview_session_history alter column ended_fence drop default",
    says: [/ended_fence differs from this version: its default is gone/],
  },
  {
    what: "a default of the settings, changed",
    steps:
      "alter table sessions.settings alter column lease set default '1 day'",
    says: [/settings\.lease .*default is '1 day'.*should be '00:05:00'/],
  },
  {
    what: "a default that is not ours",
    steps:
      "alter table public.active_interview_sessions alter column device set default 'x'",
    says: [/device .*default is 'x'::text, and should be none/],
  },
  {
    what: "not null that was dropped",
    steps:
      "alter table public.interviews alter column started_at drop not null",
    says: [/started_at accepts nulls, and should not/],
  },
  {
    what: "not null that was added",
    steps:
      "alter table public.interviews alter column submitted_at set not null",
    says: [/submitted_at refuses nulls, and should not/],
  },
  {
    what: "a column of another type",
    steps: `drop trigger check_session on public.active_interview_sessions;
      alter table public.active_interview_sessions alter column device type varchar(20);
      create trigger check_session
        before insert or update of session_id, device, interview_id, status
        on public.active_interview_sessions
        for each row execute function sessions.check_session();
      alter table public.active_interview_sessions enable always trigger check_session`,
    says: [/device .*its type is character varying\(20\), and should be text/],
  },
  {
    what: "a column that numbers itself no more",
    steps: "alter table sessions.reaper_runs alter column id drop identity",
    says: [/reaper_runs\.id .*its identity is gone, and should be a/],
  },
  {
    what: "a generated column that is generated no more",
    steps:
      "alter table public.interview_session_history alter column duration drop expression",
    says: [/duration .*its generated is gone/],
    moves: true,
  },
  {
    what: "a column that is missing",
    steps: "alter table sessions.revocations drop column note",
    says: [
      /^The column sessions\.revocations\.note is missing, with its data/,
      /^The constraint sessions\.revocations: note_is_short is missing/,
    ],
    moves: true,
  },
  {
    what: "a setting that is missing",
    steps: "alter table sessions.settings drop column takeover",
    says: [
      /^The column sessions\.settings\.takeover is missing/,
      /^The constraint sessions\.settings: takeover_is_known is missing/,
    ],
    moves: true,
  },
  {
    what: "a rule that swallows deletes",
    steps:
      "create rule keep as on delete to public.active_interview_sessions do instead nothing",
    says: [
      /^The rule .*: keep is not ours, and replaces what our functions write/,
    ],
  },
  {
    what: "fences that go down",
    steps: "alter sequence sessions.fence increment -1",
    says: [/^The sequence sessions\.fence .*increment is -1, and should be 1/],
  },
  {
    what: "fences that connections cache",
    steps: "alter sequence sessions.fence cache 100",
    says: [/cache is 100, and should be 1\. Later grants may not have higher/],
  },
  {
    what: "indexes that were dropped",
    steps: `drop index public.interview_session_history_ended_at;
      drop index sessions.reap_failures_retry_at`,
    says: [
      /^The index public\.interview_session_history_ended_at is missing/,
      /^The index sessions\.reap_failures_retry_at is missing/,
    ],
  },
  {
    what: "an index of our name on another column",
    steps: `drop index public.interviews_deadline_at;
      create index interviews_deadline_at on public.interviews (started_at)`,
    says: [
      /^The index public\.interviews_deadline_at is another one, or not valid/,
    ],
  },
  {
    what: "a trigger that calls another function",
    steps: `create function public.nothing() returns trigger language plpgsql
        as 'begin return new; end';
      create or replace trigger check_session before insert on public.active_interview_sessions
        for each row execute function public.nothing();
      alter table public.active_interview_sessions enable always trigger check_session`,
    says: [/^The trigger .*: check_session differs .*public\.nothing\(\)/],
  },
  {
    what: "a trigger that is disabled",
    steps: "alter table sessions.settings disable trigger keep_row",
    says: [/^The trigger sessions\.settings: keep_row is disabled/],
  },
  {
    what: "a trigger that a replica would not run",
    steps: "alter table sessions.settings enable trigger keep_row",
    says: [/keep_row differs from this version: enabled is O, and should be A/],
  },
  {
    what: "a trigger that is missing",
    steps: "drop trigger check_session on public.active_interview_sessions",
    says: [/check_session is missing/],
  },
  {
    what: "a table without a log",
    steps: "alter table sessions.early_ends set unlogged",
    says: [/^The table sessions\.early_ends is unlogged: a crash/],
  },
  {
    what: "row level security that is off",
    steps: "alter table public.interviews disable row level security",
    says: [/^Row level security is off on public\.interviews: users read/],
  },
  {
    what: "row level security that is forced",
    steps: "alter table public.interviews force row level security",
    says: [/^Row level security is forced on public\.interviews/],
  },
  {
    what: "the type of the health that nobody may use",
    steps:
      "revoke usage on type public.interview_session_health from service_role, authenticated",
    says: [
      /^The role authenticated has none on the type public\.interview_session_health/,
      /^The role service_role has none on the type/,
    ],
  },
  {
    what: "the type of the health with another column",
    steps:
      "alter type public.interview_session_health alter attribute live set data type text cascade",
    says: [
      /interview_session_health\.live differs .*type is text, and should be bigint/,
    ],
  },
  {
    what: "the type of the health that is missing",
    steps: "drop type public.interview_session_health cascade",
    says: [
      /^The type public\.interview_session_health is missing/,
      /public\.admin_session_health\(\) is missing/,
      /public\.session_health\(\) is missing/,
      /sessions\.admin_session_health\(\) is missing/,
      /sessions\.health\(\) is missing/,
      /sessions\.session_health\(\) is missing/,
    ],
  },
  {
    what: "a function that answers null to a null",
    steps:
      "alter function sessions.start_session(text, boolean, text, text) strict",
    says: [/start_session\(.*\) differs .*: it is strict/],
  },
  {
    what: "a function that returns something else",
    steps: `drop function sessions.stale_reason(timestamptz, timestamptz);
      create function sessions.stale_reason(timestamptz, timestamptz) returns varchar
        language sql as 'select null';
      revoke all on function sessions.stale_reason(timestamptz, timestamptz)
        from public, anon, authenticated, service_role`,
    says: [/stale_reason\(.*\) differs .*result is character varying/],
  },
  {
    what: "grants that are missing",
    steps: `revoke select on public.interviews from authenticated;
      revoke execute on function public.session_health() from service_role`,
    says: [
      /^The role authenticated has none on the table public\.interviews/,
      /^The function public\.session_health\(\) may be executed by none/,
    ],
  },
  {
    what: "a grant on a column",
    steps: "grant update (deadline_at) on public.interviews to authenticated",
    says: [
      /^The role authenticated has update on the column public\.interviews\.deadline_at, and should have none/,
    ],
  },
  {
    what: "the settings, dropped",
    steps: "drop table sessions.settings cascade",
    says: [
      /^The table sessions\.settings is missing, with its data/,
      /current_settings\(\) is missing/,
    ],
  },
  {
    what: "the runs of the reaper, dropped",
    steps: "drop table sessions.reaper_runs",
    says: [/^The table sessions\.reaper_runs is missing/],
  },
  {
    what: "the history, dropped",
    steps: "drop table public.interview_session_history cascade",
    says: [
      /^The table public\.interview_session_history is missing/,
      ...["public", "sessions"].flatMap((schema) =>
        ["end_session", "reap_stale_sessions", "revoke_session"].map((name) =>
          new RegExp(`^The function ${schema}\\.${name}\\(.*\\) is missing`)
        )
      ),
      ...["sessions.retire", "sessions.retire_stale", "sessions.revoke"]
        .concat("sessions.reap")
        .concat("public.admin_revoke_session", "sessions.admin_revoke_session")
        .concat("public.admin_reap_stale_sessions")
        .concat("sessions.admin_reap_stale_sessions")
        .map((name) => new RegExp(`^The function ${name}\\(.*\\) is missing`)),
    ],
  },
  {
    what: "the sequence of the fences, dropped",
    steps: "drop sequence sessions.fence cascade",
    says: [
      /^The installation is damaged: the sequence sessions\.fence is missing\./,
    ],
  },
  {
    what: "the version, dropped",
    steps: "drop function sessions.version()",
    says: [/^The installation is damaged: the function sessions\.version\(\)/],
  },
  {
    what: "the schema, renamed",
    steps: "alter schema sessions rename to old_sessions",
    says: [/^The schema sessions was renamed to old_sessions/],
  },
  {
    what: "the schema, dropped",
    // nothing of it is left that would tell that it was there
    without: `
      drop function sessions.notify_of_end() cascade;
      drop function sessions.notify_of_extension() cascade;
      drop function sessions.notify(uuid, text), sessions.allow_notification()`,
    steps: "drop schema sessions cascade",
    says: [
      /^The installation is damaged: the schema sessions, the sequence sessions\.fence, the function sessions\.version\(\) are missing\. These tables of it are there, with their rows: public\.active_interview_sessions, public\.interview_session_history, public\.interviews\./,
    ],
  },
];

for (const { what, without, steps, says, role, moves } of damages) {
  Deno.test(`C5 doctor finds and mends ${what}`, async () => {
    await withCopyOf("migrated", async (database) => {
      if (without) await run(database, without);
      const before = await ours(database);
      await run(database, "select from public.reap_stale_sessions()");
      await run(database, steps, role);

      const found = wrongIn(await databaseFindings(database.url()));

      assert.equal(found.length, says.length, shownAll(found));
      for (const finding of says) {
        assert(
          found.some(({ says }) => finding.test(says)),
          `${finding} in ${shownAll(found)}`,
        );
      }
      await mend(database, found);
      assert.deepEqual(
        comparable(await ours(database), moves),
        comparable(before, moves),
      );
    });
  });
}

Deno.test("C5 doctor finds nothing wrong with what is the app's and harmless", async () => {
  await withCopyOf("migrated", async (database) => {
    await run(database, "select from public.reap_stale_sessions()");
    await run(
      database,
      `create table sessions.of_the_app (id int);
      revoke all on sessions.of_the_app from anon, authenticated, service_role`,
    );
    await run(
      database,
      `alter table public.interviews add column mine text, add column other text not null default '';
      create index mine on public.interviews (mine);
      create function public.log_it() returns trigger language plpgsql as 'begin return new; end';
      create trigger log_it before insert on public.interviews
        for each row execute function public.log_it();
      create policy support on public.interviews for select to service_role using (true);
      create policy nobody on public.interviews as restrictive for select to anon using (false);
      alter table sessions.settings enable row level security;
      alter table public.active_interview_sessions set (fillfactor = 40);
      create role support_${database.name.slice(-12)};
      grant select on public.interviews to support_${database.name.slice(-12)}`,
      "supabase_admin",
    );

    const found = await databaseFindings(database.url());
    await run(
      database,
      `drop owned by support_${database.name.slice(-12)};
      drop role support_${database.name.slice(-12)}`,
      "supabase_admin",
    );

    assert.deepEqual(wrongIn(found), []);
    const notes = found.filter(({ level }) => level === "note")
      .map(({ says }) => says);
    assert.deepEqual(notes, [
      "A policy of yours is on one of our tables (public.interviews: support): users may be able to read more.",
      "On our tables there are objects of yours, which uninstalling removes: column public.interviews.mine, column public.interviews.other, index public.mine, policy public.interviews: nobody, trigger public.interviews: log_it.",
      "The table sessions.of_the_app is not ours. As long as it exists, the schema sessions cannot be removed.",
      notes.at(-1),
    ]);
    assert.match(notes.at(-1) ?? "", /^Nobody is notified, because Realtime/);
  });
});

Deno.test("C5 doctor says nothing of an app that has tables of our names, and never had ours", async () => {
  await withCopyOf("bare", async (database) => {
    await run(
      database,
      `create table public.interviews (id int primary key);
      create schema sessions; create sequence sessions.fence`,
    );

    const found = wrongIn(await databaseFindings(database.url()));

    assert.match(shownAll(found), /not installed in this database/);
    assert.match(shownAll(found), /Rename it: alter table .*interviews/);
  });
});

/** Follows what the findings say, until nothing is wrong. */
async function mend(database: Database, findings: Finding[]) {
  let found = findings;
  for (let round = 1; found.length > 0; round++) {
    assert(round <= 3, `not mended: ${shownAll(found)}`);
    const steps = new Map<string, string | undefined>();
    for (const { todo = "" } of found) {
      const [, other, statements] =
        /Run as postgres(?: or (\w+))?: (.*?;)(?= Then: | Then run | If |$)/
          .exec(todo) ?? [];
      if (statements) steps.set(statements, other);
      assert(statements !== undefined || again.test(todo), todo);
    }
    for (const [statements, role] of steps) {
      await run(database, statements, role);
    }
    const flags = found.map(({ todo }) =>
      /plan((?: --\w+)*) \|/.exec(todo ?? "")?.[1]
    ).find((flags) => flags !== undefined);
    if (flags !== undefined) {
      const chapters = optionalChapters.filter((name: OptionalChapter) =>
        flags.includes(`--${name}`)
      );
      await run(database, installSql(chapters));
    }
    found = wrongIn(await databaseFindings(database.url()))
      // a table that is made again has no rows
      .filter(({ says }) => says !== "The reaper has never run.");
  }
}

async function run(database: Database, steps: string, role?: string) {
  await database.connected((sql) => sql.unsafe(steps).simple(), role);
}

function wrongIn(findings: Finding[]): Finding[] {
  // the health notices some of it, too
  return findings.filter(({ level, says }) =>
    level === "wrong" && !/^(The health cannot|Health: )/.test(says)
  );
}

function shownAll(findings: Finding[]): string {
  return findings.map(({ says, todo }) => `\n${says}\n    ${todo}`).join("");
}

async function ours(database: Database): Promise<CatalogueEntry[]> {
  return JSON.parse(JSON.stringify(
    await database.connected((sql) => plainly(definitions(sql))),
  ));
}

/** Without what the app added, and without the order in which it was made. */
function comparable(
  entries: CatalogueEntry[],
  moves = false,
): Map<string, unknown> {
  return new Map(
    entries
      .filter(({ name }) => !/\bnothing\(\)|\.mine$/.test(name))
      .map((entry) => [
        `${entry.kind} ${entry.name}`,
        {
          ...entry,
          acl: entry.acl?.replace(/[{}]/g, "").split(",").sort(),
          definition: moves && entry.kind === "column"
            ? entry.definition?.replace(/^\d+ /, "")
            : entry.definition,
        },
      ]),
  );
}
