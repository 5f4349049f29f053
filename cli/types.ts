// `types`: the TypeScript types of the API, to merge into a project's own. They are a
// module of their own; what is printed is its text.
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

/** The types as a module: its source, or what the compiler made of it. */
export function typesText(): string {
  const file = ["./database_types.ts", "./database_types.d.ts"]
    .map((name) => fileURLToPath(new URL(name, import.meta.url)))
    .find((name) => fs.existsSync(name));
  if (file === undefined) throw new Error("The package lacks its types.");
  return howTo + fs.readFileSync(file, "utf8").replace(/^(\/\/.*\n)+\n*/, "");
}
