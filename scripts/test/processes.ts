// Ends a process with everything that it has started. Packages that do this
// (tree-kill, fkill) run `ps`, which slim Linux images lack, and do not wait.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

/** How long processes may take to end by themselves before they are killed. */
const endingMayTakeMs = 5_000;

/** Ends a process and its descendants, and waits until all have ended. */
export async function endAll(pid: number): Promise<void> {
  const pids = [pid, ...descendantsOf(pid)];
  tell(pids, "SIGTERM");
  const deadline = performance.now() + endingMayTakeMs;
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) tell(pids, "SIGKILL");
    await pause(20);
  }
}

function tell(pids: number[], signal: "SIGTERM" | "SIGKILL") {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // already ended
    }
  }
}

/** Its children, their children, and so on. */
function descendantsOf(pid: number): number[] {
  const parents = parentOfEach();
  const found = [pid];
  for (const ancestor of found) {
    for (const [child, parent] of parents) {
      if (parent === ancestor) found.push(child);
    }
  }
  return found.slice(1);
}

function parentOfEach(): [pid: number, parent: number][] {
  if (process.platform !== "linux") {
    return execFileSync("ps", ["-Ao", "pid=,ppid="], { encoding: "utf8" })
      .trim().split("\n").map((line) => {
        const [pid, parent] = line.trim().split(/\s+/).map(Number);
        return [pid, parent];
      });
  }
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const parent = statusOf(Number(name))?.parent;
      return parent === undefined ? [] : [[Number(name), parent]];
    });
}

/** Does it run? A zombie, which waits to be reaped by its parent, does not. */
function isAlive(pid: number): boolean {
  if (process.platform === "linux") {
    const state = statusOf(pid)?.state;
    return state !== undefined && !"ZX".includes(state);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** From /proc; undefined if it has ended. */
function statusOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name before it can contain anything
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
