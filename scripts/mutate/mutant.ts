// Makes a mutant of a function: its definition in the migrations, with one guard
// taken out of it.
import { filesBelow, textOf } from "../test/files.ts";
import type { Mutation } from "./mutations.ts";

/** The statement that puts the mutant in the place of the function. */
export function mutantOf({ in: name, take, put }: Mutation): string {
  const definition = definitionOf(name);
  const parts = definition.split(take);
  if (parts.length === 2) return parts.join(put);
  throw new Error(
    `There is ${parts.length === 1 ? "no" : "more than one"} "${take}" ` +
      `in sessions.${name}().`,
  );
}

function definitionOf(name: string): string {
  const head = `create or replace function sessions.${name}(`;
  const definitions = filesBelow("supabase/migrations", ".sql")
    .flatMap((file) => textOf(file).split("\n\n\n"))
    .filter((chapter) => chapter.startsWith(head))
    .map((chapter) => chapter.slice(0, chapter.indexOf("\n$$;\n") + 5));
  if (definitions.length === 1) return definitions[0];
  throw new Error(
    `The migrations define sessions.${name}() ${definitions.length} times.`,
  );
}
