// examples/github-actions/reap-stale-sessions.yml: what GitHub reads, and its script,
// run by bash as GitHub runs it.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import {
  cronSeconds,
  type Ended,
  file,
  folder,
  key,
  keyVariable,
  run,
  run200,
  standIn,
  testCommand,
  testWith,
  withNpx,
} from "./support.ts";

interface Workflow {
  on: { schedule: { cron: string }[]; workflow_dispatch: null };
  permissions: Record<string, string>;
  concurrency: { group: string; "cancel-in-progress": boolean };
  jobs: Record<string, Job>;
}

interface Job {
  "runs-on": string;
  "timeout-minutes": number;
  steps: {
    uses?: string;
    shell: string;
    env: Record<string, string>;
    run: string;
  }[];
}

const text = file("examples", "github-actions", "reap-stale-sessions.yml");
const workflow: Workflow = parse(text, { strict: true });
const [job, ...otherJobs] = Object.values(workflow.jobs);
const [step, ...otherSteps] = job.steps;

/** As GitHub does with `shell: bash`: a file, and these flags. */
async function call(settings: Record<string, string>): Promise<Ended> {
  using here = folder();
  const script = path.join(here.path, "script.sh");
  fs.writeFileSync(script, step.run);
  // what is not set is an empty text there
  const unset = Object.fromEntries(Object.keys(step.env).map((n) => [n, ""]));
  return await run(
    ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
    { ...unset, ...settings, ...withNpx(here.path), RUNNER_TEMP: here.path },
  );
}

const tools = ["bash", "jq"];

Deno.test("the workflow runs every five minutes, GitHub's least, and by hand", () => {
  assert.equal(workflow.on.schedule.length, 1);
  assert.equal(cronSeconds(workflow.on.schedule[0].cron), 300);
  assert("workflow_dispatch" in workflow.on);
  assert.equal(Object.keys(workflow.on).length, 2);
});

Deno.test("the workflow may do nothing else, for a bounded time, one at a time", () => {
  assert.deepEqual(workflow.permissions, {});
  assert.equal(workflow.concurrency.group, "reap-stale-sessions");
  assert.equal(workflow.concurrency["cancel-in-progress"], false);
  assert.deepEqual(otherJobs, []);
  assert.equal(job["timeout-minutes"], 5);
  assert.deepEqual(otherSteps, []);
  assert.equal(step.uses, undefined, "no code of others");
  assert.equal(step.shell, "bash");
});

Deno.test("the workflow's script is given its settings by the environment alone", () => {
  assert.deepEqual(step.env, {
    SUPABASE_URL: "${{ vars.SUPABASE_URL }}",
    [keyVariable]: `\${{ secrets.${keyVariable} }}`,
    PING_URL: "${{ secrets.INTERVIEW_SESSIONS_PING_URL }}",
  });
  assert.doesNotMatch(step.run, /\$\{\{/, "nothing is pasted into the script");
});

testCommand("the workflow's script", {
  tools,
  critical: 1,
  call,
});

Deno.test("the workflow runs this version of the package", () => {
  const { version } = JSON.parse(file("package.json"));
  assert(step.run.includes(`npx --yes interview-sessions@${version} reap `));
});

testWith(
  tools,
  "I7: the workflow's script refuses a URL without https",
  async () => {
    for (const url of ["ref.supabase.co", "http://ref.supabase.co"]) {
      const { code, all } = await call({
        SUPABASE_URL: url,
        [keyVariable]: key,
      });
      assert.equal(code, 1, all);
      assert.match(all, /--url wants the project's URL|travel in the clear/);
    }
  },
);

testWith(
  tools,
  "the workflow's script does nothing where nothing is set, and says so",
  async () => {
    const { code, out } = await call({});

    assert.equal(code, 0, out);
    assert.match(
      out,
      /^::notice title=Nothing was called::.*SUPABASE_URL.*INTERVIEW_SESSIONS_SECRET_KEY/,
    );
  },
);

testWith(
  tools,
  "the workflow's script fails where only half is set",
  async () => {
    await using project = standIn(run200());
    for (
      const [name, value] of [["SUPABASE_URL", project.url], [keyVariable, key]]
    ) {
      const { code, out } = await call({ [name]: value });
      assert.equal(code, 1, out);
      assert.match(out, /^::error title=Nothing was called::/);
    }
    assert.equal(project.calls.length, 0);
  },
);

testWith(
  tools,
  "the workflow's script annotates the run with what the health says",
  async () => {
    for (
      const [status, level] of [["warning", "warning"], ["critical", "error"]]
    ) {
      await using project = standIn(run200(status));
      const { out } = await call({
        SUPABASE_URL: project.url,
        [keyVariable]: key,
      });
      assert.match(
        out,
        new RegExp(`^::${level} .*::The health is ${status}\\.$`, "m"),
      );
    }
  },
);

testWith(
  ["shellcheck"],
  "shellcheck finds nothing in the workflow's script",
  async () => {
    using here = folder();
    const script = path.join(here.path, "script.sh");
    fs.writeFileSync(script, step.run);
    const { code, all } = await run(["shellcheck", "--shell=bash", script]);
    assert.equal(code, 0, all);
  },
);
