// Does docs/troubleshooting.md have every message: of the SQL, of the Edge Function,
// and of `doctor`? Messages are compared without blanks, without marks of Markdown,
// and without what varies in them, which the page shows as "…".
import assert from "node:assert/strict";
import ts from "typescript-5";
import { statusOfSqlState } from "../../../scripts/stack/rest_error.ts";
import { migrationFiles } from "../../../scripts/test/databases_fixture.ts";
import { filesBelow, textOf } from "../../../scripts/test/files.ts";

const page = bare(textOf("docs/troubleshooting.md"));

/** A text with nothing in it that may differ between the page and a message. */
function bare(text: string): string {
  return text.replaceAll(/…|\\n|[\s`*\\]/g, "");
}

function assertAreOnThePage(messages: string[], atLeast: number) {
  assert(messages.length >= atLeast, `only ${messages.length} were found`);
  const missing = messages.filter((message) => !page.includes(bare(message)));
  assert.deepEqual([...new Set(missing)], []);
}

/** The string literals in SQL that follow these words. */
function literalsAfter(words: string): string[] {
  const pattern = new RegExp(
    `(?:${words})\\s*(?:(?:format|coalesce)\\(\\s*)?(?:sessions\\.\\w+\\(\\w+\\),\\s*)?e?'((?:[^']|'')*)'`,
    "g",
  );
  return migrationFiles().flatMap((file) =>
    [...textOf(file).matchAll(pattern)].map(([, text]) =>
      text.replaceAll("''", "'").replaceAll(/%[sIL]?/g, "…")
    )
  );
}

Deno.test("B3 every message of a refusal", () => {
  const own = literalsAfter("message =")
    // with arguments that are found below
    .filter((text) => !["… must be ….", "…", "completed"].includes(text));

  assertAreOnThePage(own, 12);
});

/** The rows of the tables that give a code and an HTTP status. */
const rows = textOf("docs/troubleshooting.md").split("\n")
  .filter((line) => line.startsWith("| ")).map((line) => line.split(/ *\| */))
  .map((cells) => ({
    message: bare(cells[1]),
    codes: cells.join(" ").match(/(?<=`)(PT\d{3}|[0-9A-Z]{5})(?=`)/g) ?? [],
    statuses: cells.filter((cell) => /^\d{3}$/.test(cell)).map(Number),
  }));

/** SQLSTATEs by the names that PL/pgSQL has for them. */
const sqlStates: Record<string, string> = {
  check_violation: "23514",
  insufficient_privilege: "42501",
  invalid_parameter_value: "22023",
  object_not_in_prerequisite_state: "55000",
  program_limit_exceeded: "54000",
  restrict_violation: "23001",
};

Deno.test("B3 every refusal has its code", () => {
  const raised = migrationFiles().flatMap((file) => [
    ...textOf(file).matchAll(
      /raise (?:sqlstate '(\w+)'|(\w+)) using\s+message = (?:format\(\s*)?e?'((?:[^']|'')*)'/g,
    ),
  ]);

  assert(raised.length >= 10);
  for (const [, code, name, message] of raised) {
    const wanted = code ?? sqlStates[name];
    assert(wanted, `no SQLSTATE is known for ${name}`);
    const text = bare(message.replaceAll("''", "'").replaceAll(/%s/g, ""));
    if (text === "mustbe.") continue; // every argument, below
    const row = rows.find((row) => row.message === text);
    // the preflight's is described in words
    if (!row?.codes.length) assert.match(text, /^Interviewsessions/);
    else assert.equal(row.codes[0], wanted, message);
  }
});

Deno.test("B3 every code has the HTTP status that the API gives it", () => {
  const pairs = rows.filter(({ codes, statuses }) =>
    codes.length > 0 && statuses.length === 1
  );

  assert(pairs.length >= 35, `${pairs.length}`);
  for (const { message, codes: [code], statuses: [status] } of pairs) {
    assert.equal(statusOfSqlState(code!, "", false), status, message);
  }
});

Deno.test("B3 every argument that is refused, and what it must be", () => {
  const calls = migrationFiles().flatMap((file) => [
    ...textOf(file).matchAll(
      /perform sessions\.refuse_(?:argument\('(\w+)', '([^']+)'\)|line\('(\w+)', (\d+), (\d+)\))/g,
    ),
  ]);
  const messages = calls.map(([, argument, must, line, shortest, longest]) =>
    line
      ? `${line} must be ${shortest} to ${longest} characters, none of them a control character.`
      : `${argument} must be ${must}.`
  );

  assertAreOnThePage(messages, 18);
});

Deno.test("B3 every end reason, and what the user is told", () => {
  const [reasons] = migrationFiles()
    .map((file) => /jsonb '(\{[^']*\})' ->> end_reason/.exec(textOf(file))?.[1])
    .filter((text) => text !== undefined);
  const entries = Object.entries(
    JSON.parse(reasons!) as Record<string, string>,
  );

  assertAreOnThePage(entries.flat(), 14);
});

Deno.test("B2 every reason of the health", () => {
  assertAreOnThePage(literalsAfter("v_row\\.reason :="), 14);
});

Deno.test("every warning in the log", () => {
  assertAreOnThePage(literalsAfter("raise warning"), 4);
});

Deno.test("C5 everything that the migration refuses", () => {
  assertAreOnThePage(literalsAfter("v_findings \\|\\|"), 20);
  assertAreOnThePage(literalsAfter("raise notice"), 5);
});

Deno.test("every refusal of the Edge Function", () => {
  const source = textOf("supabase/functions/reap-stale-sessions/index.ts");
  const messages = [
    ...source.matchAll(/refusal\(\s*\d+,\s*(?:"([^"]+)"|`([^`]+)`)/g),
  ].map(([, plain, template]) =>
    plain ?? template.replaceAll(/\$\{[^}]*\}/g, "")
  );

  assertAreOnThePage(messages, 4);
});

/** What the calls of a function say: their first argument, without what varies. */
function saidBy(callee: string, source: ts.SourceFile): string[] {
  const constants = new Map<string, ts.Expression>();
  const said: string[] = [];
  const visit = (node: ts.Node) => {
    if (
      ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) &&
      node.initializer
    ) constants.set(node.name.text, node.initializer);
    if (
      ts.isCallExpression(node) && node.expression.getText() === callee
    ) said.push(...textsOf(node.arguments[0], constants));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return said;
}

function textsOf(
  node: ts.Expression,
  constants: Map<string, ts.Expression>,
): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    return [
      [node.head, ...node.templateSpans.map(({ literal }) => literal)]
        .map(({ text }) => text).join("…"),
    ];
  }
  if (ts.isIdentifier(node)) {
    const value = constants.get(node.text);
    return value ? textsOf(value, constants) : [];
  }
  // one of several, by a key
  if (
    ts.isElementAccessExpression(node) &&
    ts.isObjectLiteralExpression(node.expression)
  ) {
    return node.expression.properties.flatMap((property) =>
      ts.isPropertyAssignment(property)
        ? textsOf(property.initializer, constants)
        : []
    );
  }
  return [];
}

Deno.test("C5 every finding of doctor that is wrong or a note", () => {
  const findings = filesBelow("cli", ".ts").flatMap((file) => {
    const source = ts.createSourceFile(
      file,
      textOf(file),
      ts.ScriptTarget.Latest,
      true,
    );
    return [...saidBy("wrong", source), ...saidBy("note", source)];
  });

  assertAreOnThePage(findings, 26);
});
