// `types`: the TypeScript types of the API, to merge into a project's own. What is
// printed needs no import: the rows of the client, and the API made of them.
import * as fs from "node:fs";
import { fileURLToPath } from "node:url";
import { packageVersion } from "./package_files.ts";

export type * from "./database_types.ts";

const howTo =
  `// Types of interview sessions ${packageVersion}, to merge into those of your database:
//
//   npx interview-sessions types > interview-sessions.types.ts
//
//   import type { Database as App } from "./database.types";
//   import type { WithInterviewSessions } from "./interview-sessions.types";
//
//   export type Database = WithInterviewSessions<App>;
//
// They replace what "supabase gen types" writes for the same objects, which knows
// neither the texts that a column can hold nor what is never null.

`;

/** The types as one module: the sources, or what the compiler made of them. */
export function typesText(): string {
  return [howTo, textOf("../client/rows"), "\n", textOf("./database_types")]
    .join("");
}

/** A module's text without its first comment, and without what it imports. */
function textOf(module: string): string {
  const file = [".ts", ".d.ts"]
    .map((ending) => fileURLToPath(new URL(module + ending, import.meta.url)))
    .find((name) => fs.existsSync(name));
  if (file === undefined) throw new Error("The package lacks its types.");
  return fs.readFileSync(file, "utf8")
    .replace(/^(\/\/.*\n)+\n*/, "")
    .replace(/^import type \{[^}]*\} from "\.\.\/client\/rows\.[jt]s";\n+/, "");
}
