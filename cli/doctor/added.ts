// What the app has added to our tables and our schema.
import type { CatalogueObject, Definition } from "./catalogue.ts";
import { type Comparison, keyOf, named, quoted } from "./comparison.ts";
import { type Finding, note, runAsPostgres, wrong } from "./finding.ts";
import { renamedConstraint } from "./missing.ts";

/** Objects on our tables that are not ours, and those in our schema. */
function added({ found, wanted, others }: Comparison): CatalogueObject[] {
  const ours = new Set([...wanted, ...others].map(keyOf));
  const tables = new Set(
    wanted.filter(({ kind }) => kind === "table").map(({ name }) => name),
  );
  return found.filter((one) =>
    !ours.has(keyOf(one)) &&
    (one.on === null ? one.name.startsWith("sessions.") : tables.has(one.on))
  ).filter(({ kind, on }) => kind !== "sequence" || on === null);
}

/** Would it break what our functions do? */
export function isHarmful(
  compared: Comparison,
): (one: CatalogueObject) => boolean {
  const all = new Set(added(compared).map(keyOf));
  return (one) => all.has(keyOf(one)) && (isUnfilled(one) || isInstead(one));
}

function isUnfilled({ kind, traits }: Definition): boolean {
  return kind === "column" && traits["not null"] === "true" &&
    traits["default"] === undefined && traits["generated"] === undefined &&
    traits["identity"] === undefined;
}

function isInstead({ kind, traits }: Definition): boolean {
  return kind === "rule" && traits.instead === "true";
}

export function harm(one: CatalogueObject): Finding {
  if (one.kind === "column") {
    return wrong(
      `The ${
        named(one)
      } is yours, not null and without a default: our functions cannot insert rows.`,
      runAsPostgres(
        `alter table ${one.on} alter column ${quoted(one.name)} drop not null;`,
      ),
    );
  }
  return wrong(
    `The ${named(one)} is not ours, and replaces what our functions write.`,
    runAsPostgres(`drop rule ${quoted(one.name)} on ${one.on};`),
  );
}

export function notesOn(compared: Comparison): Finding[] {
  const all = added(compared);
  const isRenamed = new Set(
    compared.wanted.filter(({ kind }) => kind === "constraint")
      .map((made) => renamedConstraint(made, compared)),
  );
  const policies = all.filter(({ kind, traits }) =>
    kind === "policy" && traits.permissive === "true"
  );
  const onTables = all.filter((one) =>
    one.on !== null && !policies.includes(one) && !isUnfilled(one) &&
    !isInstead(one) && !isRenamed.has(one.name)
  );
  const inSchema = all.filter(({ on }) => on === null);
  return [
    ...policies.map(({ on, name }) =>
      note(
        `A policy of yours is on one of our tables (${on}: ${name}): users may be able to read more.`,
      )
    ),
    ...(onTables.length === 0 ? [] : [
      note(
        `On our tables there are objects of yours, which uninstalling removes: ${
          onTables.map(named).join(", ")
        }.`,
      ),
    ]),
    ...inSchema.map((one) =>
      note(
        `The ${
          named(one)
        } is not ours. As long as it exists, the schema sessions cannot be removed.`,
      )
    ),
  ];
}
