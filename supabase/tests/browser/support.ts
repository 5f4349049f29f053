// Real browsers for the tests of the app: each a Chromium with a profile of its
// own, as a person has it, on a project of the file's own.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { buildApp, serveApp } from "../../../scripts/stack/app.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import {
  keys,
  type Project,
  type ProjectOptions,
  startProject,
} from "../../../scripts/test/api_fixture.ts";
import { descendantsOf } from "../stack/support.ts";

export type { Page };

/** Where Chromium is, if it is anywhere. */
const binary = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) =>
    (process.env.PATH ?? "").split(":").map((folder) => join(folder, name))
  )
  .find((file) => fs.existsSync(file));

/** Nobody is asked for anything, and nothing beside the page goes out. */
const flags = [
  ...["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
  // Chromium's own sandbox refuses root
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

/** The app on a project of its own. */
export interface App {
  project: Project;
  /** Where it is served. */
  url: string;
  /** Opens a browser; the same `profile` again is the same person's. */
  open(o?: BrowserOptions): Promise<Device>;
  /** A folder for a profile. */
  profile(): string;
}

/** What a browser is opened with. */
export interface BrowserOptions {
  profile?: string;
  width?: number;
  dark?: boolean;
  /** The path and query to open first. */
  path?: string;
}

/** A browser that somebody sits at. */
export interface Device {
  context: BrowserContext;
  page: Page;
  /** Ends its processes as a crash does: nothing is run, nothing is sent. */
  crash(): Promise<void>;
  /** Stops all of its processes, as a laptop does whose lid is closed. */
  sleep(): Promise<void>;
  /** They go on, and know nothing of the time between. */
  wakeUp(): Promise<void>;
  close(): Promise<void>;
}

/** A test with the app; skipped, and it says so, where there is no Chromium. */
export function browserTest(
  name: string,
  fn: (app: App) => Promise<void>,
  o: ProjectOptions = {},
) {
  Deno.test({
    name: binary ? name : `${name} (skipped: no Chromium here)`,
    ignore: !binary,
    // what a browser leaves running is ended with its process
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await withApp(fn, o);
    },
  });
}

async function withApp(
  work: (app: App) => Promise<void>,
  o: ProjectOptions,
) {
  const folder = fs.mkdtempSync(join(tmpdir(), "browser-"));
  const project = await startProject(o);
  await project.sql.unsafe(
    fs.readFileSync(
      join(repositoryRoot, "examples/interview-room/schema.sql"),
      "utf8",
    ),
  ).simple();
  const served = serveApp({
    port: freePort(),
    files: await buildApp(),
    config: { apiUrl: project.url, publishableKey: keys.publishable },
  });
  const devices: Device[] = [];
  try {
    await work({
      project,
      url: served.url,
      profile: () => fs.mkdtempSync(join(folder, "profile-")),
      async open(o = {}) {
        const profile = o.profile ?? fs.mkdtempSync(join(folder, "profile-"));
        const device = await openBrowser(profile, o);
        devices.push(device);
        await device.page.goto(served.url + (o.path ?? "/?upload=0.3"));
        return device;
      },
    });
  } finally {
    await Promise.all(devices.map((device) => device.close()));
    await served.stop();
    await project.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function openBrowser(
  profile: string,
  { width = 1440, dark = false }: BrowserOptions,
): Promise<Device> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: binary,
    args: flags,
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(30_000);
  let isOver = false;
  context.on("close", () => isOver = true);
  return {
    context,
    page: context.pages()[0] ?? await context.newPage(),
    async crash() {
      const ended = new Promise<void>((resolve) =>
        context.on("close", () => resolve())
      );
      await signalAll(profile, "SIGKILL");
      await ended;
      // the dead cannot take their lock along
      fs.rmSync(join(profile, "SingletonLock"), { force: true });
    },
    sleep: () => signalAll(profile, "SIGSTOP"),
    wakeUp: () => signalAll(profile, "SIGCONT"),
    async close() {
      await signalAll(profile, "SIGCONT");
      if (!isOver) await context.close();
    },
  };
}

/** To every process of the browser that has this profile. */
async function signalAll(profile: string, signal: Deno.Signal) {
  const ps = new Deno.Command("ps", { args: ["-Awwo", "pid=,args="] });
  const lines = new TextDecoder().decode((await ps.output()).stdout).split(
    "\n",
  );
  const browsers = lines.filter((line) =>
    line.includes(`--user-data-dir=${profile}`)
  ).map((line) => Number.parseInt(line));
  const all = new Set(browsers);
  for (const pid of browsers) {
    for (const child of await descendantsOf(pid)) all.add(child);
  }
  for (const pid of all) {
    try {
      Deno.kill(pid, signal);
    } catch {
      // it has ended with its parent
    }
  }
}

/** What a person does and sees. */
export const person = {
  /** Makes an account; the page before the interview is there then. */
  async signsUp(page: Page, email = `${crypto.randomUUID()}@example.com`) {
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Create account" }).click();
    await seesHeading(page, "Before the interview");
    return email;
  },
  /** With an account that there is. */
  async signsIn(page: Page, email: string, password = "correct horse") {
    const instead = page.getByRole("button", { name: "Sign in instead" });
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill(password);
    if (await instead.isVisible()) await instead.click();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  },
  async starts(page: Page) {
    await page.getByRole("button", { name: "Start the interview" }).click();
    await this.isConnected(page);
  },
  async isConnected(page: Page) {
    await page.getByText("Connected", { exact: true }).waitFor();
  },
  /** Answers a question, and sees it saved. */
  async answers(page: Page, text: string, number = 1) {
    await page.getByRole("textbox").nth(number - 1).fill(text);
    await page.locator("article").nth(number - 1).getByText("Saved", {
      exact: true,
    }).waitFor();
  },
  async handsIn(page: Page) {
    await page.getByRole("button", { name: "Hand in" }).click();
    await seesHeading(page, "Your interview is handed in");
  },
};

/** Waits for a heading. */
export async function seesHeading(page: Page, name: string) {
  await page.getByRole("heading", { name }).waitFor();
}

/** Waits for words anywhere on the page. */
export async function sees(page: Page, words: string | RegExp) {
  await page.getByText(words).first().waitFor();
}

/** Why the sessions of everybody ended, the oldest first. */
export async function endReasons({ sql }: Project): Promise<string[]> {
  const rows = await sql<{ end_reason: string }[]>`
    select end_reason from public.interview_session_history order by fence`;
  return rows.map(({ end_reason }) => end_reason);
}

/** Waits until the database says so. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
) {
  const deadline = performance.now() + 30_000;
  while (!await isSo()) {
    assert(performance.now() < deadline, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Times that a test can wait for. */
export async function shortTimes({ sql }: Project, lease = "3 seconds") {
  await sql`
    update sessions.settings
    set heartbeat_every = '1 second', lease = ${lease}::interval
    where is_the_row`;
}
