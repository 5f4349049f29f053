// The client in a real browser, where the browser matters, against a real API: a
// page of its own instead of an app.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import type { BrowserContext, Page } from "playwright-core";
import {
  keys,
  projectOfThisFile,
  type User,
} from "../../../scripts/test/api_fixture.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { ceilingMs, until } from "../waiting.ts";
import { openBrowser, program, type RunningBrowser } from "./chromium.ts";
import { type Network, startNetwork } from "./network.ts";

const project = projectOfThisFile();

/** Longer than any test: no heartbeat is sent unless something asks for it. */
const never = 86_400;

/** The page: what a test drives it by. */
const script = `
  import { createClient } from "@supabase/supabase-js";
  import { createSession } from "./client/index.ts";

  const { url, key, heartbeatEvery } = config;
  const supabase = createClient(url, key, {
    auth: { autoRefreshToken: false },
  });
  const session = createSession(supabase, { heartbeatEvery });
  const states = [];
  session.subscribe(({ name }) => states.push(name));
  Object.assign(globalThis, { supabase, session, states });`;

/** What the page has for its test. */
interface Globals {
  session: {
    start(o?: { takeover: boolean }): Promise<Shown>;
    submit(): Promise<Shown>;
    check(): void;
    dispose(): void;
    state(): { name: string; reason?: string };
  };
  states: string[];
}

interface Shown {
  state: { name: string; reason?: string };
  error: { kind: string } | null;
}

declare const session: Globals["session"];
declare const states: Globals["states"];

let browser: RunningBrowser;
let bundle: string;
let folder: string;

if (program) {
  Deno.test.beforeAll(async () => {
    folder = fs.mkdtempSync(join(tmpdir(), "interview-client-"));
    bundle = buildSync({
      stdin: { contents: script, resolveDir: repositoryRoot },
      bundle: true,
      format: "iife",
      write: false,
    }).outputFiles[0].text;
    browser = await openBrowser(join(folder, "profile"));
  });
  Deno.test.afterAll(async () => {
    await browser?.kill();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
}

/** What a test has to itself. */
interface Scene {
  user: User;
  network: Network;
  context: BrowserContext;
  /** Where the page is. */
  url: string;
  /** Opens the page in a new tab, signed in as the user unless the browser is. */
  open(o?: { csp?: string; at?: string; signedInAs?: User }): Promise<Page>;
  /** How the sessions of a user ended. */
  ends(user?: User): Promise<string[]>;
  isLive(user?: User): Promise<boolean>;
}

/** Where the API is for the page, and how often it sends heartbeats. */
interface Options {
  heartbeatEvery?: number;
  apiUrl?(url: string): string;
}

function story(
  name: string,
  { heartbeatEvery = never, apiUrl = (url) => url }: Options,
  work: (scene: Scene) => Promise<void>,
) {
  if (!program) {
    Deno.test.ignore(`${name} (skipped: no Chromium was found)`, () => {});
    return;
  }
  Deno.test(name, async () => {
    const user = await project.newUser();
    const network = startNetwork(project.url);
    const config = {
      url: apiUrl(network.url),
      key: keys.publishable,
      heartbeatEvery,
    };
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        const { searchParams } = new URL(request.url);
        const csp = searchParams.get("csp");
        return new Response(
          `<!doctype html><title>A page</title>
<script>config = ${JSON.stringify(config)};</script>
<script>${bundle.replaceAll("</script", "<\\/script")}</script>`,
          {
            headers: {
              "content-type": "text/html",
              ...(csp && { "content-security-policy": csp }),
            },
          },
        );
      },
    );
    const url = `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}/`;
    const context = await browser.newProfile();
    context.setDefaultTimeout(ceilingMs);
    const sql = project.superuser;
    try {
      await work({
        user,
        network,
        context,
        url,
        async open({ csp = "", at = url, signedInAs = user } = {}) {
          const page = await context.newPage();
          await page.goto(`${at}?csp=${encodeURIComponent(csp)}`);
          await signIn(page, signedInAs);
          return page;
        },
        ends: async ({ id } = user) =>
          (await sql<{ end_reason: string }[]>`
            select end_reason from public.interview_session_history
            where user_id = ${id} order by fence`)
            .map(({ end_reason }) => end_reason),
        async isLive({ id } = user) {
          const rows = await sql`
            select from public.active_interview_sessions
            where user_id = ${id}`;
          return rows.length === 1;
        },
      });
    } finally {
      await context.close();
      await server.shutdown();
      await network.stop();
    }
  });
}

/** Signs the user in, in all tabs of this browser. */
async function signIn(page: Page, { client }: User) {
  const { data } = await client.auth.getSession();
  const { access_token, refresh_token } = data.session!;
  await page.evaluate(
    `supabase.auth.setSession(${
      JSON.stringify({ access_token, refresh_token })
    })`,
  );
}

const start = (page: Page, takeover = false): Promise<Shown> =>
  page.evaluate((takeover) => session.start({ takeover }), takeover);

const isIn = (page: Page, name: string, reason?: string) =>
  until(`the page is ${name}`, () =>
    page.evaluate(([name, reason]) => {
      const state = session.state();
      return state.name === name && (!reason || state.reason === reason);
    }, [name, reason]));

for (const csp of ["worker-src 'none'", "worker-src 'self'", ""]) {
  story(
    `W1 heartbeats are sent with the content security policy "${csp}"`,
    { heartbeatEvery: 0.1 },
    async ({ open, network }) => {
      const page = await open({ csp });
      assert.equal((await start(page)).error, null);

      await until(
        "three heartbeats",
        () =>
          network.calls.filter(({ name, status }) =>
            name.endsWith("heartbeat_session") && status === 200
          ).length >= 3,
      );
      await isIn(page, "live");
    },
  );
}

