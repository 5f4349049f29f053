// Reads an SQL file as psql does, as far as the pgTAP files need it: \ir includes
// another file. Every other command of psql is refused.
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";

/** A file with what it includes. */
export interface SourceText {
  text: string;
  /** Where a character is, counted from 1 as Postgres does: "line 3". */
  placeOf(position: number): string;
}

/** The file cannot be read this way; the message says where and why. */
export class PsqlProblem extends Error {}

interface Line {
  text: string;
  place: string;
}

/** Reads a file and what it includes. */
export function readPsqlFile(file: string): SourceText {
  const lines = linesOf(file, []);
  const text = lines.map((line) => line.text).join("\n");
  return {
    text,
    placeOf(position) {
      // Postgres counts characters, not UTF-16 units
      const before = [...text].slice(0, position - 1);
      return lines[before.filter((c) => c === "\n").length].place;
    },
  };
}

/** The lines of a file, which `includedBy` includes from the outermost in. */
function linesOf(file: string, includedBy: string[]): Line[] {
  const chain = [...includedBy, file];
  // Like psql, without a byte order mark.
  const source = fs.readFileSync(file, "utf8").replace(/^\ufeff/, "");
  return source.split("\n").flatMap((text, index) => {
    const number = `line ${index + 1}`;
    const place = includedBy.length > 0
      ? `${basename(file)}, ${number}`
      : number;
    const command = commandIn(text);
    if (!command) return [{ text, place }];

    const [, quoted, bare] = includes.exec(text) ?? [];
    const included = quoted ?? bare;
    if (!included) {
      throw new PsqlProblem(
        `${place}: ${command} cannot be used in a test: the only psql command ` +
          `that the tests understand is \\ir <file>, on a line of its own`,
      );
    }
    const path = join(dirname(file), included);
    if (chain.includes(path)) {
      throw new PsqlProblem(`${place}: ${included} includes itself`);
    }
    if (!fs.existsSync(path)) {
      throw new PsqlProblem(`${place}: ${included}: No such file`);
    }
    return linesOf(path, chain);
  });
}

/** \ir with a file, which may be in single quotes. */
const includes = /^\s*\\ir\s+(?:'([^']+)'|([^\s'"]+))\s*$/;

/** psql's command in a line: at its beginning, or \gset and its like at its end. */
function commandIn(line: string): string | undefined {
  return /^\s*(\\\S*)/.exec(line)?.[1] ??
    /(\\(?:g|gx|gset|gexec|gdesc|watch|crosstabview))(?:\s+\w+)?\s*;?\s*$/
      .exec(line)?.[1];
}
