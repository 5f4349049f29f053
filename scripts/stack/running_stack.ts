// How one program finds the stack that another one has started: a small file
// beside the data, which is believed only if its process answers.
import * as path from "node:path";
import process from "node:process";
import { repositoryRoot } from "./paths.ts";

/** Where a running stack is. */
export interface RunningStack {
  /** Its API, as supabase-js wants it. */
  apiUrl: string;
  /** Its database, as `postgres`. */
  dbUrl: string;
  /** The process that runs it. */
  pid: number;
}

/** Where a stack keeps its data, its logs and this file, unless told. */
export const defaultStackFolder = path.join(repositoryRoot, ".stack");

/** The stack that runs on this folder, if one does. */
export async function findRunningStack(
  folder: string = defaultStackFolder,
): Promise<RunningStack | undefined> {
  try {
    const stack: RunningStack = JSON.parse(
      await Deno.readTextFile(stateFile(folder)),
    );
    process.kill(stack.pid, 0);
    const { hostname, port } = new URL(stack.apiUrl);
    (await Deno.connect({ hostname, port: Number(port) })).close();
    return stack;
  } catch {
    return undefined;
  }
}

/** Lets others find this stack. */
export async function announceStack(folder: string, stack: RunningStack) {
  await Deno.writeTextFile(
    stateFile(folder),
    JSON.stringify(stack, null, 2) + "\n",
  );
}

/** Takes that back. */
export async function withdrawStack(folder: string) {
  await Deno.remove(stateFile(folder)).catch(() => {});
}

function stateFile(folder: string): string {
  return path.join(folder, "stack.json");
}
