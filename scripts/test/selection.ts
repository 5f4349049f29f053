// Selects the parts to run: those that the command line names, all of them, or
// the few that `--quick` takes.
import * as fs from "node:fs";
import { isAbsolute, relative } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";
import { changedFiles } from "./files.ts";
import type { Part } from "./part.ts";

/** What `--quick` runs whatever has changed. */
const always = ["format", "documentation"];

/** What it takes from, depending on what has changed. */
const quickSuites = ["migrations", "database", "api", "edge", "races"];

/** The parts whose suite, name or file contains one of the filters; without
 * filters, all but the extra ones. An extra part is left out if another one runs the
 * same file. */
export function selectParts(parts: Part[], filters: string[]): Part[] {
  if (filters.length === 0) return parts.filter(({ isExtra }) => !isExtra);
  const words = filters.map(inRepository);
  const matching = parts.filter((part) =>
    words.some((word) => matches(part, word))
  );
  const files = new Set(
    matching.filter(({ isExtra }) => !isExtra).map(({ file }) => file),
  );
  return matching.filter(({ isExtra, file }) =>
    !isExtra || file === undefined || !files.has(file)
  );
}

/** The filters that match no part. */
export function unmatchedFilters(parts: Part[], filters: string[]): string[] {
  return filters.filter((filter) => selectParts(parts, [filter]).length === 0);
}

/** The parts to run while working: for the files that differ from `main`. */
export function quickParts(parts: Part[]): Part[] {
  const changed = changedFiles();
  const suites = changed.length > 0
    ? changed.flatMap(quickSuitesFor)
    : quickSuites;
  const wanted = [...always, ...suites];
  return parts.filter(({ suite, file, isExtra }) =>
    !isExtra &&
    (wanted.some((name) => suite === name || suite.startsWith(`${name} (`)) ||
      (file !== undefined && changed.includes(file)))
  );
}

function quickSuitesFor(file: string): string[] {
  // a changed test file is itself run, in whatever suite
  if (/\.test\.(ts|sql)$/.test(file)) return [];
  const suite = /^supabase\/tests\/(\w+)\//.exec(file)?.[1];
  if (suite) return quickSuites.includes(suite) ? [suite] : [];
  if (file.startsWith("supabase/functions/")) return ["edge"];
  return /^(supabase|scripts)\//.test(file) ? quickSuites : [];
}

function matches({ suite, name, file }: Part, filter: string): boolean {
  return `${suite}/${name}`.includes(filter) || !!file?.includes(filter);
}

/** A path as the parts have it. */
function inRepository(filter: string): string {
  if (!isAbsolute(filter) || !fs.existsSync(filter)) {
    return filter.replace(/^\.\//, "");
  }
  return relative(fs.realpathSync(repositoryRoot), fs.realpathSync(filter));
}
