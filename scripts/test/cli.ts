// Asks the Supabase CLI about a database, and reads its JSON.
import { supabaseCli, withoutTls } from "../stack/migrations.ts";

/** A row of what the CLI answers. */
export type CliRow = Record<string, unknown>;

/**
 * Runs `supabase <args>` on a database. The CLI exits with 1 both if it has
 * findings and if it fails; an answer is what has no error in it.
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
    // it says below what it had to say
  }
  if (!answer || "error" in answer) {
    throw new Error(
      `supabase ${args.join(" ")} failed with exit code ${code}:\n` +
        `${stdout}${stderr}`.trim(),
    );
  }
  return { ...answer, code };
}
