// Builds the programs that use the SDKs, each with its language's own tools and at
// the versions that its lock file pins. What is built is kept in .stack/sdk and
// built anew when a source changes. A tool that is missing, or a registry that
// cannot be reached, is a reason to skip.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { filesBelow, textOf } from "../../../scripts/test/files.ts";
import type { Skipped } from "../../../scripts/test/part.ts";

const { signal } = new AbortController();

/** A program and its arguments. */
export type Command = string[];

/** How a program is built and run. */
export interface Recipe {
  /** Its folder below supabase/tests/sdk. */
  folder: string;
  /** What it is built from, if not from all of its files. */
  inputs?: string[];
  /** The tools, each with a command that prints its version, and the least one. */
  needs: { tool: Command; atLeast: string }[];
  /** Builds it into this folder; the commands run in the folder of the sources. */
  build(into: string): { commands: Command[]; env?: Record<string, string> };
  /** Runs what was built. */
  run(built: string): Command;
}

/** The command that runs the program, once it is built. */
export async function programOf(recipe: Recipe): Promise<Command | Skipped> {
  for (const { tool, atLeast } of recipe.needs) {
    const reason = await whatIsMissing(tool, atLeast);
    if (reason) return { reason };
  }
  const folder = `supabase/tests/sdk/${recipe.folder}`;
  const into = join(repositoryRoot, ".stack", "sdk", recipe.folder);
  const stamp = join(into, "sources.sha256");
  const wanted = hashOf(folder, recipe.inputs);
  const isBuilt = fs.existsSync(stamp) &&
    fs.readFileSync(stamp, "utf8") === wanted;
  if (isBuilt) return recipe.run(into);

  fs.mkdirSync(into, { recursive: true });
  fs.rmSync(stamp, { force: true });
  const { commands, env } = recipe.build(into);
  for (const command of commands) {
    const problem = await problemOf(command, folder, env);
    if (problem) return problem;
  }
  fs.writeFileSync(stamp, wanted);
  return recipe.run(into);
}

async function whatIsMissing(
  [tool, ...args]: Command,
  atLeast: string,
): Promise<string | undefined> {
  const printed = await runCommand(tool, args, { signal })
    .catch(() => undefined);
  const version = /\d+(\.\d+)+/.exec(printed?.said ?? "")?.[0];
  if (printed?.code !== 0 || !version) return `no ${tool} here`;
  const isOld = version.localeCompare(atLeast, "en", { numeric: true }) < 0;
  return isOld ? `${tool} is ${version}, and needs ${atLeast}` : undefined;
}

const noNetwork =
  /could not resolve|could not connect|name resolution|unknown host|no such host|dial tcp|network is unreachable|connection refused|NewConnectionError|connection timed out|could not transfer/i;

async function problemOf(
  [program, ...args]: Command,
  folder: string,
  env?: Record<string, string>,
): Promise<Skipped | undefined> {
  const { code, said } = await runCommand(program, args, {
    signal,
    cwd: join(repositoryRoot, folder),
    env,
  });
  if (code === 0) return;
  const line = said.split("\n").find((line) => noNetwork.test(line));
  if (line) return { reason: `packages cannot be reached: ${inShort(line)}` };
  throw new Error(`${program} ${args.join(" ")} failed:\n${said}`);
}

function inShort(line: string): string {
  const plain = stripVTControlCharacters(line).trim();
  return plain.length > 120 ? `${plain.slice(0, 120)}…` : plain;
}

function hashOf(folder: string, inputs?: string[]): string {
  const files = inputs?.map((name) => `${folder}/${name}`) ??
    filesBelow(folder, "");
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\n${textOf(file)}`);
  return hash.digest("hex");
}
