// The stand-in for the outside schedule.
import assert from "node:assert/strict";
import { startSchedule } from "../../../scripts/stack/schedule.ts";
import { until } from "./support.ts";

/** Runs `work` with a schedule every 10 ms against the given answer. */
async function withSchedule(
  answer: (request: Request) => Response | Promise<Response>,
  work: (failures: string[]) => Promise<void>,
) {
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen: () => {},
  }, answer);
  const failures: string[] = [];
  const schedule = startSchedule({
    url: `http://127.0.0.1:${server.addr.port}/reap`,
    key: "the-key",
    everyMs: 10,
    onFailure: (message) => failures.push(message),
  });
  await work(failures);
  await schedule.stop();
  await server.shutdown();
}

Deno.test("it calls with POST and its key, again and again", async () => {
  const calls: string[] = [];
  await withSchedule((request) => {
    calls.push(`${request.method} ${request.headers.get("apikey")}`);
    return new Response("{}");
  }, async (failures) => {
    await until("three calls", () => calls.length >= 3);
    assert.deepEqual(new Set(calls), new Set(["POST the-key"]));
    assert.deepEqual(failures, []);
  });
});

Deno.test("it never calls twice at a time, however long a call takes", async () => {
  const answer = Promise.withResolvers<Response>();
  let calls = 0;
  await withSchedule(() => {
    calls++;
    return answer.promise.then((response) => response.clone());
  }, async () => {
    // another schedule shows that there was time for more calls
    let callsOfAnother = 0;
    await withSchedule(() => {
      callsOfAnother++;
      return new Response("{}");
    }, () => until("time for more calls", () => callsOfAnother >= 5));
    assert.equal(calls, 1);

    answer.resolve(new Response("{}"));
    await until("more calls", () => calls >= 3);
  });
});

Deno.test("it reports a failure, with what was answered, and goes on", async () => {
  await withSchedule(
    () => new Response("no", { status: 503 }),
    async (failures) => {
      await until("two failures", () => failures.length >= 2);
      assert.equal(failures[0], "The scheduled reaper answered 503: no");
    },
  );
});

Deno.test("it reports when nobody answers, and goes on", async () => {
  const failures: string[] = [];
  const schedule = startSchedule({
    url: "http://127.0.0.1:1/reap",
    key: "the-key",
    everyMs: 10,
    onFailure: (message) => failures.push(message),
  });
  await until("two failures", () => failures.length >= 2);
  assert.match(failures[0], /^The scheduled reaper did not answer: /);
  await schedule.stop();
});
