// Tells a run: as JSON, as Markdown, as plots, and in the terminal.
import * as fs from "node:fs";
import { join } from "node:path";
import type { Question, Table } from "./answer.ts";
import { goalRows } from "./goals.ts";
import { rounded } from "./numbers.ts";
import { svg } from "./plot.ts";
import type { Results } from "./run.ts";

/** Everything, as lines for the terminal. */
export function linesOf(results: Results, questions: Question[]): string[] {
  return [
    ...questions.flatMap(({ name, title }) => [
      "",
      `== ${title}`,
      ...results.answers[name].tables.flatMap((table) => [
        "",
        ...aligned(table),
      ]),
      ...results.answers[name].skipped.map((who) => `skipped: ${who}`),
    ]),
    "",
    ...aligned(goalTable(results)),
  ];
}

/** Writes the files, and says where. */
export function writeReport(
  results: Results,
  questions: Question[],
  o: { folder: string; document?: string },
): string {
  fs.mkdirSync(o.folder, { recursive: true });
  for (const name of fs.readdirSync(o.folder)) {
    if (name.endsWith(".svg")) fs.rmSync(join(o.folder, name));
  }
  const write = (name: string, text: string) =>
    fs.writeFileSync(join(o.folder, name), text);
  write("results.json", JSON.stringify(results, null, 2) + "\n");
  write("results.md", markdownOf(results, questions));
  for (const { plots } of Object.values(results.answers)) {
    for (const plot of plots) write(`${plot.name}.svg`, svg(plot));
  }
  if (o.document) {
    fs.writeFileSync(
      o.document,
      withParts(fs.readFileSync(o.document, "utf8"), results),
    );
  }
  format([o.folder, ...o.document ? [o.document] : []]);
  return o.folder;
}

/** As all else in the repository is formatted. */
function format(paths: string[]) {
  new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--no-config", ...paths],
  }).outputSync();
}

/** All tables and plots. */
export function markdownOf(results: Results, questions: Question[]): string {
  const answered = questions.filter(({ name }) => results.answers[name]);
  return [
    "# Results of a run",
    "",
    "Written by `npm run bench`. What they mean is in",
    "[docs/benchmarks.md](../benchmarks.md).",
    "",
    ...surroundings(results),
    "",
    "## Goals",
    "",
    ...markdownTable(goalTable(results)),
    ...answered.flatMap(({ name, title }) => {
      const { tables, plots, skipped } = results.answers[name];
      return [
        "",
        `## ${title}`,
        ...plots.flatMap((plot) => ["", `![${plot.title}](${plot.name}.svg)`]),
        ...tables.flatMap((table) => [
          "",
          `### ${table.title}`,
          "",
          ...table.note ? [table.note, ""] : [],
          ...markdownTable(table),
        ]),
        ...skipped.length > 0 ? ["", `Skipped: ${skipped.join("; ")}.`] : [],
      ];
    }),
    "",
  ].join("\n");
}

/** The parts of the document that come from a run stand between marks. */
function withParts(document: string, results: Results): string {
  const parts: Record<string, string[]> = {
    machine: surroundings(results),
    goals: markdownTable(goalTable(results)),
    plots: [
      "All tables and plots are in [results.md](benchmarks/results.md).",
      ...Object.values(results.answers).flatMap(({ plots }) =>
        plots.flatMap(({ name, title }) => [
          "",
          `![${title}](benchmarks/${name}.svg)`,
        ])
      ),
    ],
  };
  return document.replaceAll(
    /(<!-- from the run: (\w+) -->\n)[\s\S]*?(<!-- until here -->)/g,
    (whole, begin: string, name: string, end: string) =>
      parts[name] ? `${begin}\n${parts[name].join("\n")}\n\n${end}` : whole,
  );
}

function goalTable(results: Results): Table {
  return {
    title: "Goals",
    columns: ["", "goal", "measured: median (lowest – highest)", ""],
    rows: goalRows(results),
  };
}

function surroundings(results: Results): string[] {
  const { machine, versions, settings, effort } = results;
  return [
    `${results.ranAt.slice(0, 10)}, ${effort.name} run of ` +
    `${Math.round(results.tookSeconds / 60)} min, ${effort.rounds} rounds.`,
    `${machine.processors}, ${machine.memoryGiB} GiB, ${machine.system};`,
    `8 kB are on the disk after ${rounded(machine.syncMs)} ms; load before the`,
    `run ${machine.load.toFixed(1)}. ${versions.postgres.split(",")[0]};`,
    `${versions.pgbench}; ${versions.redis}. fsync on;`,
    `${
      Object.entries(settings).map(([k, v]) => `\`${k} = ${v}\``).join(", ")
    }.`,
  ];
}

function markdownTable({ columns, rows }: Table): string[] {
  const all = [columns, ...rows];
  const widths = columns.map((_, i) =>
    Math.max(3, ...all.map((row) => row[i].length))
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [
    line(columns),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map(line),
  ];
}

function aligned({ title, columns, rows }: Table): string[] {
  const all = [columns, ...rows];
  const widths = columns.map((_, i) =>
    Math.max(...all.map((row) => row[i].length))
  );
  return [
    title,
    ...all.map((row) =>
      row.map((cell, i) =>
        i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])
      ).join("  ").trimEnd()
    ).map((line) => `  ${line}`),
  ];
}
