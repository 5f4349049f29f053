// Faults for tests that compare rather than assert: the model, and the comparison with
// and without the reaper. They change the source text of functions, and so run here
// and not in `npm test`.
import { migrated } from "../test/databases.ts";
import { denoTestResults } from "../test/deno_tests.ts";
import { filesBelow } from "../test/files.ts";
import type { Run } from "../test/part.ts";

/** The files with these faults. */
export function harnesses(): string[] {
  return filesBelow("supabase/tests", ".mutate.ts");
}

/** Runs a file, and returns what is wrong, if anything. */
export async function checkHarness(
  file: string,
  run: Pick<Run, "folder" | "signal" | "adminUrl">,
): Promise<string | undefined> {
  const { code, tests, stdout, stderr } = await denoTestResults(run, file, {
    major: migrated.major,
  });
  for (const { name, result } of tests) {
    console.log(`${result === "passed" ? "caught" : "MISSED"}  ${name}`);
  }
  if (code !== 0 || tests.length === 0) {
    return `${file} failed:\n${stdout}${stderr}`.trimEnd();
  }
}
