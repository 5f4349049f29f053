// Two browsers of one user: the first one is told of a takeover by Realtime, not by a
// heartbeat. A tiny page with the real API and a small server of Realtime's protocol.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import type { Page } from "playwright-core";
import {
  keys,
  projectOfThisFile,
  type User,
} from "../../../scripts/test/api_fixture.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import {
  addRealtime,
  type Realtime,
  startRealtime,
} from "../realtime/server.ts";
import { ceilingMs, until } from "../waiting.ts";
import { openBrowser, program, type RunningBrowser } from "./chromium.ts";

const project = projectOfThisFile();

/** The page: what a test drives it by. Heartbeats come every 5 minutes. */
const script = `
  import { createClient } from "@supabase/supabase-js";
  import { createSession } from "./client/index.ts";
  import { hearNotification } from "./client/realtime.ts";

  const supabase = createClient(config.url, config.key, {
    auth: { autoRefreshToken: false },
  });
  const session = createSession(supabase, { heartbeatEvery: 300 });
  hearNotification(supabase, session);
  Object.assign(globalThis, { supabase, session });`;

declare const session: {
  start(o: { takeover: boolean }): Promise<{ error: { kind: string } | null }>;
  state(): { name: string; reason?: string };
};

let browser: RunningBrowser;
let realtime: Realtime;
let folder: string;
let bundle: string;

if (program) {
  Deno.test.beforeAll(async () => {
    await addRealtime(project);
    realtime = await startRealtime(project);
    folder = fs.mkdtempSync(join(tmpdir(), "interview-notified-"));
    bundle = buildSync({
      stdin: { contents: script, resolveDir: repositoryRoot },
      bundle: true,
      format: "iife",
      write: false,
    }).outputFiles[0].text.replaceAll("</script", "<\\/script");
    browser = await openBrowser(join(folder, "profile"));
  });
  Deno.test.afterAll(async () => {
    await browser?.kill();
    await realtime?.stop();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
}

/** Serves the page, for an API at this URL, until `work` is done. */
async function withPageAt(
  apiUrl: string,
  work: (url: string) => Promise<void>,
) {
  const config = JSON.stringify({ url: apiUrl, key: keys.publishable });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response(
        `<!doctype html><title>A page</title>
<script>config = ${config};</script>
<script>${bundle}</script>`,
        { headers: { "content-type": "text/html" } },
      ),
  );
  try {
    await work(`http://127.0.0.1:${server.addr.port}/`);
  } finally {
    await server.shutdown();
  }
}

/** Opens the page in a browser of its own, signed in as this user. */
async function openSignedIn(url: string, { client }: User): Promise<Page> {
  const context = await browser.newProfile();
  context.setDefaultTimeout(ceilingMs);
  const page = await context.newPage();
  await page.goto(url);
  const { data } = await client.auth.getSession();
  const { access_token, refresh_token } = data.session!;
  const tokens = JSON.stringify({ access_token, refresh_token });
  await page.evaluate(`supabase.auth.setSession(${tokens})`);
  return page;
}

async function start(page: Page, takeover = false) {
  const { error } = await page.evaluate(
    (takeover) => session.start({ takeover }),
    takeover,
  );
  assert.equal(error, null);
}

const stateOf = (page: Page) => page.evaluate(() => session.state());

const heartbeats = () =>
  realtime.calls.filter((path) => path.endsWith("heartbeat_session")).length;

Deno.test({
  name:
    "C4 in another browser the user takes over: the first one is told by Realtime, minutes before its heartbeat",
  ignore: !program,
  async fn() {
    const user = await project.newUser();
    await withPageAt(realtime.url, async (url) => {
      const first = await openSignedIn(url, user);
      const second = await openSignedIn(url, user);
      await start(first);
      await until(
        "it listens",
        () => realtime.joined().includes(`realtime:sessions:${user.id}`),
      );
      // the one by which it learns what it may have missed
      await until("its heartbeat", () => heartbeats() >= 1);
      assert.equal((await stateOf(first)).name, "live");

      await start(second, true);

      await until(
        "the first is over",
        async () => (await stateOf(first)).name === "over",
      );
      assert.equal((await stateOf(first)).reason, "taken_over");
      assert.equal((await stateOf(second)).name, "live");
      await first.context().close();
      await second.context().close();
    });
  },
});

Deno.test({
  name:
    "C4 without Realtime two tabs of one browser tell each other, and two browsers go by the heartbeat",
  ignore: !program,
  async fn() {
    const user = await project.newUser();
    await withPageAt(project.url, async (url) => {
      const first = await openSignedIn(url, user);
      const tab = await first.context().newPage();
      await tab.goto(url);
      await start(first);

      await start(tab, true);

      await until(
        "the first is over",
        async () => (await stateOf(first)).name === "over",
      );
      assert.equal((await stateOf(first)).reason, "taken_over");

      const elsewhere = await openSignedIn(url, user);
      await start(elsewhere, true);
      assert.equal((await stateOf(tab)).name, "live", "it cannot know yet");
      await tab.evaluate("session.check()");
      await until(
        "the tab is over",
        async () => (await stateOf(tab)).name === "over",
      );
      await first.context().close();
      await elsewhere.context().close();
    });
  },
});
