// Does the bench run, and does it answer all that it is asked? No time is judged:
// what a machine is slow at today is not a fault of the code.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { goals } from "../../../scripts/bench/goals.ts";
import { questions } from "../../../scripts/bench/questions.ts";
import type { Results } from "../../../scripts/bench/run.ts";
import { findPgbench } from "../../../scripts/bench/tools.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { configOf, offline } from "../../../scripts/test/deno_command.ts";

const asked = ["interview", "growth"];

const pgbench = findPgbench();
const isMissing = "reason" in pgbench;

Deno.test({
  name: `M11: the bench answers with all of its rows, facts and plots${
    isMissing ? ` (skipped: ${pgbench.reason})` : ""
  }`,
  ignore: isMissing,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "bench-" });
    try {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "--no-check", ...offline, ...configOf()],
          join(repositoryRoot, "scripts", "bench.ts"),
          ...["--smoke", "--out", folder],
          ...asked.flatMap((name) => ["--only", name]),
        ],
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));

      const results: Results = JSON.parse(
        fs.readFileSync(join(folder, "results.json"), "utf8"),
      );
      assert.deepEqual(Object.keys(results.answers), asked);
      for (const name of asked) {
        const question = questions.find((question) => question.name === name);
        const { facts, tables, plots } = results.answers[name];
        const missing = question?.gives.filter((fact) => !(fact in facts));
        assert.deepEqual(missing, [], `${name} lacks facts`);
        for (const { title, columns, rows } of tables) {
          assert(rows.length > 0, `"${title}" has no rows`);
          for (const row of rows) assert.equal(row.length, columns.length);
        }
        for (const plot of plots) {
          const svg = fs.readFileSync(join(folder, `${plot.name}.svg`), "utf8");
          assert.match(svg, /^<svg .*<\/svg>\n$/s);
          for (const { name } of plot.series) assert(svg.includes(name), name);
        }
      }
      const report = fs.readFileSync(join(folder, "results.md"), "utf8");
      for (const { what } of goals) assert(report.includes(what), what);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("M11: each goal is judged by a fact that a question gives", () => {
  for (const { what, question, fact } of goals) {
    const gives = questions.find(({ name }) => name === question)?.gives ?? [];
    assert(gives.includes(fact), `${what}: nobody gives "${fact}"`);
  }
});
