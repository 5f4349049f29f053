// What docs/scheduling.md says of the database, and each recipe's call, against
// a real project: its API, its Edge Function, its Postgres.
import assert from "node:assert/strict";
import process from "node:process";
import { parse } from "yaml";
import {
  keys,
  type Project,
  startProject,
} from "../../../scripts/test/api_fixture.ts";
import { moduleOf } from "../../../scripts/test/recipes.ts";
import { seedStale, stillThere } from "../edge/support.ts";
import {
  cronSeconds,
  file,
  folder,
  isThere,
  keyVariable,
  recipe,
  type Route,
  run,
  withNpx,
  type Worker,
} from "./support.ts";

const missing = [
  ...(process.env.TEST_TEMPLATE ? [] : [`server but with "npm test"`]),
  ...["bash", "jq"].filter((tool) => !isThere(tool)),
];

/** A test with a project of its own, skipped where something is missing. */
function test(name: string, fn: (project: Project) => Promise<void>) {
  Deno.test({
    name: missing.length === 0
      ? name
      : `${name} (skipped: no ${missing.join(", no ")} here)`,
    ignore: missing.length > 0,
    async fn() {
      const project = await startProject({ functions: true });
      try {
        await fn(project);
      } finally {
        await project.stop();
      }
    },
  });
}

/** The recipes, each calling the project with the key named cron. */
const callers: Record<string, (env: Record<string, string>) => unknown> = {
  async "the crontab"(env) {
    using here = folder();
    const [, line] = /^(?:\S+ ){5}(npx .+)\n$/.exec(recipe("crontab")) ?? [];
    assert(line);
    const { code, all } = await run(["sh", "-c", line], {
      ...env,
      ...withNpx(here.path),
    });
    assert.equal(code, 0, all);
  },
  async "the systemd service"(env) {
    using here = folder();
    const [, line] = /^ExecStart=(.+)$/m
      .exec(recipe("systemd/reap-stale-sessions.service")) ?? [];
    assert(line);
    const { code, all } = await run(line.split(" "), {
      ...env,
      ...withNpx(here.path),
    });
    assert.equal(code, 0, all);
  },
  async "the CronJob"(env) {
    using here = folder();
    const { spec } = parse(recipe("kubernetes/reap-stale-sessions.yaml"));
    const [{ command }] = spec.jobTemplate.spec.template.spec.containers;
    const { code, all } = await run(command, {
      ...env,
      ...withNpx(here.path),
    });
    assert.equal(code, 0, all);
  },
  async "npx interview-sessions reap, by hand"(env) {
    using here = folder();
    const line = recipe("reap.sh").trimEnd().split("\n")
      .find((line) => line.startsWith("npx "));
    assert(line);
    const { code, all } = await run(
      [
        "sh",
        "-eu",
        "-c",
        line.replace("https://<project>.supabase.co", "$SUPABASE_URL"),
      ],
      { ...env, ...withNpx(here.path) },
    );
    assert.equal(code, 0, all);
  },
  async "the GitHub workflow"(env) {
    using here = folder();
    const { jobs } = parse(
      file("examples", "github-actions", "reap-stale-sessions.yml"),
    );
    const { code, all } = await run(
      ["bash", "-eo", "pipefail", "-c", jobs.reap.steps[0].run],
      {
        ...{ PING_URL: "", RUNNER_TEMP: here.path },
        ...env,
        ...withNpx(here.path),
      },
    );
    assert.equal(code, 0, all);
  },
  async "the Cloudflare Worker"(env) {
    const { default: worker } = await moduleOf<Worker>(
      recipe("cloudflare/worker.ts"),
    );
    await worker.scheduled({}, env);
  },
  async "the Vercel route"(env) {
    const { GET } = await moduleOf<Route>(recipe("vercel/route.ts"));
    const settings = { ...env, CRON_SECRET: "s" };
    Object.assign(process.env, settings);
    try {
      const response: Response = await GET(
        new Request("https://app.example/", {
          headers: { authorization: "Bearer s" },
        }),
      );
      assert.equal(response.status, 200);
      assert.equal((await response.json()).status, "ok");
    } finally {
      for (const name of Object.keys(settings)) delete process.env[name];
    }
  },
};