story(
  "W10 a session that is over leaves no worker running",
  {},
  async ({ open }) => {
    const page = await open();
    await start(page);
    await until("a worker", () => page.workers().length === 1);

    await page.evaluate(() => session.submit());

    await until("no worker is left", () => page.workers().length === 0);
    await start(page);
    await until("a worker again", () => page.workers().length === 1);
    await page.evaluate(() => session.dispose());
    await until("no worker is left", () => page.workers().length === 0);
  },
);

story(
  "W9 over plain HTTP, without crypto.randomUUID, AbortSignal.any and AbortSignal.timeout, an interview is started and submitted",
  { apiUrl: () => "http://plain.example" },
  async ({ open, network, context, url, ends }) => {
    await context.addInitScript(
      "delete AbortSignal.any; delete AbortSignal.timeout",
    );
    // a host that is not this machine, whose pages are not secure
    await context.route("http://plain.example/**", async (route) => {
      const request = route.request();
      const { pathname, search } = new URL(request.url());
      const isApi = /^\/(rest|auth)\//.test(pathname);
      const response = await fetch(
        (isApi ? network.url : url.slice(0, -1)) + pathname + search,
        {
          method: request.method(),
          headers: await request.allHeaders(),
          body: request.postData(),
        },
      );
      await route.fulfill({
        status: response.status,
        contentType: response.headers.get("content-type") ?? "",
        body: await response.text(),
      });
    });
    const page = await open({ at: "http://plain.example/" });
    assert.equal(await page.evaluate("typeof crypto.randomUUID"), "undefined");

    assert.equal((await start(page)).error, null);
    const { error } = await page.evaluate(() => session.submit());

    assert.equal(error, null);
    assert.deepEqual(await ends(), ["completed"]);
  },
);

story(
  "M3 W13 a page that is left ends its session, with a slash at the end of the API's URL",
  { apiUrl: (url) => `${url}/` },
  async ({ open, ends }) => {
    const page = await open();
    await start(page);

    await page.close({ runBeforeUnload: true });

    await until("the goodbye", async () => (await ends()).length === 1);
    assert.deepEqual(await ends(), ["disconnected"]);
  },
);

story(
  "W13 a token that only the server knows to have lapsed is renewed; the goodbye has the new one",
  { heartbeatEvery: 0.1 },
  async ({ open, ends, context, network, user }) => {
    await context.addInitScript(`
      const now = Date.now;
      Date.now = () => now() - 3600_000;`);
    const page = await open();
    await start(page);
    // an hour later, as the API has it
    network.replaceToken(user.token, project.expiredToken(user.token));
    const renewed = () =>
      network.calls.findIndex(({ name, status }) =>
        name.endsWith("/auth/v1/token") && status === 200
      );
    await until(
      "a heartbeat with a new token",
      () =>
        renewed() >= 0 &&
        network.calls.slice(renewed()).some(({ name, status }) =>
          name.endsWith("heartbeat_session") && status === 200
        ),
    );

    await page.close({ runBeforeUnload: true });

    await until("the goodbye", async () => (await ends()).length === 1);
    assert.deepEqual(await ends(), ["disconnected"]);
  },
);

story(
  "W11 a page that is reloaded goes on at once, also if its goodbye is lost",
  {},
  async ({ open, network, ends }) => {
    const page = await open();
    await start(page);
    network.fail("end_session");

    await page.reload();
    const { state, error } = await start(page);

    assert.equal(error, null);
    assert.equal(state.name, "live");
    assert.deepEqual(
      await page.evaluate(() => states),
      ["idle", "starting", "live"],
    );
    assert.deepEqual(await ends(), ["taken_over"]);
  },
);

story(
  "W11 a duplicated tab does not take the session from the tab that it was copied from",
  {},
  async ({ open, ends }) => {
    const page = await open();
    await start(page);
    const copied = await page.evaluate<Record<string, string>>(
      "({ ...sessionStorage })",
    );
    assert.notDeepEqual(copied, {});
    const copy = await open();
    await copy.evaluate((copied) => {
      Object.assign(sessionStorage, copied);
    }, copied);

    const { error } = await start(copy);

    assert.equal(error?.kind, "held");
    await isIn(page, "live");
    assert.deepEqual(await ends(), []);
  },
);

story(
  "C4 a tab learns at once that another tab of the browser has taken over, without a heartbeat of its own",
  {},
  async ({ open }) => {
    const first = await open();
    await start(first);
    const second = await open();
    assert.equal((await start(second)).error?.kind, "held");

    await start(second, true);

    await isIn(first, "over", "taken_over");
    await isIn(second, "live");
  },
);

story(
  "W7 another user signs in in a second tab: the first page stops, and starts nothing for the second user",
  {},
  async ({ open, ends, isLive, network }) => {
    // no heartbeat that is due tells it
    network.tellLease(3600);
    const page = await open();
    await start(page);
    const other = await project.newUser();

    await open({ signedInAs: other });

    await isIn(page, "over", "user_changed");
    await until("the goodbye of the first user", async () => !await isLive());
    assert.deepEqual(await ends(), ["disconnected"]);
    const { error } = await start(page);
    assert.equal(error?.kind, "user-changed");
    assert.equal(await isLive(other), false);
    assert.deepEqual(await ends(other), []);
    const starts = network.calls.filter(({ name }) =>
      name === "POST /rest/v1/rpc/start_session"
    );
    assert.equal(starts.length, 1);
  },
);
