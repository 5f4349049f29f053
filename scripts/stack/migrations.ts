// Applies the migrations the way a user does: with `supabase db push`.
import { StackProblem } from "./problem.ts";
import { supabaseCli } from "./supabase_cli.ts";

export { type CliResult, supabaseCli } from "./supabase_cli.ts";

/** Applies what is not yet applied of `supabase/migrations` in `workdir`. */
export async function pushMigrations(
  databaseUrl: string,
  o: { workdir?: string } = {},
) {
  const { code, stdout, stderr } = await supabaseCli([
    "db",
    "push",
    "--db-url",
    withoutTls(databaseUrl),
    "--yes",
    // a chapter may be new and yet come before one that is applied
    "--include-all",
  ], o);
  if (code === 0) return;
  throw new StackProblem(
    `The migrations could not be applied. The Supabase CLI says:\n` +
      `${stdout}${stderr}`.trimEnd(),
  );
}

/** The CLI insists on TLS otherwise, which the local server does not offer. */
export function withoutTls(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (!url.searchParams.has("sslmode")) {
    url.searchParams.set("sslmode", "disable");
  }
  return url.href;
}
