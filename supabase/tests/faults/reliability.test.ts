// docs/reliability.md is made by `npm run faults`: it tells of every test that
// has figures to tell, and of no other.
import assert from "node:assert/strict";
import { filesBelow, textOf } from "../../../scripts/test/files.ts";

Deno.test("the table of docs/reliability.md has a row for each test that breaks something, and none for any other", () => {
  const rows = [
    ...textOf("docs/reliability.md").matchAll(
      /^\| ((?:[A-Z]\d+,? ?)+: .*?) +\|/gm,
    ),
  ].map(([, name]) => name);
  const tests = ["faults", "pooler"]
    .flatMap((suite) => filesBelow(`supabase/tests/${suite}`, ".test.ts"))
    .flatMap((file) => testsThatReport(textOf(file)));
  assert(tests.length > 0);
  assert.deepEqual(rows.sort(), tests.sort());
});

Deno.test("C3 each fault of a delivery in docs/reliability.md is a test that exists", () => {
  const section = textOf("docs/reliability.md").split("## Deliveries")[1] ?? "";
  const named = [...section.split("\n## ")[0].matchAll(/\| (C3 .*?) +\|$/gm)]
    .map(([, name]) => name);
  const tests = textOf("supabase/tests/edge/deliveries.test.ts");
  assert(named.length >= 10);
  for (const name of named) assert(tests.includes(`"${name}"`), name);
});

/** The names of the tests in a file that call `report`. */
function testsThatReport(text: string): string[] {
  return text.split(/^(?=Deno\.test\(|testUnless\()/m)
    .filter((test) => /^ +test: t\.name,$/m.test(test))
    .map((test) => /"([A-Z]\d[^"]*)"/.exec(test)?.[1] ?? test);
}
