// Runs other programs to their end; if the run is interrupted, to theirs: with
// everything that they have started.
import { repositoryRoot } from "../stack/paths.ts";
import { StackProblem } from "../stack/problem.ts";
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

/** No program needs as long as this; one that does will never end. */
const mayTakeMs = 150_000;

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
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    interrupt();
  }, mayTakeMs);
  try {
    const output = await child.output();
    o.signal.throwIfAborted();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const [stdout, stderr] = [text(output.stdout), text(output.stderr)];
    const said = `${stdout}${stderr}`.trimEnd();
    if (isLate) {
      throw new StackProblem(
        `not over after ${mayTakeMs / 1000} s; so far:\n${said}`,
      );
    }
    return { code: output.code, stdout, stderr, said };
  } finally {
    clearTimeout(limit);
    o.signal.removeEventListener("abort", interrupt);
    await ending;
  }
}
