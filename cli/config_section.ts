// The section of supabase/config.toml that the Edge Function needs. Everything
// else in the file, comments included, stays as it is.
import { isDeepStrictEqual } from "node:util";
import { parse, patch } from "@decimalturn/toml-patch";
import { functionName } from "./package_files.ts";
import { Problem } from "./problem.ts";

/** What the function needs: schedulers have a key and no user's token. */
const wanted = {
  verify_jwt: false,
  import_map: `./functions/${functionName}/deno.json`,
};

const section = `
[functions.${functionName}]
verify_jwt = ${wanted.verify_jwt}
import_map = "${wanted.import_map}"
`;

type Config = {
  functions?: Record<string, Record<string, unknown>> | undefined;
};

/** The file with the section; the same text if that is there already. */
export function withSection(text: string): string {
  const config = parsed(text);
  const expected = copied(config);
  expected.functions ??= {};
  const before = expected.functions[functionName];
  expected.functions[functionName] = { ...before, ...wanted };
  if (isDeepStrictEqual(config, expected)) return text;
  if (before === undefined) {
    const eol = text.includes("\r\n") ? "\r\n" : "\n";
    const appended = text + (text === "" || text.endsWith("\n") ? "" : eol) +
      section.replaceAll("\n", eol);
    if (means(appended, expected)) return appended;
  }
  return patched(text, expected);
}

/** What is set in the section now; undefined if there is none. */
export function sectionOf(text: string): Record<string, unknown> | undefined {
  return parsed(text).functions?.[functionName];
}

/** Is the section there, and as we write it? */
export function isSectionOurs(text: string): boolean {
  return isDeepStrictEqual(sectionOf(text), wanted);
}

/** The file without the section. */
export function withoutSection(text: string): string {
  const expected = parsed(text);
  if (!expected.functions) return text;
  delete expected.functions[functionName];
  const isLast = Object.keys(expected.functions).length === 0;
  for (const eol of ["\n", "\r\n"]) {
    const removed = text.replace(section.replaceAll("\n", eol), "");
    if (
      removed !== text &&
      (means(removed, expected) ||
        isLast && means(removed, { ...expected, functions: undefined }))
    ) return removed;
  }
  return patched(text, expected);
}

/** Does the section, which is not as we write it, have our import_map? */
export function hasOurImportMap(text: string): boolean {
  return sectionOf(text)?.import_map === wanted.import_map;
}

/** The file without our import_map in a section that is the user's. */
export function withoutImportMap(text: string): string {
  const expected = parsed(text);
  delete expected.functions?.[functionName]?.import_map;
  return patched(text, expected);
}

function patched(text: string, expected: Config): string {
  const result = patch(text, expected);
  if (!means(result, expected)) {
    throw new Problem(
      `supabase/config.toml cannot be edited safely. Edit it by hand: the ` +
        `section [functions.${functionName}] needs\n${section.trim()}`,
    );
  }
  return result;
}

function means(text: string, expected: Config): boolean {
  try {
    return isDeepStrictEqual(plain(parse(text)), plain(expected));
  } catch {
    return false;
  }
}

/** Without undefined values, and with what JSON does not have as text. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return `date ${value.toISOString()}`;
  if (typeof value === "bigint") return `integer ${value}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, one]) => one !== undefined)
      .map(([name, one]) => [name, plain(one)]),
  );
}

/** A copy. structuredClone() would make plain dates of TOML's local ones. */
function copied<T>(value: T): T {
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(copied) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, copied(one)]),
  ) as T;
}

function parsed(text: string): Config {
  const config = parsedToml(text);
  requireTable("functions", config.functions);
  requireTable(
    `functions.${functionName}`,
    config.functions?.[functionName],
  );
  return config;
}

function parsedToml(text: string): Config {
  try {
    return copied(parse(text)) as Config;
  } catch (cause) {
    throw new Problem(
      `supabase/config.toml is not valid TOML: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Valid TOML need not be a valid configuration. */
function requireTable(name: string, value: unknown) {
  if (value === undefined) return;
  if (typeof value === "object" && !Array.isArray(value)) return;
  throw new Problem(
    `In supabase/config.toml, ${name} is not a table. Remove it or make it ` +
      `one: [${name}]`,
  );
}
