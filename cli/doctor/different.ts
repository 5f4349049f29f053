// What a database has, but not as the package's SQL makes it.
import type { CatalogueObject } from "./catalogue.ts";
import { type Comparison, named, quoted } from "./comparison.ts";
import type { Made } from "./definitions.ts";
import { type Finding, runAsPostgres, wrong } from "./finding.ts";
import { grantFindings } from "./owners.ts";
import { addConstraint, isOfType, replaceType } from "./statements.ts";

/** Says how an object differs, and how to mend it. */
export function differenceOf(
  made: Made,
  found: CatalogueObject,
  compared: Comparison,
  again: string,
): Finding[] {
  const names = [
    ...new Set([...Object.keys(made.traits), ...Object.keys(found.traits)]),
  ].filter((name) => made.traits[name] !== found.traits[name])
    .filter((name) => !isHarmless(made, name));
  const grants = grantFindings(made, found, again);
  if (names.length === 0) return grants;
  if (isOfType(made, compared)) {
    const says = `The ${named(made)} differs from this version: ${
      list(names, made, found)
    }.`;
    return [replaceType(says, made, compared.wanted, again)];
  }
  return [
    ...definitionFindings(made, found, compared, names, again),
    ...grants,
  ];
}

/** Row level security does not apply to the owner, who alone uses these tables. */
function isHarmless(made: Made, trait: string): boolean {
  return trait === "row level security" && made.traits[trait] === "false";
}

function definitionFindings(
  made: Made,
  found: CatalogueObject,
  compared: Comparison,
  names: string[],
  again: string,
): Finding[] {
  switch (made.kind) {
    case "function":
      return [functionFinding(made, found, names, again)];
    case "column":
      return names.map((name) =>
        columnFinding(made, found, compared, name, again)
      );
    case "constraint":
      return [constraintFinding(made, found)];
    case "index":
      return [
        wrong(
          `The ${
            named(made)
          } is another one, or not valid: ${found.traits.definition}.`,
          runAsPostgres(
            `drop index ${made.name}; ${made.traits.definition};`,
          ),
        ),
      ];
    case "table":
      return names.map((name) => tableFinding(made, name, again));
    case "sequence":
      return [sequenceFinding(made, found, names)];
    case "trigger":
      return [
        wrong(
          found.traits.enabled === "D"
            ? `The ${named(made)} is disabled.`
            : `The ${named(made)} differs from this version: ${
              list(names, made, found)
            }.`,
          again,
        ),
      ];
    default:
      return [
        wrong(
          `The ${named(made)} differs from this version: ${
            list(names, made, found)
          }.`,
          again,
        ),
      ];
  }
}

/** `create or replace` mends the rest. */
const fixedTraits = ["arguments", "result", "kind"];

function functionFinding(
  made: Made,
  found: CatalogueObject,
  names: string[],
  again: string,
): Finding {
  const says = `The ${named(made)} differs from this version: ${
    list(names, made, found)
  }.`;
  return names.some((name) => fixedTraits.includes(name))
    ? wrong(says, runAsPostgres(`drop function ${made.name};`, again))
    : wrong(says, again);
}

/** The traits that differ, in words. */
function list(names: string[], made: Made, found: CatalogueObject): string {
  return names.map((name) => {
    const is = found.traits[name];
    switch (name) {
      case "body":
        return "its body was edited";
      case "security":
        return `it is security ${is}`;
      case "settings":
        return is ? `it is set to ${is}` : "it has no settings";
      case "volatility":
        return "its volatility was changed";
      case "strict":
        return is === "true"
          ? "it is strict: with a null it answers null"
          : "it is not strict";
      default:
        return `${name} is ${is ?? "not set"}, and should be ${
          made.traits[name] ?? "not set"
        }`;
    }
  }).join("; ");
}

