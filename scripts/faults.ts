// `npm run faults`: produces each fault as often as asked for, and prints the table
// of docs/reliability.md.
import { cpus } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { reportOn } from "./test/report.ts";
import { runParts } from "./test/run_parts.ts";
import { selectParts } from "./test/selection.ts";
import { allParts } from "./test/suites.ts";
import type { Figure } from "../supabase/tests/faults/support.ts";

const help = `npm run faults -- [options]

  --times <n>   how often to produce each fault that takes about a second (20)
  --help        this text
`;

const { values } = parseArgs({
  options: {
    times: { type: "string", default: "20" },
    help: { type: "boolean" },
  },
});
if (values.help || !/^[1-9]\d*$/.test(values.times)) {
  console.error(help.trimEnd());
  Deno.exit(values.help ? 0 : 2);
}

const figures = await Deno.makeTempFile();
process.env.FAULT_TIMES = values.times;
process.env.FAULT_FIGURES = figures;
const interrupted = new AbortController();
Deno.addSignalListener("SIGINT", () => interrupted.abort());

// all but the test of the document
const parts = selectParts(allParts(), ["faults/", "pooler/sharing"])
  .filter(({ name }) => name !== "reliability.test.ts");
const report = reportOn(parts);
const began = performance.now();
await runParts(parts, report, interrupted.signal);
const { failed } = report.finish((performance.now() - began) / 1000);
if (failed === 0) console.log(`\n${table(await Deno.readTextFile(figures))}`);
await Deno.remove(figures);
Deno.exit(failed > 0 || interrupted.signal.aborted ? 1 : 0);

function table(lines: string): string {
  const rows = lines.trim().split("\n")
    .map((line) => JSON.parse(line) as Figure)
    .map(({ test, produced, times, lost }) =>
      `| ${test} | ${produced} | ${times} | ${lost} |`
    )
    .sort();
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, ` +
    `${Deno.build.os}, Postgres 17`,
    "",
    "| test | how the fault was produced | times | what was lost |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}
