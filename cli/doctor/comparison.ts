// What is compared, and what the comparisons share.
import type { OptionalChapter } from "../package_files.ts";
import type { CatalogueObject, Definition, Kind } from "./catalogue.ts";
import type { Chapter, Made } from "./definitions.ts";

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

/** The order in which they are mended: what others need comes first. */
const kinds: Kind[] = [
  ...["schema", "sequence", "type", "table", "column"] as const,
  ...["constraint", "index", "trigger", "policy", "rule"] as const,
  "function",
];

export function sortedByKind(made: Made[]): Made[] {
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
export function named({ kind, on, name }: Definition): string {
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

/** Names in a sentence. */
export function listed(names: string[] = []): string {
  return names.length === 0 ? "none" : names.join(", ");
}

export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}
