// `install`: writes the migration, the Edge Function and the section of config.toml
// into a Supabase project; again, with a newer package, it upgrades.
import * as fs from "node:fs";
import * as path from "node:path";
import {
  type Change,
  type Consent,
  makeChanges,
  print,
  writeFile,
} from "./changes.ts";
import { sectionOf, withSection } from "./config_section.ts";
import { connected } from "./connection.ts";
import { shown } from "./doctor/finding.ts";
import { headerOf, installSql } from "./migration.ts";
import {
  functionFiles,
  functionName,
  type OptionalChapter,
  optionalChapters,
  packageVersion,
} from "./package_files.ts";
import { preflightFindings } from "./preflight.ts";
import { Problem } from "./problem.ts";
import {
  filesHash,
  findProject,
  functionStamp,
  functionState,
  nextVersion,
  type OurMigration,
  ourMigrations,
  type Project,
  shownPath,
} from "./project.ts";

import { isNewer, newSince } from "./versions.ts";

/** Options of `install`. */
export interface InstallOptions extends Consent {
  workdir: string;
  /** Chapters to add; those that are installed stay. */
  optional: OptionalChapter[];
  /** A database to ask first whether it would accept the migration. */
  dbUrl: string | undefined;
  /** Overwrite an Edge Function that was changed? */
  overwrite: boolean;
}

/** Installs or upgrades; was everything done that had to be? */
export async function install(o: InstallOptions): Promise<boolean> {
  const project = findProject(o.workdir);
  const ours = ourMigrations(project);
  const last = installedIn(ours);
  const optional = optionalChapters.filter((name) =>
    o.optional.includes(name) || last?.optional.includes(name)
  );
  const before = last && await isRemoved(o.dbUrl, last) ? undefined : last;
  const changes = [
    ...migrationChange(project, before, optional),
    ...functionChanges(project, o),
    ...configChange(project),
  ];
  const notes = notesOn(project, ours, o);
  print(`Project: ${project.root}`);
  for (const note of notes) print(`Note: ${note}`);
  if (last && !before) {
    print(
      `Note: ${
        shownPath(project, last.file)
      } was applied to the database, and ` +
        `what it made was removed since: it is written again.`,
    );
  }
  if (changes.length === 0) {
    print(
      `Interview sessions ${packageVersion} is already in this project: ` +
        `nothing to do.`,
    );
    return true;
  }
  if (o.dbUrl !== undefined) await askFirst(o.dbUrl, optional);
  const news = before && newSince(before.version);
  if (news) print(`\nNew since ${before.version}:\n\n${news}`);
  print(`\n${heading(before)}\n`);
  if (!await makeChanges(changes, o)) return o.dryRun;
  print(nextSteps(changes));
  return true;
}

/**
 * Was the migration applied to the database, and what it made removed by hand? The
 * Supabase CLI would not apply it again.
 */
async function isRemoved(
  url: string | undefined,
  { file }: OurMigration,
): Promise<boolean> {
  if (url === undefined) return false;
  const version = /^\d+/.exec(path.basename(file))?.[0] ?? "";
  return await connected(url, async (sql) => {
    const [row] = await sql<{ isThere: boolean; isRemembered: boolean }[]>`
      select
        to_regclass('sessions.fence') is not null as "isThere",
        to_regclass('supabase_migrations.schema_migrations') is not null as "isRemembered"`;
    if (!row || row.isThere || !row.isRemembered) return false;
    const applied = await sql`
      select from supabase_migrations.schema_migrations m
      where m.version = ${version}`;
    return applied.length > 0;
  });
}

/** Refuses if the database would; shows what would become of the app's rows. */
async function askFirst(url: string, optional: OptionalChapter[]) {
  const findings = await connected(
    url,
    (sql, notices) => preflightFindings(sql, notices, optional),
  );
  print("In the database:");
  for (const finding of findings) print(shown(finding));
  if (findings.some(({ level }) => level === "wrong")) {
    throw new Problem("The database would refuse it. Nothing was written.");
  }
}

function heading(installed: OurMigration | undefined): string {
  if (!installed) return `Installing interview sessions ${packageVersion}:`;
  if (installed.version === packageVersion) {
    return `Completing interview sessions ${packageVersion}:`;
  }
  return `Upgrading interview sessions from ${installed.version} to ` +
    `${packageVersion}:`;
}

