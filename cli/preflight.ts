// Runs the preflight of the migration on a database before there is a migration. The
// Supabase CLI shows its refusals, but not its notices.
import postgres from "postgres";
import { type Finding, note, ok, wrong } from "./doctor/finding.ts";
import {
  chapters,
  type OptionalChapter,
  optionalChapters,
} from "./package_files.ts";
import { definitions, nameOf } from "./doctor/definitions.ts";

/**
 * What the migration with these chapters would refuse, and what would happen to rows
 * of the app.
 */
export async function preflightFindings(
  sql: postgres.Sql,
  notices: string[],
  optional: readonly OptionalChapter[],
): Promise<Finding[]> {
  const [preflight] = chapters([]);
  const wanted = ["core", ...optional].join(", ");
  try {
    await sql.begin("read only", async (sql) => {
      // as the migration sets them
      await sql`
        select
          set_config('interview_sessions.chapters', ${wanted}, true),
          set_config('standard_conforming_strings', 'on', true)`;
      await sql.unsafe(preflight?.sql ?? "").simple();
    });
    return [
      ok("This version's migration can be applied: no name clashes."),
      ...notices.splice(0).map((notice) => note(notice)),
    ];
  } catch (error) {
    if (!(error instanceof postgres.PostgresError) || error.code !== "55000") {
      throw error;
    }
    return [...error.message.matchAll(/^ {2}\d+\. (.*)$/gm)]
      .map(([, finding = ""]) => inTwo(finding));
  }
}

/** The optional chapters that are in the database. */
export async function installedOptional(
  sql: postgres.Sql,
): Promise<OptionalChapter[]> {
  const rows = await sql<{ name: string }[]>`
    select n.nspname || '.' || p.proname as name
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'sessions'`;
  const there = new Set(rows.map(({ name }) => name));
  return optionalChapters.filter((optional) =>
    definitions().some(({ chapter, kind, name }) =>
      chapter === optional && kind === "function" && there.has(nameOf(name))
    )
  );
}

/** A finding of the preflight: what is wrong, and what to do. */
function inTwo(finding: string): Finding {
  const [, what = finding, todo = "See above."] =
    /^(.*?[.:]) ((?:Rename|Move|Drop|Revoke|Take|Delete|Apply|Upgrade|Use)\b.*)$/
      .exec(finding) ?? [];
  return wrong(what, todo);
}
