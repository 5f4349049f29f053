// Runs Deno with the packages that npm installed, without using the network.
import { join } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";
import { runCommand } from "./command.ts";
import type { CommandResult } from "./command.ts";

/** Flags that restrict Deno to the packages that npm installed. */
export const offline = [
  "--no-lock",
  "--cached-only",
  "--node-modules-dir=manual",
];

/** The flag for the configuration of the repository or of a folder in it. */
export function configOf(folder = ""): string[] {
  return ["--config", join(repositoryRoot, folder, "deno.json")];
}

/** Runs `deno <args>` in the repository's root. */
export function deno(
  args: string[],
  o: { signal: AbortSignal; env?: Record<string, string> },
): Promise<CommandResult> {
  return runCommand(Deno.execPath(), args, o);
}
