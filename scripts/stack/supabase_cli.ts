// Runs the real Supabase CLI that npm installed, without asking or telling
// anybody anything.
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { nodeModules, repositoryRoot } from "./paths.ts";
import { StackProblem } from "./problem.ts";

/** What a run of the CLI came to. */
export interface CliResult {
  /** Its exit code. */
  code: number;
  /** What it wrote to standard output. */
  stdout: string;
  /** What it wrote to standard error. */
  stderr: string;
}

/** Runs `supabase <args>` on the project in `workdir` (this repository). */
export async function supabaseCli(
  args: string[],
  o: { workdir?: string; env?: Record<string, string> } = {},
): Promise<CliResult> {
  // it writes a file into its home folder even with telemetry off
  const home = await Deno.makeTempDir({ prefix: "supabase-cli-" });
  try {
    const result = await new Deno.Command(cliBinary(), {
      args: [...args, "--workdir", o.workdir ?? repositoryRoot],
      stdin: "null",
      env: {
        DO_NOT_TRACK: "1",
        NO_COLOR: "1",
        SUPABASE_HOME: home,
        SUPABASE_NO_UPDATE_NOTIFIER: "1",
        SUPABASE_TELEMETRY_DISABLED: "1",
        ...o.env,
      },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      code: result.code,
      stdout: text(result.stdout),
      stderr: text(result.stderr),
    };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

function cliBinary(): string {
  const name = `cli-${process.platform}-${process.arch}`;
  const binary = path.join(nodeModules, "@supabase", name, "bin", "supabase");
  if (!fs.existsSync(binary)) {
    throw new StackProblem(
      `There is no Supabase CLI for ${process.platform}-${process.arch} in ` +
        `node_modules (@supabase/${name}). Run "npm ci"; if that does not ` +
        `bring it, this platform is not supported.`,
    );
  }
  return binary;
}
