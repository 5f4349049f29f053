// The SQL of a mutation: a statement, or a function as in the migrations with one guard
// removed.
import { filesBelow, textOf } from "../test/files.ts";
import type { Mutation } from "./mutation.ts";

/** The statement that applies the mutation to a migrated database. */
export function mutantOf(mutation: Mutation): string {
  if ("run" in mutation) return mutation.run;
  const { in: name, take, put } = mutation;
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
    .flatMap((chapter) => {
      const start = chapter.indexOf(head);
      if (start < 0) return [];
      return [chapter.slice(start, chapter.indexOf("\n$$;\n", start) + 5)];
    });
  if (definitions.length === 1) return definitions[0];
  throw new Error(
    `The migrations define sessions.${name}() ${definitions.length} times.`,
  );
}
