// What `doctor` finds in a database. It only reads, in a read-only transaction.
import type postgres from "postgres";
import { connected } from "../connection.ts";
import { optionalChapters, packageVersion } from "../package_files.ts";
import { installedOptional, preflightFindings } from "../preflight.ts";
import { secretVariable } from "../secrets.ts";
import { isNewer } from "../versions.ts";
import { type Expected, expected, normalised } from "./expected.ts";
import { applyAgain, type Finding, note, ok, wrong } from "./finding.ts";

const apiRoles = ["anon", "authenticated", "service_role"];

/** Looks into a database as the role of the connection string. */
export async function databaseFindings(url: string): Promise<Finding[]> {
  return await connected(url, async (sql, notices) => {
    const version = await installedVersion(sql);
    const optional = await installedOptional(sql);
    const obstacles = (await preflightFindings(sql, notices, optional))
      .filter(({ says }) => !says.startsWith("The installed version"));
    if (version === undefined) {
      return [
        wrong(
          "Interview sessions are not installed in this database.",
          "In the project: npx interview-sessions install, then supabase db push.",
        ),
        ...obstacles,
      ];
    }
    return await sql.begin("read only", async (sql) => {
      const found = { sql, expected: expected() };
      const comparable = version === packageVersion;
      return [
        versionFinding(version),
        ...obstacles,
        ...(comparable
          ? [
            ...await functionFindings(found),
            ...await tableFindings(found),
            ...await grantFindings(found),
          ]
          : [
            note(
              "Functions, tables and grants were not compared, because the versions differ.",
            ),
          ]),
        ...await exposureFindings(sql),
        ...await healthFindings(sql),
      ];
    });
  });
}

interface Found {
  sql: postgres.TransactionSql;
  expected: Expected;
}

async function installedVersion(
  sql: postgres.Sql,
): Promise<string | undefined> {
  const [row] = await sql<{ isThere: boolean }[]>`
    select
      to_regprocedure('sessions.version()') is not null
      and to_regclass('sessions.fence') is not null as "isThere"`;
  if (!row?.isThere) return undefined;
  const [answer] = await sql<{ version: string }[]>`
    select sessions.version() as version`;
  return answer?.version;
}

function versionFinding(version: string): Finding {
  if (version === packageVersion) return ok(`Version ${version} is installed.`);
  const isOlder = isNewer(packageVersion, version);
  return wrong(
    `Version ${version} is installed, and this package is ${packageVersion}.`,
    isOlder
      ? "To upgrade: npx interview-sessions install, then supabase db push."
      : "Use the newer package: npx interview-sessions@latest doctor.",
  );
}

interface FunctionRow {
  name: string;
  signature: string;
  body: string;
  securityDefiner: boolean;
  volatility: string;
  config: string[] | null;
  grantees: string[];
}

async function functionFindings(
  { sql, expected }: Found,
): Promise<Finding[]> {
  const rows = await sql<FunctionRow[]>`
    select
      n.nspname || '.' || p.proname as name,
      p.oid::regprocedure::text as signature,
      p.prosrc as body,
      p.prosecdef as "securityDefiner",
      p.provolatile as volatility,
      p.proconfig as config,
      array(
        select r.rolname::text from pg_roles r
        where r.rolname = any (${apiRoles})
          and has_function_privilege(r.oid, p.oid, 'execute')
        order by r.rolname
      ) as grantees
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'sessions'
      or n.nspname = 'public' and p.proname = any (${
    expected.functions.filter(({ name }) => name.startsWith("public."))
      .map(({ name }) => name.slice("public.".length))
  })`;
  // beside ours there may be a function of the app's with other arguments, which the
  // preflight names
  const there = new Map(
    [...rows].sort((a, b) => Number(callsOurs(a)) - Number(callsOurs(b)))
      .map((row) => [row.name, row]),
  );
  const installed = [...byChapter(expected)].filter(([, made]) =>
    made.some(({ name }) => there.has(name))
  );
  const wanted = installed.flatMap(([, made]) => made);
  const missing = wanted.filter(({ name }) => !there.has(name));
  const edited = wanted.flatMap((made) => {
    const row = there.get(made.name);
    const how = row && difference(row, made);
    return how
      ? [
        wrong(
          `The function ${row.signature} differs from this version: ${how}.`,
          applyAgain,
        ),
      ]
      : [];
  });
  const grants = wanted.flatMap((made) => {
    const row = there.get(made.name);
    if (!row) return [];
    const wantedRoles = [...made.grantees].sort();
    const same = JSON.stringify(row.grantees) === JSON.stringify(wantedRoles);
    return same ? [] : [
      wrong(
        `The function ${row.signature} may be executed by ${
          listed(row.grantees)
        }, and should be executable by ${listed(wantedRoles)}.`,
        applyAgain,
      ),
    ];
  });
  const known = new Set(expected.functions.map(({ name }) => name));
  const others = rows.filter(({ name }) =>
    name.startsWith("sessions.") && !known.has(name)
  );
  return [
    ok(`Chapters: ${chapterNames(installed.map(([name]) => name))}.`),
    ...missing.map(({ name }) =>
      wrong(`The function ${name} is missing.`, applyAgain)
    ),
    ...edited,
    ...grants,
    ...(missing.length + edited.length + grants.length === 0
      ? [
        ok(
          `All ${wanted.length} functions are those of this version, with its grants.`,
        ),
      ]
      : []),
    ...others.map(({ signature }) =>
      note(
        `The function ${signature} is not ours. As long as it exists, the schema sessions cannot be removed.`,
      )
    ),
  ];
}

