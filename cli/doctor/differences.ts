// Compares a database with what the package's SQL makes: what is missing, what is
// different, who owns it, and what the app has added. Each finding says how to mend it:
// applying the SQL again where that does, and otherwise the statement.
import { harm, isHarmful, notesOn } from "./added.ts";
import { type Comparison, keyOf, sortedByKind } from "./comparison.ts";
import { differenceOf } from "./different.ts";
import { applyAgain, type Finding, ok } from "./finding.ts";
import { isExplained, missing } from "./missing.ts";
import { ownerFindings } from "./owners.ts";

/** Everything that differs, and a line if nothing does. */
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
