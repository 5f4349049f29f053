// The pgTAP files, each in a copy of the migrated database. A project may grant
// the API roles everything by default, or nothing: the migrations must leave the
// same objects with the same privileges either way. That is compared object by
// object, so that only the tests of privileges have to be repeated.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../stack/paths.ts";
import type { PostgresMajor } from "../../stack/postgres.ts";
import { catalogue, type CatalogueEntry } from "../catalogue.ts";
import { migrated, type Template, usualMajor } from "../databases.ts";
import { filesBelow } from "../files.ts";
import {
  check,
  nothing,
  type Outcome,
  type Part,
  type Run,
  suiteOn,
} from "../part.ts";
import { runPgtapFile } from "../pgtap.ts";

/** Where the pgTAP files are. */
export const pgtapFolder = "supabase/tests/database";

/** The pgTAP files. */
export function pgtapFiles(): string[] {
  return filesBelow(pgtapFolder, ".test.sql");
}

/** The tests of who may do what. */
const privilegesFolder = `${pgtapFolder}/privileges/`;

/** Every pgTAP file, and with no default privileges those of the privileges. */
export function databaseSuites(major: PostgresMajor = usualMajor): Part[] {
  const granted: Template = { ...migrated, major };
  const revoked: Template = { ...granted, defaultPrivileges: "revoked" };
  const suite = "database (no default privileges)";
  return [
    ...filesOn("database", granted),
    check(suiteOn(suite, major), "the same objects with the same privileges", {
      needs: [granted, revoked],
      run: (run) => compareTemplates(run, granted, revoked),
    }),
    ...filesOn(suite, revoked)
      .filter(({ file }) => file?.startsWith(privilegesFolder)),
  ];
}

/** The two differ in the default privileges and in nothing else. */
async function compareTemplates(run: Run, one: Template, other: Template) {
  const [ones, others] = await Promise.all(
    [one, other].map((template) =>
      run.withDatabase(
        template,
        async (database) =>
          Map.groupBy(
            await database.connected(catalogue),
            ({ kind }: CatalogueEntry) =>
              kind === "default privileges" ? "defaults" : "objects",
          ),
      )
    ),
  );
  assert(ones.get("objects")?.some(({ name }) => name === "sessions"));
  assert.deepEqual(ones.get("objects"), others.get("objects"));
  assert.notDeepEqual(ones.get("defaults"), others.get("defaults"));
}

function filesOn(suite: string, template: Template): Part[] {
  return pgtapFiles().map((file) => ({
    suite: suiteOn(suite, template.major),
    name: file.slice(pgtapFolder.length + 1),
    file,
    needs: [template],
    run: (run) => runFile(run, file, template),
  }));
}

async function runFile(
  run: Run,
  file: string,
  template: Template,
): Promise<Outcome> {
  const result = await run.withDatabase(
    template,
    (database) => runPgtapFile(database.url(), join(repositoryRoot, file)),
  );
  const { passed, skipped } = result;
  // a file can fail as a whole without a failed assertion
  const failed = result.ok ? 0 : Math.max(result.failed, 1);
  return {
    ...nothing,
    passed,
    failed,
    skipped,
    ...(skipped > 0 && { reason: skips(result.tap).join("; ") }),
    details: failed > 0
      ? [...failures(result.tap), ...inLines(result.problems)]
      : [],
  };
}

function inLines(texts: string[]): string[] {
  return texts.flatMap((text) => text.split("\n"));
}

/** The failed assertions with pgTAP's diagnostics. */
function failures(tap: string): string[] {
  return tap.split("\n").filter((line) => /^(not ok|#|Bail out)/.test(line));
}

/** Why something was skipped. */
function skips(tap: string): string[] {
  return tap.split("\n").flatMap((line) =>
    /^(?:not )?ok\b.*# ((?:SKIP|TODO)\b.*)$/i.exec(line)?.[1] ?? []
  );
}