function chapterNames(installed: string[]): string {
  const optional: string[] = [...optionalChapters];
  return ["core", ...installed.filter((name) => optional.includes(name))]
    .join(", ");
}

function callsOurs({ name, body }: FunctionRow): boolean {
  return body.includes(`${name.replace("public.", "sessions.")}(`);
}

// not Map.groupBy: Node 20 has none
function byChapter({ functions }: Expected) {
  const groups = new Map<string, Expected["functions"]>();
  for (const made of functions) {
    groups.set(made.chapter, [...groups.get(made.chapter) ?? [], made]);
  }
  return groups;
}

function difference(
  row: FunctionRow,
  made: Expected["functions"][number],
): string | undefined {
  if (normalised(row.body) !== made.body) return "its body was edited";
  if (row.securityDefiner !== made.securityDefiner) {
    return row.securityDefiner
      ? "it is security definer"
      : "it is security invoker";
  }
  if (row.volatility !== made.volatility) return "its volatility was changed";
  const config = [...row.config ?? []].map((text) => text.replaceAll('"', ""))
    .sort();
  if (JSON.stringify(config) !== JSON.stringify(made.config)) {
    return `it is set to ${listed(config)}`;
  }
  return undefined;
}

async function tableFindings({ sql, expected }: Found): Promise<Finding[]> {
  const [row] = await sql<Record<string, string[]>[]>`
    select
      array(
        select format('%s.%s.%s', n.nspname, c.relname, a.attname)
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('public', 'sessions') and a.attnum > 0 and not a.attisdropped
      ) as columns,
      array(
        select format('%s.%s.%s', n.nspname, c.relname, o.conname)
        from pg_constraint o
        join pg_class c on c.oid = o.conrelid
        join pg_namespace n on n.oid = c.relnamespace
        where o.convalidated
      ) as constraints,
      array(
        select format('%s.%s: %s', n.nspname, c.relname, p.polname)
        from pg_policy p
        join pg_class c on c.oid = p.polrelid
        join pg_namespace n on n.oid = c.relnamespace
        where c.relrowsecurity
      ) as policies,
      array(
        select format('%s.%s: %s', n.nspname, c.relname, t.tgname)
        from pg_trigger t
        join pg_class c on c.oid = t.tgrelid
        join pg_namespace n on n.oid = c.relnamespace
        where t.tgenabled <> 'D' and not t.tgisinternal
      ) as triggers`;
  const lacking = (["columns", "constraints", "policies", "triggers"] as const)
    .flatMap((kind) =>
      expected[kind].filter((name) => !row?.[kind]?.includes(name))
        .map((name) =>
          wrong(
            {
              columns: `The column ${name} is missing.`,
              constraints: `The constraint ${name} is missing or not valid.`,
              policies:
                `The policy ${name} is missing, or row level security is off.`,
              triggers: `The trigger ${name} is missing or disabled.`,
            }[kind],
            kind === "constraints"
              ? "Add it again, as the table's definition in npx interview-sessions plan has it."
              : applyAgain,
          )
        )
    );
  const others = (row?.policies ?? []).filter((policy) =>
    [...expected.readers.keys()].some((table) =>
      policy.startsWith(`${table}: `)
    ) && !expected.policies.includes(policy)
  );
  return [
    ...lacking,
    ...(lacking.length === 0
      ? [
        ok(
          "All tables have their columns, constraints, policies and triggers.",
        ),
      ]
      : []),
    ...others.map((policy) =>
      note(
        `A policy of yours is on one of our tables (${policy}): users may be able to read more.`,
      )
    ),
  ];
}

