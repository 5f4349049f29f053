// `uninstall`: shows what depends on the component and which data go, then writes a
// migration that removes it, and removes the Edge Function and its section.
import * as fs from "node:fs";
import * as path from "node:path";
import {
  type Change,
  type Consent,
  makeChanges,
  print,
  writeFile,
} from "./changes.ts";
import {
  hasOurImportMap,
  isSectionOurs,
  sectionOf,
  withoutImportMap,
  withoutSection,
} from "./config_section.ts";
import { connected } from "./connection.ts";
import { installedIn } from "./install.ts";
import { uninstallSql } from "./migration.ts";
import { functionName } from "./package_files.ts";
import { Problem } from "./problem.ts";
import {
  findProject,
  functionState,
  nextVersion,
  ourMigrations,
  type Project,
  shownPath,
} from "./project.ts";
import { type InUse, inUse } from "./in_use.ts";

/** Options of `uninstall`. */
export interface UninstallOptions extends Consent {
  workdir: string;
  dbUrl: string | undefined;
}

/** Uninstalls; was everything done that had to be? */
export async function uninstall(o: UninstallOptions): Promise<boolean> {
  const project = findProject(o.workdir);
  const changes = [
    ...migrationChange(project),
    ...functionChange(project),
    ...configChange(project),
  ];
  print(`Project: ${project.root}`);
  for (const note of notesOn(project)) print(`Note: ${note}`);
  if (changes.length === 0) {
    print(
      "There is nothing of interview sessions to remove in this project. " +
        `To remove it from a database by hand: npx interview-sessions plan --uninstall`,
    );
    return true;
  }
  const url = o.dbUrl;
  const found = url === undefined
    ? undefined
    : await connected(url, (sql) => inUse(sql));
  print(`\n${url === undefined ? unknown : report(found)}\n`);
  if (found && found.dependants.length > 0) {
    throw new Problem(
      "The database would refuse the migration. Nothing was written.",
    );
  }
  print("Removing interview sessions from the project:\n");
  if (!await makeChanges(changes, o)) return o.dryRun;
  print(
    `Done. Next:\n  supabase db push\n  supabase functions delete ` +
      `${functionName}\nand stop the schedule that calls the reaper.`,
  );
  return true;
}

const unknown =
  `The migration deletes all live sessions, the history, interviews, settings and
operators' notes. It is refused, and changes nothing, while something of the app
depends on them. With --db-url, rows and dependent objects are listed here.`;

function report(found: InUse | undefined): string {
  if (!found) return "The component is not installed in this database.";
  const { rows, dependants, goingAlong } = found;
  return [
    "In the database, these rows will be deleted:",
    ...rows.map(({ table, count }) => `  ${`${count}`.padStart(8)}  ${table}`),
    ...(goingAlong.length > 0
      ? [
        "These objects of the app are on our tables and will be dropped with them:",
        ...goingAlong.map((name) => `  ${name}`),
      ]
      : []),
    ...(dependants.length > 0
      ? [
        "These objects of the app depend on it. Change or drop them first. Do not use " +
        "CASCADE: dropping a policy or a trigger leaves its table unguarded.",
        ...dependants.map((name) => `  ${name}`),
      ]
      : ["No object of the app depends on it."]),
  ].join("\n");
}

function migrationChange(project: Project): Change[] {
  const installed = installedIn(ourMigrations(project));
  if (!installed) return [];
  const file = path.join(
    project.migrations,
    `${nextVersion(project)}_uninstall_interview_sessions.sql`,
  );
  return [{
    says: `write   ${shownPath(project, file)}`,
    make: () => writeFile(file, uninstallSql(installed.optional)),
  }];
}

function functionChange(project: Project): Change[] {
  if (functionState(project).kind !== "ours") return [];
  return [{
    says: `remove  ${shownPath(project, project.functionFolder)}/`,
    make: () => fs.rmSync(project.functionFolder, { recursive: true }),
  }];
}

function configChange(project: Project): Change[] {
  const text = fs.readFileSync(project.config, "utf8");
  const edit = (what: string, edited: string): Change[] => [{
    says: `edit    ${shownPath(project, project.config)}: ` +
      `[functions.${functionName}] ${what}`,
    make: () => fs.writeFileSync(project.config, edited),
  }];
  if (isSectionOurs(text)) return edit("is removed", withoutSection(text));
  return losesImportMap(project, text)
    ? edit("loses our import_map", withoutImportMap(text))
    : [];
}

/** Where the section stays, the import map may not name a file that is removed. */
function losesImportMap(project: Project, text: string): boolean {
  return !isSectionOurs(text) && hasOurImportMap(text) &&
    functionState(project).kind !== "changed";
}

function notesOn(project: Project): string[] {
  const text = fs.readFileSync(project.config, "utf8");
  return [
    ...(functionState(project).kind === "changed"
      ? [
        `${shownPath(project, project.functionFolder)} was changed after it ` +
        `was written: it is left as it is.`,
      ]
      : []),
    ...(sectionOf(text) !== undefined && !isSectionOurs(text)
      ? [
        `[functions.${functionName}] in config.toml is not only what install ` +
        `writes: it is left ` +
        (losesImportMap(project, text)
          ? "there, without our import_map."
          : "as it is."),
      ]
      : []),
  ];
}