function migrationChange(
  project: Project,
  installed: OurMigration | undefined,
  optional: OptionalChapter[],
): Change[] {
  if (installed && isNewer(installed.version, packageVersion)) {
    throw new Problem(
      `This project has version ${installed.version}, and this package is ` +
        `${packageVersion}, which would undo what has changed since. ` +
        `Use the newer package: npx interview-sessions@latest install`,
    );
  }
  const sql = installSql(optional);
  if (installed && headerOf(sql)?.written === installed.written) return [];
  const verb = installed
    ? `${
      installed.version === packageVersion ? "complete" : "upgrade"
    }_interview_sessions`
    : "install_interview_sessions";
  const file = path.join(
    project.migrations,
    `${nextVersion(project)}_${verb}_${
      packageVersion.replaceAll(".", "_")
    }.sql`,
  );
  return [{
    says: `write   ${shownPath(project, file)}` +
      (optional.length > 0 ? ` (with ${optional.join(", ")})` : ""),
    make: () => writeFile(file, sql),
  }];
}

function functionChanges(project: Project, o: InstallOptions): Change[] {
  const files = functionFiles();
  const hash = filesHash(files);
  const state = functionState(project);
  if (state.kind === "ours" && state.hash === hash) return [];
  if (state.kind === "changed" && !o.overwrite) return [];
  const kept = files.map(({ name }) => name);
  const changes: Change[] = files.map(({ name, text }) => {
    const file = path.join(project.functionFolder, name);
    const stamp = name === "index.ts"
      ? functionStamp(packageVersion, hash)
      : "";
    return {
      says: `${fs.existsSync(file) ? "replace" : "write  "} ${
        shownPath(project, file)
      }`,
      make: () => writeFile(file, stamp + text),
    };
  });
  // files of an earlier version; the user's own are never removed
  const old = state.kind === "ours"
    ? fs.readdirSync(project.functionFolder).filter((name) =>
      !kept.includes(name)
    )
    : [];
  return [
    ...changes,
    ...old.map((name) => {
      const file = path.join(project.functionFolder, name);
      return {
        says: `remove  ${shownPath(project, file)}`,
        make: () => fs.rmSync(file),
      };
    }),
  ];
}

function configChange(project: Project): Change[] {
  const text = fs.readFileSync(project.config, "utf8");
  const edited = withSection(text);
  if (edited === text) return [];
  const before = sectionOf(text);
  return [{
    says: `edit    ${shownPath(project, project.config)}: ` +
      `[functions.${functionName}] ` +
      (before === undefined
        ? "is added"
        : `gets verify_jwt = false and import_map (it has ${
          JSON.stringify(before)
        })`),
    make: () => fs.writeFileSync(project.config, edited),
  }];
}

/** What the user should know, though nothing is done about it. */
function notesOn(
  project: Project,
  ours: OurMigration[],
  o: InstallOptions,
): string[] {
  const edited = ours.filter(({ written, found }) => written !== found);
  const state = functionState(project);
  const section = sectionOf(fs.readFileSync(project.config, "utf8"));
  return [
    ...(section?.enabled === false
      ? [
        `[functions.${functionName}] in config.toml has enabled = false: the ` +
        `Supabase CLI does not deploy the function until you remove that.`,
      ]
      : []),
    ...edited.map(({ file }) =>
      `${shownPath(project, file)} was edited after it was written. It is ` +
      `left as it is; "doctor" says whether the database differs.`
    ),
    ...(state.kind === "changed"
      ? [
        `${shownPath(project, project.functionFolder)} is not as this ` +
        `command wrote it (${state.files.join(", ")}). ` +
        (o.overwrite
          ? "Its files are replaced, as --overwrite says."
          : "It is left as it is; --overwrite replaces it."),
      ]
      : []),
  ];
}

/** The last migration that installs, unless a later one uninstalls. */
export function installedIn(ours: OurMigration[]): OurMigration | undefined {
  const last = ours.at(-1);
  return last?.kind === "install" ? last : undefined;
}

function nextSteps(changes: Change[]): string {
  const has = (part: string) => changes.some(({ says }) => says.includes(part));
  return [
    "Done. Next:",
    ...(has("supabase/migrations/") ? ["  supabase db push"] : []),
    ...(has("supabase/functions/") || has("config.toml")
      ? [`  supabase functions deploy ${functionName}`]
      : []),
    "  npx interview-sessions doctor --db-url … --url …",
    "and let a schedule call the reaper every minute: npx interview-sessions reap",
  ].join("\n");
}
