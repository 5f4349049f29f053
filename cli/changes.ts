// Changes to a project's files: first shown, then made after one question.
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { UsageProblem } from "./problem.ts";

/** A file or folder to write or remove. */
export interface Change {
  /** What to show: `write supabase/…`. */
  says: string;
  make(): void;
}

/** How to go on once the changes are shown. */
export interface Consent {
  yes: boolean;
  dryRun: boolean;
}

/** Writes a file, with the folders above it. */
export function writeFile(file: string, text: string) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

/** Shows the changes, asks unless told not to, and makes them; were they made? */
export async function makeChanges(
  changes: Change[],
  consent: Consent,
): Promise<boolean> {
  for (const { says } of changes) print(`  ${says}`);
  print("");
  if (consent.dryRun) {
    print("Dry run: nothing was changed.");
    return false;
  }
  if (!consent.yes && !await isAgreed("Make these changes?")) {
    print("Nothing was changed.");
    return false;
  }
  for (const { make } of changes) make();
  return true;
}

/** Prints a line. */
export function print(line: string) {
  process.stdout.write(`${line}\n`);
}

/** Asks on the terminal; is the answer yes? */
export async function isAgreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new UsageProblem(
      "There is no terminal to ask on. Nothing was changed. With --yes the " +
        "changes above are made, with --dry-run they are only shown.",
    );
  }
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
  });
  // Ctrl-C and Ctrl-D close it; whether the question is then rejected, and when,
  // depends on the version of Node
  const closed = new Promise<undefined>((resolve) =>
    terminal.once("close", () => resolve(undefined))
  );
  try {
    const answer = await Promise.race([
      terminal.question(`${question} [y/N] `).catch(() => undefined),
      closed,
    ]);
    if (answer === undefined) print("");
    return /^y(es)?$/i.test(answer?.trim() ?? "");
  } finally {
    terminal.close();
  }
}