test("each recipe has the stale sessions of a real project reaped", async (project) => {
  for (const [name, call] of Object.entries(callers)) {
    const [stale] = await seedStale(project, 1);
    assert.deepEqual(await stillThere(project), [stale], name);

    await call({ SUPABASE_URL: project.url, [keyVariable]: keys.secret.cron });

    assert.deepEqual(await stillThere(project), [], name);
  }
});

/** Makes the reaper's last run, and the only one, as old as that. */
async function lastRanAgo({ sql, service }: Project, interval: string) {
  const { error } = await service.rpc("reap_stale_sessions", {});
  assert.equal(error, null);
  await sql`
    update sessions.reaper_runs
    set ran_at = clock_timestamp() - ${interval}::interval
    where true`;
}

/** The answer of the monitor's request, as docs/scheduling.md has it. */
async function monitored({ url }: Project): Promise<string> {
  const [, request] = /GET https:\/\/<project>\.supabase\.co(\S+)/
    .exec(file("docs", "scheduling.md")) ?? [];
  const response = await fetch(url + request, {
    headers: { apikey: keys.secret.cron, "user-agent": "session-health" },
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

test("B2: the monitor's request shows that the reaper has stopped, and when", async (project) => {
  const shown = {
    ok: "1 minute",
    warning: "4 minutes",
    critical: "11 minutes",
  };
  for (const [status, age] of Object.entries(shown)) {
    await lastRanAgo(project, age);
    assert.match(await monitored(project), new RegExp(`"status":"${status}"`));
  }

  await project.sql.unsafe(recipe("reap_every.sql")).simple();

  const every5Minutes = {
    ok: "12 minutes",
    warning: "16 minutes",
    critical: "51 minutes",
  };
  for (const [status, age] of Object.entries(every5Minutes)) {
    await lastRanAgo(project, age);
    assert.match(await monitored(project), new RegExp(`"status":"${status}"`));
  }
});

test("the regularity of the schedule can be asked for", async (project) => {
  for (let runs = 0; runs < 2; runs++) {
    const { error } = await project.service.rpc("reap_stale_sessions", {});
    assert.equal(error, null);
  }
  await project.sql`
    update sessions.reaper_runs
    set ran_at = (
      select max(r.ran_at) - interval '90 seconds' from sessions.reaper_runs r
    )
    where id = (select min(r.id) from sessions.reaper_runs r)`;

  const rows = await project.sql.unsafe(recipe("regularity.sql"));

  const runs = rows.reduce((sum, { runs }) => sum + Number(runs), 0);
  assert.equal(runs, 2);
  assert.match(JSON.stringify(rows), /"00:01:30"/);
});

test("M7: with each recipe's interval, a crash is cleaned up within 15 minutes", async ({ sql }) => {
  const seconds = {
    "GitHub Actions": cronSeconds(
      parse(file("examples", "github-actions", "reap-stale-sessions.yml"))
        .on.schedule[0].cron,
    ),
    crontab: cronSeconds(recipe("crontab").split(" npx ")[0]),
    systemd: Number(
      /^OnUnitActiveSec=(\d+)s$/m
        .exec(recipe("systemd/reap-stale-sessions.timer"))?.[1],
    ),
    Kubernetes: cronSeconds(
      parse(recipe("kubernetes/reap-stale-sessions.yaml")).spec.schedule,
    ),
    Cloudflare: cronSeconds(
      JSON.parse(recipe("cloudflare/wrangler.jsonc")).triggers.crons[0],
    ),
    Vercel: cronSeconds(
      JSON.parse(recipe("vercel/vercel.json")).crons[0].schedule,
    ),
  };
  for (const [name, interval] of Object.entries(seconds)) {
    const [{ lease_seconds, most }] = await sql<
      { lease_seconds: number; most: number }[]
    >`
      select
        extract(epoch from lease)::integer as lease_seconds,
        extract(epoch from interval '15 minutes')::integer as most
      from sessions.settings`;
    assert(lease_seconds + interval < most, `${name}: ${interval} s`);
  }
});
