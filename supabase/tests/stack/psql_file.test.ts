// The runner reads the pgTAP files as psql does: \ir includes a file, positions
// are reported as lines of the file they are in, other commands are refused.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { PsqlProblem, readPsqlFile } from "../../../scripts/test/psql_file.ts";

let folder: string;

Deno.test.beforeEach(() => {
  folder = fs.mkdtempSync(join(os.tmpdir(), "psql file "));
});
Deno.test.afterEach(() => fs.rmSync(folder, { recursive: true }));

Deno.test("\\ir includes a file, relative to the one that names it", () => {
  write("helpers.psql", "select 'helper';");
  write("tests/a.test.sql", "begin;\n\\ir ../helpers.psql\nrollback;");

  const { text } = readPsqlFile(join(folder, "tests/a.test.sql"));

  assert.equal(text, "begin;\nselect 'helper';\nrollback;");
});

Deno.test("a position is a line of the file it is in", () => {
  write("helpers.psql", "-- 💻 one character\nselect wrong;");
  write("a.test.sql", "begin;\n\\ir helpers.psql\nselect wrong_too;");

  const { text, placeOf } = readPsqlFile(join(folder, "a.test.sql"));
  const positionOf = (word: string) =>
    [...text.slice(0, text.indexOf(word))].length + 1;

  assert.equal(placeOf(positionOf("begin")), "line 1");
  assert.equal(placeOf(positionOf("wrong;")), "helpers.psql, line 2");
  assert.equal(placeOf(positionOf("wrong_too")), "line 3");
});

Deno.test("\\ir may be indented, its file may be in quotes, and a byte order mark is no text", () => {
  write("the helpers.psql", "\ufeffselect 'helper';");
  write("a.test.sql", "\ufeffbegin;\n  \\ir 'the helpers.psql'\nrollback;");

  const { text } = readPsqlFile(join(folder, "a.test.sql"));

  assert.equal(text, "begin;\nselect 'helper';\nrollback;");
});

const refusal =
  "cannot be used in a test: the only psql command that the tests understand " +
  "is \\ir <file>, on a line of its own";

const refused = {
  "another command": [
    "select 1;\n  \\set x 1",
    `line 2: \\set ${refusal}`,
  ],
  "\\ir without a file": [
    "\\ir",
    `line 1: \\ir ${refusal}`,
  ],
  "\\gset after a query": [
    "select 1 as one \\gset\nselect :one;",
    `line 1: \\gset ${refusal}`,
  ],
  "\\ir in the middle of a line": [
    "\\ir helpers.psql \\echo 1",
    `line 1: \\ir ${refusal}`,
  ],
  "a file that is not there": [
    "\n\\ir missing.psql",
    "line 2: missing.psql: No such file",
  ],
  "a file that includes itself": [
    "\\ir a.test.sql",
    "line 1: a.test.sql includes itself",
  ],
};

for (const [what, [text, message]] of Object.entries(refused)) {
  Deno.test(`${what} is refused with its line`, () => {
    write("a.test.sql", text);

    assert.throws(
      () => readPsqlFile(join(folder, "a.test.sql")),
      (error) => error instanceof PsqlProblem && error.message === message,
    );
  });
}

Deno.test("a command in an included file is refused with that file's line", () => {
  write("helpers.psql", "select 1;\n\\echo 2");
  write("a.test.sql", "begin;\n\\ir helpers.psql");

  assert.throws(
    () => readPsqlFile(join(folder, "a.test.sql")),
    /^Error: helpers\.psql, line 2: \\echo cannot be used in a test/,
  );
});

function write(name: string, text: string) {
  const path = join(folder, name);
  fs.mkdirSync(join(path, ".."), { recursive: true });
  fs.writeFileSync(path, text);
}
