// Runs other programs to their end; if the run is interrupted, to theirs: with
// everything that they have started.
import { repositoryRoot } from "../stack/paths.ts";
import { followParent } from "../stack/unprivileged.ts";
import { endAll } from "./processes.ts";

/** What a program came to. */
export interface CommandResult {
  /** Its exit code. */
  code: number;
  /** What it wrote to standard output. */
  stdout: string;
  /** What it wrote to standard error. */
  stderr: string;
  /** Both, for a person. */
  said: string;
}

/** Runs a program in the repository's root, unless told where. */
export async function runCommand(
  command: string,
  args: string[],
  o: {
    signal: AbortSignal;
    env?: Record<string, string>;
    cwd?: string;
  },
): Promise<CommandResult> {
  o.signal.throwIfAborted();
  const launch = followParent(command, args);
  const child = new Deno.Command(launch.command, {
    args: launch.args,
    // Ctrl-C in the terminal reaches only us, and we end things in order
    detached: true,
    cwd: o.cwd ?? repositoryRoot,
    env: { NO_COLOR: "1", ...o.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let ending: Promise<void> | undefined;
  const interrupt = () => {
    ending = endAll(child.pid);
  };
  o.signal.addEventListener("abort", interrupt);
  try {
    const output = await child.output();
    o.signal.throwIfAborted();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const [stdout, stderr] = [text(output.stdout), text(output.stderr)];
    return {
      code: output.code,
      stdout,
      stderr,
      said: `${stdout}${stderr}`.trimEnd(),
    };
  } finally {
    o.signal.removeEventListener("abort", interrupt);
    await ending;
  }
}
