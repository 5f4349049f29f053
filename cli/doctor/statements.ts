// Statements that more than one comparison advises.
import type { Made } from "./definitions.ts";
import type { Comparison } from "./comparison.ts";
import { type Finding, runAsPostgres, wrong } from "./finding.ts";

/** Adds a constraint as the package's SQL has it. */
export function addConstraint({ on, name, traits }: Made): string {
  return `alter table ${on} add constraint ${name} ${traits.definition};`;
}

/** Is it a column of a composite type? */
export function isOfType({ on }: Made, { wanted }: Comparison): boolean {
  return wanted.some(({ kind, name }) => kind === "type" && name === on);
}

/** A composite type gets its columns in the order in which they are made. */
export function replaceType(
  says: string,
  made: Made,
  wanted: Made[],
  again: string,
): Finding {
  const users = wanted.filter(({ kind, traits }) =>
    kind === "function" && traits.result?.split(" ").at(-1) === made.on
  ).map(({ name }) => name);
  return wrong(
    says,
    runAsPostgres(
      `drop function if exists ${
        users.join(", ")
      }; drop type if exists ${made.on};`,
      again,
    ),
  );
}
