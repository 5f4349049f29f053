// Runs a file of pgTAP tests as pg_prove does, without psql. Each file has its own
// connection, so no role, setting or temporary table reaches another file.
import * as fs from "node:fs";
import postgres from "postgres";
import { Parser } from "tap-parser";

/** The result of a file of pgTAP tests. */
export interface PgtapResult {
  /** Did all planned tests run and pass? */
  ok: boolean;
  passed: number;
  failed: number;
  /** Marked as SKIP or TODO. */
  skipped: number;
  /** Its output. */
  tap: string;
  /** What went wrong apart from failed assertions. */
  problems: string[];
}

/** Options for a file. */
export interface PgtapOptions {
  /** Settings of the connection, as `{ "my.setting": "on" }`. */
  settings?: Record<string, string>;
  /** Called with every notice and warning. */
  onNotice?(notice: postgres.Notice): void;
}

/** Runs a file in a database. */
export async function runPgtapFile(
  url: string,
  file: string,
  o: PgtapOptions = {},
): Promise<PgtapResult> {
  const text = fs.readFileSync(file, "utf8");
  const command = /^\s*\\.*$/m.exec(text);
  if (command) {
    const line = lineAt(text, command.index + command[0].indexOf("\\"));
    return resultOf("", [
      `line ${line}: commands of psql cannot be used in a test`,
    ]);
  }
  const lines: string[] = [];
  const problems: string[] = [];
  const sql = postgres(url, {
    max: 1,
    prepare: false,
    fetch_types: false,
    connection: o.settings ?? {},
    onnotice: o.onNotice ?? (() => {}),
  });
  try {
    await sql.unsafe(text).simple().forEach((row) => {
      lines.push(...asPsqlPrints(row));
    });
  } catch (error) {
    problems.push(inWords(error, text));
  } finally {
    await sql.end();
  }
  return resultOf(lines.map((line) => `${line}\n`).join(""), problems);
}

/** As `psql --quiet --no-align --tuples-only` does. */
function asPsqlPrints(row: Record<string, unknown>): string[] {
  const values = Object.values(row).map((value) => String(value ?? ""));
  return values.join("|").split("\n");
}

function resultOf(tap: string, problems: string[]): PgtapResult {
  const parser = new Parser({});
  let [passed, failed, skipped] = [0, 0, 0];
  parser.on("assert", ({ ok, skip, todo }) => {
    // a TODO may fail
    if (skip || todo) skipped++;
    else if (ok) passed++;
    else failed++;
  });
  parser.end(tap);
  const { results } = parser;
  if (!results) throw new Error("tap-parser has no results");
  // after an error, that the plan was not completed is no news
  if (problems.length === 0) {
    if (results.count === 0) problems.push("no test was run");
    for (const { tapError } of results.failures) {
      if (typeof tapError === "string") problems.push(tapError);
    }
  }
  return {
    ok: results.ok && problems.length === 0,
    passed,
    failed,
    skipped,
    tap,
    problems,
  };
}

function inWords(error: unknown, text: string): string {
  if (!(error instanceof postgres.PostgresError)) throw error;
  const { position, severity, code, message, detail, hint, where } = error;
  return [
    (position ? `line ${lineAt(text, Number(position) - 1)}: ` : "") +
    `${severity} ${code}: ${message}`,
    ...[detail, hint, where].filter((more) => more !== undefined),
  ].join("\n");
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
