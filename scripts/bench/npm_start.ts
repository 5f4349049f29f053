// Times `npm start`, as a process, until it says that the stack is up.
import * as fs from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";
import { freePort } from "../stack/ports.ts";
import { StackProblem } from "../stack/problem.ts";

/** Seconds of a first start, which makes the database, and of a second one. */
export async function timeNpmStart(
  folder: string,
  signal: AbortSignal,
): Promise<{ first: number; second: number }> {
  const data = join(folder, "npm-start");
  try {
    return {
      first: await secondsUntilUp(data, signal),
      second: await secondsUntilUp(data, signal),
    };
  } finally {
    fs.rmSync(data, { recursive: true, force: true });
  }
}

async function secondsUntilUp(
  data: string,
  signal: AbortSignal,
): Promise<number> {
  const ports = ["--api-port", "--db-port", "--app-port"]
    .flatMap((option) => [option, String(freePort())]);
  const began = performance.now();
  const child = new Deno.Command("node", {
    args: ["scripts/run.mjs", "start", "--data", data, ...ports],
    cwd: repositoryRoot,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    signal,
  }).spawn();
  let printed = "";
  let seconds: number | undefined;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    if (seconds !== undefined || !printed.includes("stack is up")) continue;
    seconds = (performance.now() - began) / 1000;
    child.kill("SIGINT");
  }
  await child.status;
  if (seconds === undefined) {
    throw new StackProblem(`npm start did not start, and said\n${printed}`);
  }
  return seconds;
}
