// Whether the stack's folder is this user's. A stack that was once started with sudo
// leaves files of root's, on which a later one would fail halfway.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { StackProblem } from "./problem.ts";

/** Refuses a folder in which something belongs to another user. */
export function requireOwnFolder(folder: string) {
  const other = entriesOf(folder).find((entry) => !isOwn(entry));
  if (other === undefined) return;
  const owner = nameOf(fs.lstatSync(other).uid);
  throw new StackProblem(
    `${other} belongs to ${owner}, and this user may not use it` +
      `${
        owner === "root"
          ? ": was the stack once started as root, with sudo perhaps?"
          : "."
      } Give it to yourself with\n  sudo chown -R "$(id -un)" "${folder}"\n` +
      `or start afresh, without its data, with\n  sudo rm -r "${folder}"`,
  );
}

function entriesOf(folder: string): string[] {
  try {
    return fs.readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return []; // there is none, or it is found out when it is locked
  }
}

function isOwn(entry: string): boolean {
  try {
    const stat = fs.lstatSync(entry);
    if (stat.isDirectory()) fs.readdirSync(entry);
    const us = process.getuid?.();
    return us === undefined || us === 0 || stat.uid === us;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true; // gone meanwhile
    return false;
  }
}

function nameOf(uid: number): string {
  try {
    return execFileSync("id", ["-un", String(uid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return `another user (${uid})`;
  }
}
