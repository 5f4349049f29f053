// Who owns the objects, and who may use them.
import type { CatalogueObject, Kind } from "./catalogue.ts";
import { type Comparison, keyOf, listed, named } from "./comparison.ts";
import type { Made } from "./definitions.ts";
import { type Finding, runAsPostgres, wrong } from "./finding.ts";

/** Privileges of the API roles that differ. */
export function grantFindings(
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
export function ownerFindings({ found, wanted }: Comparison): Finding[] {
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
