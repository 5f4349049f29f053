// The text of cli/doctor/definitions.json: what each chapter makes in an empty
// database, one object a line.
import type postgres from "postgres";
import { catalogueOf, type Definition } from "../../cli/doctor/catalogue.ts";
import type { Chapter, Made } from "../../cli/doctor/definitions.ts";
import { chapters, optionalChapters } from "../../cli/package_files.ts";

/** Applies the chapters to a database without them, and describes what they make. */
export async function definitionsText(sql: postgres.Sql): Promise<string> {
  const optional: readonly string[] = optionalChapters;
  const made: Made[] = [];
  const before = new Set((await definitionsIn(sql)).map(keyOf));
  for (const { name, sql: text } of chapters(optionalChapters)) {
    await sql.unsafe(text).simple();
    const chapter = optional.includes(name) ? name as Chapter : "core";
    const all = (await definitionsIn(sql))
      .filter((one) => !before.has(keyOf(one)));
    if (chapter === "core") {
      made.splice(0, Infinity, ...all.map((one) => ({ chapter, ...one })));
    } else {
      requireUnchanged(made, all, name);
      const known = new Set(made.map(keyOf));
      made.push(
        ...all.filter((one) => !known.has(keyOf(one)))
          .map((one) => ({ chapter, ...one })),
      );
    }
  }
  return `[\n${made.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`;
}

async function definitionsIn(sql: postgres.Sql): Promise<Definition[]> {
  const objects = await sql.begin((sql) => catalogueOf(sql, undefined));
  return objects.map(({ kind, on, name, traits, grants }) => ({
    ...{ kind, on, name },
    ...{ traits: sorted(traits), grants },
  }));
}

/** `doctor` could not tell which definition to expect. */
function requireUnchanged(made: Made[], now: Definition[], chapter: string) {
  const found = new Map(now.map((one) => [keyOf(one), one]));
  for (const { chapter: itsChapter, ...one } of made) {
    if (JSON.stringify(one) === JSON.stringify(found.get(keyOf(one)))) continue;
    throw new Error(
      `The optional chapter ${chapter} changes the ${one.kind} ${one.name} of ` +
        `the chapter ${itsChapter}.`,
    );
  }
}

function keyOf({ kind, on, name }: Definition): string {
  return `${kind} ${on} ${name}`;
}

function sorted(traits: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(traits).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