async function grantFindings({ sql, expected }: Found): Promise<Finding[]> {
  const rows = await sql<
    { name: string; role: string; privileges: string[] }[]
  >`
    select
      format('%s.%s', n.nspname, c.relname) as name,
      r.rolname as role,
      array(
        select p from unnest(
          case c.relkind
            when 'S' then array['usage', 'select', 'update']
            else array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']
          end
        ) p
        where case c.relkind
          when 'S' then has_sequence_privilege(r.oid, c.oid, p)
          else has_table_privilege(r.oid, c.oid, p)
        end
      ) as privileges
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join pg_roles r
    where r.rolname = any (${apiRoles})
      and c.relkind in ('r', 'S')
      and (
        n.nspname = 'sessions'
        or n.nspname = 'public' and c.relname = any (${
    [...expected.readers.keys()].map((name) => name.replace("public.", ""))
  })
      )
    order by 1, 2`;
  const differing = rows.flatMap(({ name, role, privileges }) => {
    const wanted = expected.readers.get(name)?.includes(role) ? ["select"] : [];
    return JSON.stringify(privileges) === JSON.stringify(wanted) ? [] : [
      wrong(
        `The role ${role} has ${
          listed(privileges)
        } on ${name}, and should have ${listed(wanted)}.`,
        applyAgain,
      ),
    ];
  });
  if (differing.length > 0) return differing;
  return [
    ok(
      "The API roles can read the tables that they should, and write none.",
    ),
  ];
}

/** The schema with the logic must not be exposed by the API. */
async function exposureFindings(
  sql: postgres.TransactionSql,
): Promise<Finding[]> {
  const rows = await sql<{ schemas: string }[]>`
    select substr(s.setting, length('pgrst.db_schemas=') + 1) as schemas
    from pg_db_role_setting r
    cross join unnest(r.setconfig) s (setting)
    where s.setting like 'pgrst.db_schemas=%'`;
  return rows.filter(({ schemas }) =>
    schemas.split(",").map((name) => name.trim()).includes("sessions")
  ).map(() =>
    wrong(
      "The API exposes the schema sessions.",
      "Take it out of the exposed schemas (Settings, API): clients call the functions in public.",
    )
  );
}

interface HealthRow {
  status: string;
  reason: string;
  age: string | null;
  live: string;
  stale: string;
  runs: string;
  every: string | null;
}

async function healthFindings(
  sql: postgres.TransactionSql,
): Promise<Finding[]> {
  const [row] = await sql<HealthRow[]>`
    select
      h.status, h.reason, date_trunc('second', h.last_reap_age)::text as age,
      h.live::text, h.stale::text,
      (select count(*)::text from sessions.reaper_runs where ran_at > now() - interval '1 hour') as runs,
      (select reap_every::text from sessions.settings) as every
    from public.session_health() h`;
  if (!row) return [wrong("session_health() returns no row.", applyAgain)];
  const { status, reason, age, live, stale, runs, every } = row;
  const sessions = `${live} live and ${stale} stale sessions`;
  const reaper = age === null
    ? wrong(
      "The reaper has never run.",
      `Let a schedule run this every ${every}, with SUPABASE_URL and ${secretVariable} in its environment: ` +
        `npx --yes interview-sessions@${packageVersion} reap`,
    )
    : ok(
      `The reaper last ran ${age} ago. Runs in the last hour: ${runs}; expected: one every ${every}.`,
    );
  if (status === "ok") {
    return [reaper, ok(`Health: ok, ${sessions}. ${reason}`)];
  }
  // said already
  if (age === null && status === "warning") return [reaper];
  return [
    reaper,
    wrong(
      `Health: ${status}, ${sessions}. ${reason}`,
      "The figures: select * from session_health();",
    ),
  ];
}

function listed(names: string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}
