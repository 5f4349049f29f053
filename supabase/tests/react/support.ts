// Pages of supabase/tests/react/page/page.jsx in real browsers, with the API and the
// table of docs/drafts.md behind them.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { nodeModules } from "../../../scripts/stack/paths.ts";
import {
  keys,
  type Project,
  startProject,
  type User,
} from "../../../scripts/test/api_fixture.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";
import {
  openBrowser,
  program,
  type RunningBrowser,
} from "../browser/chromium.ts";
import { type Network, startNetwork } from "../browser/network.ts";
import { ceilingMs, until } from "../waiting.ts";

/** A page of one user. */
export interface InterviewPage {
  page: Page;
  press(button: string): Promise<void>;
  write(text: string): Promise<void>;
  /** Waits until the page shows this state of the session. */
  stateIs(name: string): Promise<void>;
  /** Waits until the page shows this status of the drafts. */
  draftsAre(status: string): Promise<void>;
  textIs(text: string): Promise<void>;
  /** What the page wrote to the console that is not for information. */
  complaints: string[];
}

/** What one test has. */
export interface Scene {
  project: Project;
  user: User;
  /** Between the page and the API. */
  network: Network;
  /** The profile of a test, in a browser that the file's tests share. */
  context: BrowserContext;
  /** Opens the page in this profile; the test's own, unless it is given. */
  open(context?: BrowserContext, o?: { isHydrated?: boolean }): Promise<
    InterviewPage
  >;
  newContext(): Promise<BrowserContext>;
  /** A browser of its own, which can be killed. */
  ownBrowser(profile: string): Promise<RunningBrowser>;
  profile: string;
  /** What the table has for the interview. */
  saved(interview?: string): Promise<string | undefined>;
  endings(): Promise<string[]>;
}

/** Registers tests that need a browser; they share a project and a browser. */
export function scenesOfThisFile() {
  const closing: (() => unknown)[] = [];
  let project: Project;
  let browser: RunningBrowser;
  let script: string;
  let folder: string;
  Deno.test.beforeAll(async () => {
    if (!program) return;
    folder = fs.mkdtempSync(join(tmpdir(), "interview-react-"));
    closing.push(() =>
      fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    );
    project = await startProject();
    closing.push(() => project.stop());
    await project.sql.unsafe(recipesOf("docs/drafts.md")("answers.sql"))
      .simple();
    script = await bundled("supabase/tests/react/page/page.jsx");
    browser = await openBrowser(join(folder, "shared"));
    closing.push(() => browser.kill());
  });
  Deno.test.afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function play(work: (scene: Scene) => Promise<void>) {
    const [user] = await project.newUsers(1);
    assert(user);
    const network = startNetwork(project.url);
    const contexts: BrowserContext[] = [];
    const browsers: RunningBrowser[] = [];
    const config = {
      url: network.url,
      key: keys.publishable,
      token: user.token,
      userId: user.id,
    };
    const server = serve(script, config);
    const newContext = async () => {
      const context = await browser.newProfile();
      contexts.push(context);
      return context;
    };
    const context = await newContext();
    try {
      await work({
        ...{ project, user, network, context, newContext },
        open: (where = context, o = {}) =>
          openPage(where, server.url + (o.isHydrated ? "/hydrated" : "/")),
        async ownBrowser(profile) {
          const own = await openBrowser(profile);
          browsers.push(own);
          return own;
        },
        profile: join(folder, crypto.randomUUID()),
        async saved(interview = "interview 1") {
          const [row] = await project.sql<{ text: string }[]>`
            select text from public.answers
            where user_id = ${user.id} and interview_id = ${interview}`;
          return row?.text;
        },
        async endings() {
          const rows = await project.sql<{ end_reason: string }[]>`
            select end_reason from public.interview_session_history
            where user_id = ${user.id} order by fence`;
          return rows.map(({ end_reason }) => end_reason);
        },
      });
    } finally {
      for (const own of browsers) await own.kill();
      for (const each of contexts) await each.close().catch(() => {});
      await network.stop();
      await server.stop();
    }
  }

  return (name: string, work: (scene: Scene) => Promise<void>) => {
    if (program) Deno.test(name, () => play(work));
    else Deno.test.ignore(`${name} (skipped: needs Chromium)`, () => {});
  };
}

/** A page or a program as one script, with React's checks for developers. */
export async function bundled(
  entry: string,
  platform: "browser" | "node" = "browser",
): Promise<string> {
  const { code, stdout, said } = await runCommand("node", [
    join(nodeModules, "esbuild", "bin", "esbuild"),
    ...[entry, "--bundle", `--platform=${platform}`, "--format=esm"],
    ...["--jsx=automatic", "--log-level=warning"],
    '--define:process.env.NODE_ENV="development"',
    // packages for Node are not all modules
    ...(platform === "node"
      ? [
        '--banner:js=import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      ]
      : []),
  ], { signal: new AbortController().signal });
  assert.equal(code, 0, said);
  return stdout;
}

function serve(script: string, config: Record<string, unknown>) {
  const page = (isHydrated: boolean) =>
    `<!doctype html><link rel="icon" href="data:,"><div id="root"></div>
    <script>globalThis.config = ${
      JSON.stringify({ ...config, isHydrated })
    }</script>
    <script type="module" src="/page.js"></script>`;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      const [type, text] = pathname === "/page.js"
        ? ["text/javascript", script]
        : ["text/html", page(pathname === "/hydrated")];
      return new Response(text, {
        headers: { "content-type": `${type}; charset=utf-8` },
      });
    },
  );
  const { port } = server.addr as Deno.NetAddr;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => server.shutdown(),
  };
}

async function openPage(
  context: BrowserContext,
  url: string,
): Promise<InterviewPage> {
  const page = await context.newPage();
  page.setDefaultTimeout(ceilingMs);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (/error|warning/.test(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  const answer = page.getByLabel("Answer");
  return {
    page,
    complaints,
    press: (name) => page.getByRole("button", { name, exact: true }).click(),
    write: (text) => answer.fill(text),
    stateIs: (name) => page.locator(`#state:text-is("${name}")`).waitFor(),
    draftsAre: (status) =>
      page.locator(`#drafts:text-is("${status}")`).waitFor(),
    textIs: (text) =>
      until(
        `the answer is ${text}`,
        async () => await answer.inputValue() === text,
      ),
  };
}
