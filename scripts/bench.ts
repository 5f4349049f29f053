// `npm run bench`: what does it cost, how does that grow, and what would one have
// got instead? Measures, and writes what it measured.
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Effort, full, quick, smoke } from "./bench/effort.ts";
import { questions } from "./bench/questions.ts";
import { linesOf, writeReport } from "./bench/report.ts";
import { runBench } from "./bench/run.ts";
import { repositoryRoot } from "./stack/paths.ts";
import { StackProblem } from "./stack/problem.ts";

const help = `npm run bench -- [options]

Measures this component beside others that do the same work, on a Postgres of
its own. Takes about a quarter of an hour; the machine should do nothing else.
Writes docs/benchmarks and the tables in docs/benchmarks.md.

  --quick             a minute: enough to see that it runs
  --smoke             seconds: as little as possible of everything
  --only <question>   this one alone; may be given more than once
  --out <folder>      write into this folder, and not into docs
  --list              name the questions, and answer none
  --help              this text

With --quick, --smoke or --only, docs stay as they are: what is measured is
written to .stack/bench.
`;

const usageError = 2;

interface Options {
  effort: Effort;
  only: string[];
  out?: string;
}

const options = readOptions(process.argv.slice(2));
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => interruption.abort());
}
process.exit(await bench(options));

async function bench({ effort, only, out }: Options): Promise<number> {
  const folder = fs.mkdtempSync(join(tmpdir(), "interview-sessions-bench-"));
  // started by root, Postgres is another user
  fs.chmodSync(folder, 0o711);
  try {
    const asked = only.length === 0
      ? questions
      : questions.filter(({ name }) => only.includes(name));
    const began = performance.now();
    const results = await runBench({
      questions: asked,
      effort,
      folder,
      signal: interruption.signal,
      say: (line) => {
        const seconds = Math.round((performance.now() - began) / 1000);
        console.error(`${String(seconds).padStart(5)} s  ${line}`);
      },
    });
    for (const line of linesOf(results, asked)) console.log(line);
    const isForDocs = effort === full && only.length === 0 && !out;
    const written = writeReport(results, questions, {
      folder: out ??
        (isForDocs
          ? join(repositoryRoot, "docs", "benchmarks")
          : join(repositoryRoot, ".stack", "bench")),
      document: isForDocs
        ? join(repositoryRoot, "docs", "benchmarks.md")
        : undefined,
    });
    console.log(`\nWritten: ${written}`);
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error("Interrupted.");
      return 130;
    }
    if (!(error instanceof StackProblem)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: "boolean" },
        smoke: { type: "boolean" },
        only: { type: "string", multiple: true },
        out: { type: "string" },
        list: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(help.trimEnd());
      process.exit(0);
    }
    if (values.list) {
      for (const { name, title } of questions) console.log(`${name}  ${title}`);
      process.exit(0);
    }
    const only = values.only ?? [];
    const unknown = only.filter((name) =>
      !questions.some((question) => question.name === name)
    );
    if (unknown.length > 0) {
      throw new Error(
        `There is no question ${unknown.join(", ")}: --list names them all.`,
      );
    }
    return {
      effort: values.smoke ? smoke : values.quick ? quick : full,
      only,
      out: values.out && resolve(values.out),
    };
  } catch (error) {
    console.error((error as Error).message);
    console.error(`"npm run bench -- --help" says how it is used.`);
    process.exit(usageError);
  }
}
