// 100 000 sessions end at once: they are reaped and delivered, run after run, in
// bounded memory. It takes minutes, so only `npm test -- --all` or a filter that names
// it runs it.
import assert from "node:assert/strict";
import { projectOfThisFile, reap, seedStale } from "./support.ts";

const secret = `whsec_${btoa("a secret of the endpoint meter..")}`;
const project = projectOfThisFile({
  functions: true,
  functionsEnv: {
    INTERVIEW_SESSIONS_WEBHOOK_SECRETS: JSON.stringify({ meter: secret }),
    INTERVIEW_SESSIONS_PRIVATE_HOSTS: "127.0.0.1",
  },
});

const count = 100_000;

/** What the platform gives a function. */
const memoryLimitMb = 256;

Deno.test("C3 100 000 sessions that end at once are delivered once each, in bounded memory", async () => {
  const ids = new Set<string>();
  let requests = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      await request.body?.cancel();
      requests++;
      ids.add(request.headers.get("webhook-id") ?? "");
      return new Response(null, { status: 204 });
    },
  );
  try {
    await project.sql`
      insert into sessions.endpoints (name, url)
      values ('meter', ${`http://127.0.0.1:${server.addr.port}/`})`;
    await seedStale(project, count);
    const began = performance.now();
    let runs = 0;
    let reaped = 0;
    let longest = 0;
    for (let left = count; left > 0; runs++) {
      const runBegan = performance.now();
      const run = await reap(project);
      longest = Math.max(longest, performance.now() - runBegan);
      reaped += run.reaped;
      left -= run.deliveries?.delivered ?? 0;
      assert.equal(run.deliveries?.failed, 0);
    }
    const seconds = (performance.now() - began) / 1000;
    const peak = await peakMemoryMb();

    assert.equal(reaped, count);
    assert.equal(ids.size, count);
    assert.equal(requests, count);
    assert(peak < memoryLimitMb, `${peak} MB`);
    console.log(
      `${count} delivered in ${runs} runs and ${
        seconds.toFixed(0)
      } s; longest run ` +
        `${(longest / 1000).toFixed(1)} s; peak memory of the function ${
          peak.toFixed(0)
        } MB`,
    );
  } finally {
    await server.shutdown();
  }
});

/** The most memory that the process of this project's function has had. */
async function peakMemoryMb(): Promise<number> {
  for (const { name } of Deno.readDirSync("/proc")) {
    const environment = await Deno.readTextFile(`/proc/${name}/environ`)
      .catch(() => "");
    if (!environment.split("\0").includes(`SUPABASE_URL=${project.url}`)) {
      continue;
    }
    const status = await Deno.readTextFile(`/proc/${name}/status`);
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
    if (peak) return Number(peak) / 1024;
  }
  assert.fail("the function's process was not found");
}