/** Statements that drop what keeps the type of a column from being changed. */
function usersOf({ on, name }: Made, { found }: Comparison): string[] {
  const isIt = new RegExp(`\\b${name}\\b`);
  return found.filter((one) =>
    one.on === on &&
    (one.kind === "policy" && isIt.test(one.traits.using ?? "") ||
      one.kind === "trigger" &&
        isIt.test(/ OF (.*?) ON /.exec(one.traits.definition ?? "")?.[1] ?? ""))
  ).map((one) => `drop ${one.kind} ${quoted(one.name)} on ${on}; `);
}

function columnFinding(
  made: Made,
  found: CatalogueObject,
  compared: Comparison,
  trait: string,
  again: string,
): Finding {
  const is = found.traits[trait];
  const should = made.traits[trait];
  const says = trait === "not null"
    ? `The ${named(made)} ${
      should === "true"
        ? "accepts nulls, and should not"
        : "refuses nulls, and should not: writes of our functions fail"
    }.`
    : `The ${named(made)} differs from this version: its ${trait} is ${
      is ?? "gone"
    }, and should be ${should ?? "none"}.`;
  const alter = `alter table ${made.on} alter column ${made.name}`;
  switch (trait) {
    case "not null":
      return wrong(
        says,
        runAsPostgres(
          `${alter} ${should === "true" ? "set" : "drop"} not null;`,
        ),
      );
    case "default":
      return wrong(
        says,
        runAsPostgres(
          should === undefined
            ? `${alter} drop default;`
            : `${alter} set default ${should};`,
        ),
      );
    case "identity":
      return wrong(
        says,
        runAsPostgres(
          is === undefined
            ? `${alter} add generated always as identity;`
            : `${alter} set generated always;`,
          again,
        ),
      );
    case "generated":
      return wrong(
        says,
        runAsPostgres(
          `alter table ${made.on} drop column ${made.name}; alter table ${made.on} add column ${made.name} ${made.traits.type}${
            made.traits["not null"] === "true" ? " not null" : ""
          } generated always as ${should?.slice(2)} stored;`,
          again,
        ),
      );
    default:
      return wrong(
        says,
        runAsPostgres(
          `${
            usersOf(made, compared).join("")
          }${alter} type ${should} using ${made.name}::${should};`,
          again,
        ),
      );
  }
}

function constraintFinding(made: Made, found: CatalogueObject): Finding {
  if (made.traits.definition === found.traits.definition) {
    return wrong(
      `The ${named(made)} is not valid: rows may violate it.`,
      runAsPostgres(
        `alter table ${made.on} validate constraint ${made.name};`,
      ),
    );
  }
  return wrong(
    `The ${
      named(made)
    } is ${found.traits.definition}, and should be ${made.traits.definition}.`,
    runAsPostgres(
      `alter table ${made.on} drop constraint ${made.name}; ${
        addConstraint(made)
      }`,
    ),
  );
}

function tableFinding(
  made: Made,
  trait: string,
  again: string,
): Finding {
  switch (trait) {
    case "persistence":
      return wrong(
        `The ${named(made)} is unlogged: a crash of the server empties it.`,
        runAsPostgres(`alter table ${made.name} set logged;`),
      );
    case "row level security":
      return wrong(
        `Row level security is off on ${made.name}: users read the rows of others.`,
        again,
      );
    case "forced":
      return wrong(
        `Row level security is forced on ${made.name}: it applies to our functions, too.`,
        runAsPostgres(`alter table ${made.name} no force row level security;`),
      );
    default:
      return wrong(
        `The ${named(made)} is not a plain table.`,
        `Move it out of the way: alter … ${made.name} rename to …; then: ${again}`,
      );
  }
}

function sequenceFinding(
  made: Made,
  found: CatalogueObject,
  names: string[],
): Finding {
  const { increment, minvalue, maxvalue, cache, cycle, type } = made.traits;
  return wrong(
    `The ${named(made)} differs from this version: ${
      list(names, made, found)
    }. Later grants may not have higher fences.`,
    runAsPostgres(
      `alter sequence ${made.name} as ${type} increment ${increment} minvalue ${minvalue} maxvalue ${maxvalue} cache ${cache}${
        cycle === "true" ? "" : " no"
      } cycle;`,
    ),
  );
}
