// Postgres refuses to run as root, and should not outlive whoever started it.
// This module says how a command is to be launched so that neither happens.
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { StackProblem } from "./problem.ts";

/** A command line, and whom to run it as. */
export interface Launch {
  command: string;
  args: string[];
  options: { uid?: number; gid?: number };
}

type Mode =
  | { kind: "as we are" }
  | { kind: "user namespace" }
  | { kind: "other user"; uid: number; gid: number; setpriv: string[] | null };

const intoUserNamespace = [
  "--user",
  "--map-user=65534",
  "--map-group=65534",
];

/** How to run `command` without being root. */
export function unprivileged(command: string, args: string[]): Launch {
  return launch([], [command, ...args]);
}

/**
 * The same for a server. On Linux the kernel sends it SIGINT, Postgres' order
 * for a fast shutdown, should we be killed; elsewhere the next start clears up.
 */
export function unprivilegedServer(command: string, args: string[]): Launch {
  const follow = canFollowParent() ? ["--pdeathsig", "INT"] : [];
  return launch(follow, [command, ...args]);
}

function launch(follow: string[], commandLine: string[]): Launch {
  const mode = currentMode();
  const become = mode.kind === "other user" ? mode.setpriv ?? [] : [];
  // one setpriv for both: a change of user clears the request to follow
  const flags = [...become, ...follow];
  const line = flags.length > 0
    ? ["setpriv", ...flags, ...commandLine]
    : commandLine;
  const [command, ...args] = mode.kind === "user namespace"
    ? ["unshare", ...intoUserNamespace, ...line]
    : line;
  const options = mode.kind === "other user" && !mode.setpriv
    ? { uid: mode.uid, gid: mode.gid }
    : {};
  return { command, args, options };
}

/** Makes a folder, and all in it, belong to whom the commands run as. */
export function handOver(folder: string) {
  if (!isRoot()) return;
  const mode = currentMode();
  const { uid, gid } = mode.kind === "other user" ? mode : { uid: 0, gid: 0 };
  if (fs.statSync(folder).uid === uid) return;
  const chown = (entry: string) => {
    fs.lchownSync(entry, uid, gid);
    if (!fs.lstatSync(entry).isDirectory()) return;
    for (const name of fs.readdirSync(entry)) chown(path.join(entry, name));
  };
  chown(folder);
}

/** Has the kernel end a command when we do, where the system can do that. */
export function followParent(command: string, args: string[]): Launch {
  return canFollowParent()
    ? {
      command: "setpriv",
      args: ["--pdeathsig", "KILL", command, ...args],
      options: {},
    }
    : { command, args, options: {} };
}

let knownMode: Mode | undefined;

function currentMode(): Mode {
  return knownMode ??= findMode();
}

function findMode(): Mode {
  if (!isRoot()) return { kind: "as we are" };
  if (succeeds("unshare", [...intoUserNamespace, "true"])) {
    return { kind: "user namespace" };
  }
  for (const name of ["postgres", "nobody"]) {
    if (!succeeds("id", ["-u", name])) continue;
    const id = (flag: string) =>
      Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
    const [uid, gid] = [id("-u"), id("-g")];
    // the repository may be where only root may go, such as /root
    const setpriv = [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      "--clear-groups",
      "--inh-caps=+dac_override",
      "--ambient-caps=+dac_override",
    ];
    const works = succeeds("setpriv", [...setpriv, "true"]);
    return { kind: "other user", uid, gid, setpriv: works ? setpriv : null };
  }
  throw new StackProblem(
    "You are root, which Postgres refuses to run as, and there are neither " +
      "user namespaces nor a user named postgres or nobody. Start the stack " +
      "as an ordinary user.",
  );
}

let knownToFollow: boolean | undefined;

/** Can a command be ended by the kernel when we end? On Linux it can. */
export function canFollowParent(): boolean {
  return knownToFollow ??= process.platform === "linux" &&
    succeeds("setpriv", ["--pdeathsig", "INT", "true"]);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function succeeds(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
