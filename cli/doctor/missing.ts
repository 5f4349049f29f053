// What a database lacks.
import { type Comparison, keyOf, named, quoted } from "./comparison.ts";
import type { Made } from "./definitions.ts";
import { type Finding, runAsPostgres, wrong } from "./finding.ts";
import { addConstraint, isOfType, replaceType } from "./statements.ts";

/** Its table is missing, the one that it refers to, or the column that it numbers. */
export function isExplained(made: Made, { found }: Comparison): boolean {
  const [, target] = /REFERENCES ([\w.]+)\(/.exec(
    made.traits.definition ?? "",
  ) ?? [];
  const relations = found.filter(({ kind }) =>
    kind === "table" || kind === "type"
  ).map(({ name }) => name);
  return made.kind === "sequence" && made.on !== null ||
    [made.on, target].some((name) =>
      name !== null && name !== undefined && !name.startsWith("auth.") &&
      !relations.includes(name)
    );
}

/** Says what is missing, and how to make it again. */
export function missing(
  made: Made,
  compared: Comparison,
  again: string,
): Finding[] {
  const says = `The ${named(made)} is missing${breaks(made)}.`;
  switch (made.kind) {
    case "column":
      return [missingColumn(made, compared, again)];
    case "constraint": {
      const renamed = renamedConstraint(made, compared);
      return [
        renamed === undefined
          ? wrong(says, runAsPostgres(addConstraint(made)))
          : wrong(
            `The ${
              named(made)
            } is called ${renamed}: our functions use its name.`,
            runAsPostgres(
              `alter table ${made.on} rename constraint ${
                quoted(renamed)
              } to ${made.name};`,
            ),
          ),
      ];
    }
    default:
      return [wrong(says, again)];
  }
}

function missingColumn(
  made: Made,
  compared: Comparison,
  again: string,
): Finding {
  if (isOfType(made, compared)) {
    const says = `The ${named(made)} is missing.`;
    return replaceType(says, made, compared.wanted, again);
  }
  const says = `The ${named(made)} is missing, with its data.`;
  const { type, generated, identity } = made.traits;
  const isNeeded = made.traits["not null"] === "true";
  const value = made.traits["default"];
  const statement = [
    `alter table ${made.on} add column ${made.name} ${type}`,
    ...(isNeeded ? ["not null"] : []),
    ...(value === undefined ? [] : [`default ${value}`]),
    ...(generated === undefined
      ? []
      : [`generated always as ${generated.slice(2)} stored`]),
    ...(identity === undefined ? [] : ["generated always as identity"]),
  ].join(" ") + ";";
  const isFilled = !isNeeded || value !== undefined ||
    generated !== undefined || identity !== undefined;
  return wrong(
    says,
    (isFilled
      ? ""
      : "If the table has rows, restore it from a backup. If it has none: ") +
      runAsPostgres(statement, again),
  );
}

/** What the lack of it breaks, where that is not plain. */
function breaks({ kind, name, on, traits }: Made): string {
  if (kind === "table") return ", with its data";
  if (kind === "policy") return ": users do not see their own rows";
  if (kind === "index") return ": the reaper or the health reads whole tables";
  if (kind === "sequence") return ": no session can start or end";
  const { definition = "" } = traits;
  if (name === "interviews_pkey") {
    return ": start_session() fails for an interview";
  }
  if (definition.startsWith("PRIMARY KEY")) {
    return `: two rows of ${on} may be the same`;
  }
  if (definition.startsWith("FOREIGN KEY")) {
    return ": rows stay when what they belong to is deleted";
  }
  if (definition.startsWith("CHECK")) return ": invalid rows are accepted";
  return "";
}

/** The name that a constraint of ours has now. */
export function renamedConstraint(
  made: Made,
  { found, wanted }: Comparison,
): string | undefined {
  const ours = new Set(wanted.map(keyOf));
  return found.find((one) =>
    one.kind === "constraint" && one.on === made.on &&
    one.traits.definition === made.traits.definition && !ours.has(keyOf(one))
  )?.name;
}
