// Queries a database through the Supabase CLI, and parses its JSON.
import { supabaseCli, withoutTls } from "../stack/migrations.ts";

/** A row of the CLI's answer. */
export type CliRow = Record<string, unknown>;

/**
 * Runs `supabase <args>` on a database. The CLI exits with 1 both for findings
 * and for failures; only a failure has an error in its answer.
 */
export async function cliAsks(
  args: string[],
  databaseUrl: string,
): Promise<CliRow> {
  const { code, stdout, stderr } = await supabaseCli([
    ...args,
    ...["--output-format", "json", "--db-url", withoutTls(databaseUrl)],
  ]);
  let answer: CliRow | undefined;
  try {
    answer = JSON.parse(stdout);
  } catch {
    // its output is in the error below
  }
  if (!answer || "error" in answer) {
    throw new Error(
      `supabase ${args.join(" ")} failed with exit code ${code}:\n` +
        `${stdout}${stderr}`.trim(),
    );
  }
  return { ...answer, code };
}
