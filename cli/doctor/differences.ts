// Compares a database with what the package's SQL makes: what is missing, what is
// different, who owns it, and what the app has added. Each finding says how to mend it:
// applying the SQL again where that does, and otherwise the statement.
import type { OptionalChapter } from "../package_files.ts";
import type { CatalogueObject, Definition, Kind } from "./catalogue.ts";
import type { Chapter, Made } from "./definitions.ts";
import {
  applyAgain,
  type Finding,
  note,
  ok,
  runAsPostgres,
  wrong,
} from "./finding.ts";

/** What is compared. */
export interface Comparison {
  found: CatalogueObject[];
  /** What the installed chapters make. */
  wanted: Made[];
  /** What the others would make. */
  others: Made[];
  optional: OptionalChapter[];
}

/** Compares with the chapters of which a function is there. */
export function comparison(
  found: CatalogueObject[],
  all: Made[],
): Comparison {
  const there = new Map(found.map((one) => [keyOf(one), one]));
  // in public the app may have one of the same name
  const isThere = (chapter: Chapter) =>
    all.filter((made) => made.chapter === chapter && made.kind === "function")
      .some((made) => {
        const one = there.get(keyOf(made));
        return one && (made.name.startsWith("sessions.") ||
          one.traits.body === made.traits.body);
      });
  const optional = [...new Set(all.map(({ chapter }) => chapter))]
    .filter((chapter) => chapter !== "core" && isThere(chapter))
    .map((chapter) => chapter as OptionalChapter);
  const installed: Chapter[] = ["core", ...optional];
  return {
    found,
    optional,
    wanted: all.filter(({ chapter }) => installed.includes(chapter)),
    others: all.filter(({ chapter }) => !installed.includes(chapter)),
  };
}

/** Everything that differs, and a line for each kind of object that does not. */
export function differences(compared: Comparison): Finding[] {
  const { found, wanted, optional } = compared;
  const there = new Map(found.map((one) => [keyOf(one), one]));
  const again = applyAgain(optional);
  const problems = [
    ...ownerFindings(compared),
    ...sortedByKind(wanted).flatMap((made) => {
      const one = there.get(keyOf(made));
      if (one) return differenceOf(made, one, compared, again);
      return isExplained(made, compared) ? [] : missing(made, compared, again);
    }),
    ...found.filter(isHarmful(compared)).map(harm),
  ];
  return [
    ok(`Chapters: ${["core", ...optional].join(", ")}.`),
    ...problems,
    ...(problems.length === 0
      ? [
        ok(
          `All ${wanted.length} objects are those of this version: tables, functions, policies, their owners and grants.`,
        ),
      ]
      : []),
    ...notesOn(compared),
  ];
}

/** The order in which they are mended: what others need comes first. */
const kinds: Kind[] = [
  ...["schema", "sequence", "type", "table", "column"] as const,
  ...["constraint", "index", "trigger", "policy", "rule"] as const,
  "function",
];

function sortedByKind(made: Made[]): Made[] {
  const rank = ({ kind, traits }: Made) =>
    kinds.indexOf(kind) +
    // a foreign key needs the key that it refers to
    (traits.definition?.startsWith("FOREIGN") ? 0.5 : 0);
  return [...made].sort((a, b) => rank(a) - rank(b));
}

export function keyOf({ kind, on, name }: Definition): string {
  return `${kind} ${on} ${name}`;
}

/** As it is named in a sentence. */
function named({ kind, on, name }: Definition): string {
  switch (kind) {
    case "column":
      return `column ${on}.${name}`;
    case "constraint":
    case "trigger":
    case "policy":
    case "rule":
      return `${kind} ${on}: ${name}`;
    default:
      return `${kind} ${name}`;
  }
}

/** Its table is missing, the one that it refers to, or the column that it numbers. */
function isExplained(made: Made, { found }: Comparison): boolean {
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

// Missing ------------------------------------------------------------------------

function missing(made: Made, compared: Comparison, again: string): Finding[] {
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

function renamedConstraint(
  made: Made,
  { found, wanted }: Comparison,
): string | undefined {
  const ours = new Set(wanted.map(keyOf));
  return found.find((one) =>
    one.kind === "constraint" && one.on === made.on &&
    one.traits.definition === made.traits.definition && !ours.has(keyOf(one))
  )?.name;
}

function addConstraint({ on, name, traits }: Made): string {
  return `alter table ${on} add constraint ${name} ${traits.definition};`;
}

function isOfType({ on }: Made, { wanted }: Comparison): boolean {
  return wanted.some(({ kind, name }) => kind === "type" && name === on);
}

/** A composite type gets its columns in the order in which they are made. */
function replaceType(
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

// Different ----------------------------------------------------------------------

function differenceOf(
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
          `The ${named(made)} ${
            found.traits.valid === "true" ? "is another one" : "is not valid"
          }: ${found.traits.definition}.`,
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

// Grants and owners --------------------------------------------------------------

function grantFindings(
  made: Made,
  found: CatalogueObject,
  again: string,
): Finding[] {
  if (made.kind === "function") {
    const [is, should] = [found, made].map(({ grants }) =>
      Object.keys(grants).sort()
    );
    return `${is}` === `${should}` ? [] : [
      wrong(
        `The ${named(made)} may be executed by ${
          listed(is)
        }, and should be executable by ${listed(should)}.`,
        again,
      ),
    ];
  }
  const roles = new Set([
    ...Object.keys(made.grants),
    ...Object.keys(found.grants),
  ]);
  return [...roles].sort().flatMap((role) => {
    const [is, should] = [found, made].map(({ grants }) => grants[role] ?? []);
    if (`${is}` === `${should}`) return [];
    return [
      wrong(
        `The role ${role} has ${listed(is)} on the ${
          named(made)
        }, and should have ${listed(should)}.`,
        again,
      ),
    ];
  });
}

const ownKinds: Kind[] = ["schema", "table", "sequence", "type", "function"];

/** Functions run with the rights of their owner. */
function ownerFindings({ found, wanted }: Comparison): Finding[] {
  const ours = new Set(wanted.map(keyOf));
  const owned = found.filter((one) =>
    ours.has(keyOf(one)) && ownKinds.includes(one.kind) &&
    !(one.kind === "sequence" && one.on !== null)
  );
  const owner = mostFrequent(owned.map(({ owner }) => owner));
  return owned.filter((one) => one.owner !== owner).map((one) =>
    wrong(
      `The ${
        named(one)
      } belongs to ${one.owner}, and the others to ${owner}: the functions run with the rights of their owner.`,
      runAsPostgres(
        `alter ${one.kind} ${one.name} owner to ${owner};`,
        undefined,
        one.owner,
      ),
    )
  );
}

function mostFrequent(names: string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}

// What the app has added -----------------------------------------------------------

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
function isHarmful(compared: Comparison): (one: CatalogueObject) => boolean {
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

function harm(one: CatalogueObject): Finding {
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

function notesOn(compared: Comparison): Finding[] {
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

function listed(names: string[] = []): string {
  return names.length === 0 ? "none" : names.join(", ");
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}
