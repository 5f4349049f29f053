// What `doctor` finds in a database. It only reads, in read-only transactions.
import postgres from "postgres";
import { connected } from "../connection.ts";
import { packageVersion } from "../package_files.ts";
import { installedOptional, preflightFindings } from "../preflight.ts";
import { secretVariable } from "../secrets.ts";
import { isNewer } from "../versions.ts";
import { catalogueOf } from "./catalogue.ts";
import { chapterFindings } from "./chapters.ts";
import { definitions, namesInPublic } from "./definitions.ts";
import { comparison } from "./comparison.ts";
import { differences } from "./differences.ts";
import { applyAgain, type Finding, note, ok, wrong } from "./finding.ts";
import { remainsFinding } from "./remains.ts";

/** Looks into a database as the role of the connection string. */
export async function databaseFindings(url: string): Promise<Finding[]> {
  return await connected(url, async (sql, notices) => {
    const version = await installedVersion(sql);
    if (version === undefined) {
      const remains = await sql.begin("read only", remainsFinding);
      if (remains) return [remains];
    }
    const optional = await installedOptional(sql);
    const obstacles = (await preflightFindings(sql, notices, optional))
      .filter(({ says }) => !says.startsWith("The installed version"));
    if (version === undefined) {
      return [
        wrong(
          "Interview sessions are not installed in this database.",
          "In the project: npx interview-sessions install --db-url …, then supabase db push.",
        ),
        ...obstacles,
      ];
    }
    return await sql.begin("read only", async (sql) => {
      const compared = version === packageVersion ? await differencesIn(sql) : [
        note(
          "Functions, tables and grants were not compared, because the versions differ.",
        ),
      ];
      return [
        versionFinding(version),
        ...withoutOwners(obstacles, compared),
        ...compared,
        ...await exposureFindings(sql),
        ...await readable(sql, healthFindings, applyAgain(optional)),
        ...await readable(
          sql,
          (sql) => chapterFindings(sql, optional),
          applyAgain(optional),
        ),
      ];
    });
  });
}

async function differencesIn(
  sql: postgres.TransactionSql,
): Promise<Finding[]> {
  const found = await catalogueOf(sql, namesInPublic());
  return differences(comparison(found, definitions()));
}

/** Other owners are named one by one in the comparison. */
function withoutOwners(obstacles: Finding[], compared: Finding[]): Finding[] {
  if (!compared.some(({ says }) => / belongs to /.test(says))) return obstacles;
  return obstacles.filter(({ says }) =>
    !says.startsWith("Installed objects belong to other roles")
  );
}

/** An installation that is damaged may not answer. */
async function readable(
  sql: postgres.TransactionSql,
  findings: (sql: postgres.TransactionSql) => Promise<Finding[]>,
  again: string,
): Promise<Finding[]> {
  try {
    return await sql.savepoint(findings);
  } catch (error) {
    // the role of --db-url, or the connection: not the installation's fault
    if (!(error instanceof postgres.PostgresError)) throw error;
    if (error.code === "42501") throw error;
    return [
      wrong(
        `The health cannot be read: ${error.message} (${error.code}).`,
        `Mend what is said above; if nothing is: ${again}`,
      ),
    ];
  }
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

/** The schema with the logic must not be exposed by the API. */
async function exposureFindings(
  sql: postgres.TransactionSql,
): Promise<Finding[]> {
  const rows = await sql<{ schemas: string }[]>`
    select substr(s.setting, length('pgrst.db_schemas=') + 1) as schemas
    from pg_db_role_setting r
    cross join unnest(r.setconfig) s (setting)
    where s.setting like 'pgrst.db_schemas=%'
      and r.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))`;
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
  if (!row) {
    return [wrong("session_health() returns no row.", applyAgain([]))];
  }
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
