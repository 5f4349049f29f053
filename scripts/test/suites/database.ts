// The pgTAP files, each in a copy of the migrated database; and once more where
// the project grants nothing by default, since the outcome must be the same.
import { join } from "node:path";
import { repositoryRoot } from "../../stack/paths.ts";
import type { PostgresMajor } from "../../stack/postgres.ts";
import { migrated, type Template, usualMajor } from "../databases.ts";
import { filesBelow } from "../files.ts";
import {
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

/** Every pgTAP file, where things are granted by default and where not. */
export function databaseSuites(major: PostgresMajor = usualMajor): Part[] {
  const granted: Template = { ...migrated, major };
  return [
    ...filesOn("database", granted),
    ...filesOn("database (no default privileges)", {
      ...granted,
      defaultPrivileges: "revoked",
    }),
  ];
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
  // a file that fails as a whole may have no assertion that did
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

/** The assertions that failed, each with what pgTAP says of it. */
function failures(tap: string): string[] {
  return tap.split("\n").filter((line) => /^(not ok|#|Bail out)/.test(line));
}

/** Why something was skipped. */
function skips(tap: string): string[] {
  return tap.split("\n").flatMap((line) =>
    /^(?:not )?ok\b.*# ((?:SKIP|TODO)\b.*)$/i.exec(line)?.[1] ?? []
  );
}
