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
  const expected = structuredClone(config);
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
    return isDeepStrictEqual(
      JSON.parse(JSON.stringify(parse(text))),
      JSON.parse(JSON.stringify(expected)),
    );
  } catch {
    return false;
  }
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
    return structuredClone(parse(text)) as Config;
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
