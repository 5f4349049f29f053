// The recipes for Cloudflare and Vercel: their code, as docs/scheduling.md has
// it, checked by the compiler and called as the platform calls it.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { moduleOf } from "../../../scripts/test/recipes.ts";
import {
  assertGoodCall,
  cronSeconds,
  failures,
  folder,
  key,
  keyVariable,
  nobody,
  recipe,
  repositoryRoot,
  type Route,
  run,
  run200,
  standIn,
  type Worker,
} from "./support.ts";

const { default: worker } = await moduleOf<Worker>(
  recipe("cloudflare/worker.ts"),
);
const route = await moduleOf<Route>(recipe("vercel/route.ts"));

for (const name of ["cloudflare/worker.ts", "vercel/route.ts"]) {
  Deno.test(`the compiler and the linter find nothing in ${name}`, async () => {
    using here = folder();
    const file = path.join(here.path, path.basename(name));
    fs.writeFileSync(file, recipe(name));
    const config = path.join(repositoryRoot, "deno.json");
    for (
      const args of [
        ["check", "--no-lock", "--node-modules-dir=manual", "--config", config],
        ["lint", "--config", config],
      ]
    ) {
      const { code, all } = await run([Deno.execPath(), ...args, file]);
      assert.equal(code, 0, all);
    }
  });
}

function scheduled(url: string) {
  return worker.scheduled({}, { SUPABASE_URL: url, [keyVariable]: key });
}

Deno.test("the Worker runs every minute and has no address of its own", () => {
  const config = JSON.parse(recipe("cloudflare/wrangler.jsonc"));

  assert.equal(config.triggers.crons.length, 1);
  assert.equal(cronSeconds(config.triggers.crons[0]), 60);
  assert.equal(config.workers_dev, false);
  assert.equal(config.main, "worker.ts");
  assert.deepEqual(Object.keys(config.vars), ["SUPABASE_URL"], "no key");
});

Deno.test("the Worker calls the reaper with POST and the key", async () => {
  await using project = standIn(run200());

  const printed = await printedBy(() => scheduled(project.url));

  assert.equal(project.calls.length, 1);
  assertGoodCall(project.calls[0]);
  assert.match(printed, /"reaped":1/);
});

Deno.test("the Worker's run fails when the call fails", async () => {
  for (const [name, answer] of Object.entries(failures)) {
    await using project = standIn(answer);
    await printedBy(() => assert.rejects(scheduled(project.url), Error, name));
    assertGoodCall(project.calls[0]);
  }
  await assert.rejects(scheduled(nobody().url));
});

Deno.test("I7: the Worker sends the key over https alone", async () => {
  await assert.rejects(
    scheduled("http://ref.supabase.co"),
    /SUPABASE_URL must begin with https/,
  );
});

Deno.test("B2: the Worker's run fails when the health is critical", async () => {
  await using project = standIn(run200("critical"));

  await printedBy(() =>
    assert.rejects(scheduled(project.url), /The health is critical\./)
  );
});

const cronSecret = "known to the platform and to the app";

/** Calls the route as Vercel does, unless told otherwise. */
async function get(
  o: {
    url: string;
    authorization?: string;
    unset?: string;
  },
): Promise<{ status: number; text: string }> {
  const settings: Record<string, string> = {
    CRON_SECRET: cronSecret,
    SUPABASE_URL: o.url,
    [keyVariable]: key,
  };
  const before = { ...process.env };
  Object.assign(process.env, settings);
  if (o.unset) delete process.env[o.unset];
  try {
    const authorization = o.authorization ?? `Bearer ${cronSecret}`;
    const request = new Request("https://app.example/api/reap-stale-sessions", {
      headers: authorization === "" ? {} : { authorization },
    });
    let response = new Response();
    await printedBy(async () => {
      response = await route.GET(request);
    });
    const text = await response.text();
    assert(!text.includes(key), "the key was answered");
    return { status: response.status, text };
  } finally {
    for (const name of Object.keys(settings)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

Deno.test("the route is called every minute, and may take as long as a run", () => {
  const config = JSON.parse(recipe("vercel/vercel.json"));

  assert.equal(config.crons.length, 1);
  assert.equal(config.crons[0].path, "/api/reap-stale-sessions");
  assert.equal(cronSeconds(config.crons[0].schedule), 60);
  assert.equal(route.dynamic, "force-dynamic");
  assert.equal(route.maxDuration, 60);
});

Deno.test("the route calls the reaper with POST and the key", async () => {
  await using project = standIn(run200());

  const { status, text } = await get({ url: project.url });

  assert.equal(status, 200);
  assert.equal(project.calls.length, 1);
  assertGoodCall(project.calls[0]);
  assert.equal(JSON.parse(text).status, "ok");
});

Deno.test("the route calls nobody for whom the platform does not vouch", async () => {
  await using project = standIn(run200());
  const url = project.url;

  assert.equal((await get({ url, authorization: "" })).status, 401);
  assert.equal((await get({ url, authorization: "Bearer x" })).status, 401);
  for (const unset of ["CRON_SECRET", "SUPABASE_URL", keyVariable]) {
    const authorization = "Bearer undefined";
    assert.equal((await get({ url, unset, authorization })).status, 500);
    assert.equal((await get({ url, unset })).status, 500);
  }

  assert.equal(project.calls.length, 0);
});

Deno.test("the route fails when the call fails", async () => {
  for (const [name, answer] of Object.entries(failures)) {
    await using project = standIn(answer);
    const status = await get({ url: project.url }).then(
      ({ status }) => status,
      () => 500, // thrown: the platform answers so
    );
    assert(status >= 500, `${name}: ${status}`);
    assertGoodCall(project.calls[0]);
  }
  await assert.rejects(get({ url: nobody().url }));
});

Deno.test("I7: the route sends the key over https alone", async () => {
  const { status, text } = await get({ url: "http://ref.supabase.co" });

  assert.equal(status, 500);
  assert.match(text, /SUPABASE_URL must begin with https/);
});

Deno.test("B2: the route fails when the health is critical", async () => {
  await using project = standIn(run200("critical"));

  const { status, text } = await get({ url: project.url });

  assert.equal(status, 500);
  assert.equal(JSON.parse(text).reason, "The health is critical.");
});

/** What `work` prints with console.log; the key must not be in it. */
async function printedBy(work: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => lines.push(values.join(" "));
  try {
    await work();
  } finally {
    console.log = log;
  }
  const printed = lines.join("\n");
  assert(!printed.includes(key), "the key was printed");
  return printed;
}
