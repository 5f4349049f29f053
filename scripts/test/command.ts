// Runs other programs to completion, or until the run is interrupted: they are
// then ended together with everything that they have started.
import { repositoryRoot } from "../stack/paths.ts";
import { StackProblem } from "../stack/problem.ts";
import { followParent } from "../stack/unprivileged.ts";
import { endAll } from "./processes.ts";

/** The result of a program. */
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

/** A program that takes longer hangs, even on a slow and busy machine. */
const mayTakeMs = 600_000;

/** Runs a program, in the repository's root unless told otherwise. */
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
    // a process group of its own: Ctrl-C in the terminal reaches only the
    // runner, which ends things in order
    detached: true,
    cwd: o.cwd ?? repositoryRoot,
    env: { NO_COLOR: "1", ...o.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const limit = AbortSignal.timeout(mayTakeMs);
  const stop = AbortSignal.any([o.signal, limit]);
  let ending: Promise<void> | undefined;
  const end = () => {
    ending = endAll(child.pid);
  };
  stop.addEventListener("abort", end);
  try {
    const output = await child.output();
    o.signal.throwIfAborted();
    const [stdout, stderr] = [output.stdout, output.stderr]
      .map((bytes) => new TextDecoder().decode(bytes));
    const said = `${stdout}${stderr}`.trimEnd();
    if (limit.aborted) {
      throw new StackProblem(
        `not finished after ${mayTakeMs / 1000} s; so far:\n${said}`,
      );
    }
    return { code: output.code, stdout, stderr, said };
  } finally {
    stop.removeEventListener("abort", end);
    await ending;
  }
}
