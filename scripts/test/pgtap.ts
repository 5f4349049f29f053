// Runs a pgTAP file as pg_prove does, but without psql: over its own connection,
// so that no role, setting or temporary table reaches another file.
import postgres from "postgres";
import { Parser } from "tap-parser";
import { PsqlProblem, readPsqlFile, type SourceText } from "./psql_file.ts";

/** The result of a pgTAP file. */
export interface PgtapResult {
  /** Whether everything planned ran and passed. */
  ok: boolean;
  passed: number;
  failed: number;
  /** SKIP or TODO. */
  skipped: number;
  /** Its output. */
  tap: string;
  /** Errors other than failed assertions. */
  problems: string[];
}

/** Options of a run. */
export interface PgtapOptions {
  /** Settings of the connection, as `{ "my.setting": "on" }`. */
  settings?: Record<string, string>;
  /** Called for every notice and warning. */
  onNotice?(notice: postgres.Notice): void;
}

/** Runs a file in a database. */
export async function runPgtapFile(
  url: string,
  file: string,
  o: PgtapOptions = {},
): Promise<PgtapResult> {
  let source: SourceText;
  try {
    source = readPsqlFile(file);
  } catch (error) {
    if (error instanceof PsqlProblem) return resultOf("", [error.message]);
    throw error;
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
    await sql.unsafe(source.text).simple().forEach((row) => {
      lines.push(...asPsqlPrints(row));
    });
  } catch (error) {
    problems.push(inWords(error, source));
  } finally {
    await sql.end();
  }
  return resultOf(lines.map((line) => `${line}\n`).join(""), problems);
}

/** Formats a row as `psql --quiet --no-align --tuples-only` does. */
function asPsqlPrints(row: Record<string, unknown>): string[] {
  const values = Object.values(row).map((value) => String(value ?? ""));
  return values.join("|").split("\n");
}

function resultOf(tap: string, problems: string[]): PgtapResult {
  const parser = new Parser({});
  let [passed, failed, skipped] = [0, 0, 0];
  parser.on("assert", ({ ok, skip, todo }) => {
    // a TODO test may fail
    if (skip || todo) skipped++;
    else if (ok) passed++;
    else failed++;
  });
  parser.end(tap);
  const { results } = parser;
  if (!results) throw new Error("tap-parser has no results");
  // a file that broke off has not run everything it planned
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

function inWords(error: unknown, source: SourceText): string {
  if (!(error instanceof postgres.PostgresError)) throw error;
  const { position, severity, code, message, detail, hint, where } = error;
  return [
    (position ? `${source.placeOf(Number(position))}: ` : "") +
    `${severity} ${code}: ${message}`,
    ...[detail, hint, where].filter((more) => more !== undefined),
  ].join("\n");
}
