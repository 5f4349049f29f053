// What the package's SQL makes, to compare a database with it. Written by
// `npm run definitions` to definitions.json.
import * as fs from "node:fs";
import * as path from "node:path";
import { type OptionalChapter, packageRoot } from "../package_files.ts";
import type { Definition, InPublic } from "./catalogue.ts";

/** The part of the SQL that makes an object: what is always applied, or a chapter. */
export type Chapter = "core" | OptionalChapter;

/** An object as the SQL makes it. */
export interface Made extends Definition {
  chapter: Chapter;
}

/** Where the file is, in the repository and in the package. */
export const definitionsPath = path.join(
  packageRoot,
  "cli",
  "doctor",
  "definitions.json",
);

/** Everything that the chapters make, the optional ones included. */
export function definitions(): Made[] {
  read ??= JSON.parse(fs.readFileSync(definitionsPath, "utf8")) as Made[];
  return read;
}

let read: Made[] | undefined;

/** The names in `public`, without the schema. */
export function namesInPublic(made: Made[] = definitions()): InPublic {
  const namesOf = (...kinds: string[]) =>
    made.filter(({ kind, name }) =>
      kinds.includes(kind) && name.startsWith("public.")
    ).map(({ name }) => nameOf(name).slice("public.".length));
  return {
    relations: namesOf("table", "type", "sequence"),
    functions: [...new Set(namesOf("function"))],
  };
}

/** A function's name without its arguments. */
export function nameOf(signature: string): string {
  return signature.replace(/\(.*$/, "");
}
