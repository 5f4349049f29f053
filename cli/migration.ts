// The migrations that are written into a project: all chapters in one file and one
// transaction. Their first lines say which version they bring.
import {
  chapters,
  hashOf,
  type OptionalChapter,
  optionalChapters,
  packageVersion,
  rollbackSql,
} from "./package_files.ts";

/** A migration of ours, as its first lines describe it. */
export interface MigrationHeader {
  /** What it does. */
  kind: "install" | "uninstall";
  /** The version that it brings or removes. */
  version: string;
  /** The optional chapters in it. */
  optional: OptionalChapter[];
  /** The hash of what was written after the header. */
  written: string;
  /** The hash of what is there now. */
  found: string;
}

const headerPattern =
  /^-- Interview sessions (\d+\.\d+\.\d+): (install|uninstall)\. Chapters: ([\w, ]+)\. Hash: ([0-9a-f]+)\.\r?\n([\s\S]*)$/;

/** The SQL that installs the package's version, or upgrades to it. */
export function installSql(optional: readonly OptionalChapter[]): string {
  const names = chapterNames(optional);
  const sql = chapters(optional).map(({ name, sql }) =>
    `-- ${`Chapter: ${name} `.padEnd(117, "-")}\n\n${sql.trimEnd()}\n`
  );
  return withHeader(
    "install",
    names,
    [
      `-- Written by "npx interview-sessions install" and not meant to be edited: the next version comes as a migration of its
-- own. It brings an empty database and every released version to this version. To apply it by hand, run it as postgres: in
-- the SQL editor, or psql -v ON_ERROR_STOP=1 -f.

begin;

-- The patterns in the SQL contain backslashes.
set local standard_conforming_strings = on;
-- The preflight checks the names of these chapters.
set local interview_sessions.chapters = '${names}';

-- Some clients go on after an error, as psql does with ON_ERROR_ROLLBACK. They must not apply what the preflight refuses: the
-- commit runs the query of this cursor and fails, unless the preflight has closed it.
set local interview_sessions.commit = 'refused by the preflight';
declare interview_sessions_preflight cursor with hold for
  select current_setting('interview_sessions.commit')::boolean;
`,
      ...sql.slice(0, 1),
      lockTables,
      ...sql.slice(1),
      "commit;\n",
    ].join("\n\n"),
  );
}

/** The SQL that removes the component. */
export function uninstallSql(optional: readonly OptionalChapter[]): string {
  return withHeader(
    "uninstall",
    chapterNames(optional),
    `-- Written by "npx interview-sessions uninstall".\n${
      withoutForgetting(rollbackSql())
    }`,
  );
}

/** The part of the SQL that refuses while something of the app depends on ours. */
export function removalCheck(): string {
  const [check] = /^do \$\$\ndeclare\n {2}v_functions[\s\S]*?\n\$\$;$/m
    .exec(rollbackSql()) ?? [];
  if (check === undefined) {
    throw new Error("scripts/rollback.sql has changed its form.");
  }
  return check;
}

/** What the first lines of a migration say; undefined if it is not ours. */
export function headerOf(text: string): MigrationHeader | undefined {
  const [, version, kind, names, written, rest] = headerPattern.exec(text) ??
    [];
  if (
    version === undefined || names === undefined || written === undefined ||
    rest === undefined
  ) return undefined;
  return {
    kind: kind === "install" ? "install" : "uninstall",
    version,
    optional: optionalChapters.filter((name) =>
      names.split(", ").includes(name)
    ),
    written,
    found: hashOf(rest),
  };
}

/**
 * Takes the tables without waiting while it holds some of them: waiting could end
 * in a deadlock with calls that hold others.
 */
const lockTables =
  `-- All tables at once, before anything else: calls that are under way hold some of them and want others, so waiting for one
-- while holding another could deadlock with them.
do $$
declare
  v_tables text := (
    select string_agg(c.oid::regclass::text, ', ' order by c.oid)
    from pg_catalog.pg_class c
    where c.relkind = 'r'
      and (
        c.relnamespace = to_regnamespace('sessions')
        or c.relnamespace = 'public'::regnamespace
          and c.relname in ('active_interview_sessions', 'interview_session_history', 'interviews')
      )
  );
  v_until timestamptz := clock_timestamp() + interval '5 seconds';
begin
  while v_tables is not null loop
    begin
      execute format('lock table %s in access exclusive mode nowait', v_tables);
      exit;
    exception
      when lock_not_available then
        if clock_timestamp() > v_until then
          raise;
        end if;
        perform pg_sleep(0.005);
    end;
  end loop;
end
$$;
`;

function withHeader(kind: string, names: string, rest: string): string {
  return `-- Interview sessions ${packageVersion}: ${kind}. Chapters: ${names}. ` +
    `Hash: ${hashOf(rest)}.\n${rest}`;
}

function chapterNames(optional: readonly OptionalChapter[]): string {
  return ["core", ...optional].join(", ");
}

/**
 * A migration that removes the component is itself remembered as applied, and so
 * are those that installed it: it must not have them forgotten.
 */
function withoutForgetting(sql: string): string {
  const pattern =
    /-- So that supabase db push knows[^\n]*\ndo \$\$[\s\S]*?\n\$\$;\n+/;
  if (!pattern.test(sql)) {
    throw new Error("scripts/rollback.sql has changed its form.");
  }
  return sql.replace(pattern, "")
    .replace(/^-- Afterwards supabase db push would apply[^\n]*\n/m, "");
}
