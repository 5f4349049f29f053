// What the tests in real browsers share: the app as `npm start` serves it, with a
// project for each file; people who sign up; devices with their own profiles; and
// text on a page to wait for.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import {
  administrator,
  makeAdministrator,
} from "../../../scripts/stack/administrator.ts";
import type { Api } from "../../../scripts/stack/api.ts";
import {
  type AppFiles,
  appSource,
  buildApp,
  serveApp,
} from "../../../scripts/stack/app.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import {
  keys,
  type Project,
  startProject,
} from "../../../scripts/test/api_fixture.ts";
import {
  isFullBrowser,
  openBrowser,
  program,
  type RunningBrowser,
} from "./chromium.ts";
import { ceilingMs, until } from "../waiting.ts";
import { type Call, type Network, startNetwork } from "./network.ts";

export { administrator, keys };
export { until } from "../waiting.ts";

/** The start page, whether or not the interview has been started before. */
const startPage = /^(Before you start|Continue your interview)$/;

/** What a page says of an answer that the server has. */
export const isSaved = /^Saved at \d+:\d\d/;

/** And of one that is in this browser only. */
export const isKept = "Kept on this device";

/** Somebody with an account. */
export interface Person {
  id: string;
  email: string;
  password: string;
}

/** An API that can be stopped and started. */
export interface OwnApi {
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A row of the live table, as far as the tests read it. */
export interface Live {
  session_id: string;
  fence: string;
  status: string;
  device: string | null;
  created_at: Date;
  updated_at: Date;
  deadline_at: Date;
  expires_at: Date;
  previous_session_id: string | null;
}

/** What one test has to itself: an address of the app, and devices. */
export interface Scene {
  project: Project;
  /** Where the app is. */
  url: string;
  /** Between the app's pages and the API. */
  network: Network;
  /**
   * Puts an API of this test behind its network: one that can be stopped while
   * others continue, or whose access tokens are good for so many seconds.
   */
  ownApi(o?: { tokensLast?: number }): Promise<OwnApi>;
  /** A new profile in a browser that the file's tests share. */
  device(o?: DeviceOptions): Promise<Device>;
  /** A browser of its own, which can be killed. */
  computer(profile?: string, switches?: string[]): Promise<Computer>;
  /** A folder for a profile that outlives its browser. */
  profile(): string;
  /** The person's row in the live table; undefined if there is none. */
  live(person: Person): Promise<Live | undefined>;
  /** How the person's sessions ended, in the order in which they began. */
  ended(person: Person): Promise<{ session_id: string; end_reason: string }[]>;
  /** The person's saved answers, by question. */
  saved(person: Person): Promise<string[]>;
  /** As if this much time had passed since the last heartbeat. */
  age(person: Person, time: string): Promise<void>;
  /** As if the lease had run out since the last heartbeat. */
  runOut(person: Person): Promise<void>;
}

/** How a device differs from the usual one. */
export interface DeviceOptions {
  userAgent?: string;
  /**
   * The test can move the clock of its pages, `page.clock`, on which all of their
   * timers run: without workers, whose timers have a clock of their own.
   */
  hasTestClock?: boolean;
}

/** A device: pages that share what the browser remembers. */
export interface Device {
  context: BrowserContext;
  /** Its first tab. */
  tab: Tab;
  newTab(): Promise<Tab>;
}

/** A device with its own browser. */
export interface Computer extends Device {
  kill(): Promise<void>;
  /** As when the lid is closed: all of the browser's processes stop. */
  sleep(): void;
  /** They continue, and have missed the time between. */
  wake(): void;
}

/** A tab, and what a person does in it. */
export interface Tab {
  page: Page;
  open(place?: string): Promise<void>;
  signUp(place?: string): Promise<Person>;
  signIn(person: { email: string; password: string }): Promise<void>;
  /** Starts or continues the interview, and waits until its answers are there. */
  start(): Promise<void>;
  /**
   * Continues the interview after a crash or the like, whether or not its last
   * page still holds it, and waits until its answers are there.
   */
  goOn(): Promise<void>;
  /** Waits until each of these texts is visible. */
  sees(...texts: (string | RegExp)[]): Promise<void>;
  /** Waits until none of these texts is visible. */
  seesNoMore(...texts: (string | RegExp)[]): Promise<void>;
  /** Waits until the page shows this state of its connection. */
  connectionIs(
    state:
      | "Connected"
      | "Connection interrupted"
      | "Not connected yet"
      | "Signed out",
  ): Promise<void>;
  press(button: string): Promise<void>;
  write(question: number, text: string): Promise<void>;
  /** Types text at the end of an answer, key by key. */
  type(question: number, text: string): Promise<void>;
  /** Waits until the page shows this state of an answer. */
  answerIs(question: number, state: string | RegExp): Promise<void>;
  /** The text of an answer. */
  answer(question: number): Promise<string>;
  /** Waits until the answer has this text. */
  answerBecomes(question: number, text: string): Promise<void>;
  /** Reviews and submits the interview, without waiting for the outcome. */
  pressSubmit(): Promise<void>;
  /** Submits the interview, and waits until the page confirms it. */
  submit(): Promise<void>;
  /** Waits for the receipt. */
  seesReceipt(): Promise<void>;
}

/** Registers a test that needs browsers. */
export type Story = (
  name: string,
  work: (scene: Scene) => Promise<void>,
  o?: {
    /** Why it cannot run on this machine. */
    skip?: string;
  },
) => void;

let isFull: Promise<boolean> | undefined;

/** Why tests that need a full browser are skipped; undefined if there is one. */
export async function whyNoFullBrowser(
  feature: string,
): Promise<string | undefined> {
  if (!program || await (isFull ??= isFullBrowser())) return;
  return `needs a full browser (${feature}): only Chromium's headless shell was found`;
}

/**
 * The place of a file's tests. They are independent of one another, and mostly
 * wait, so several run at once.
 */
export function storiesOfThisFile(
  o: {
    /** Columns of sessions.settings. */
    times?: Record<string, string>;
    functions?: boolean;
    /** Of the browsers, besides the usual ones. */
    switches?: string[];
    atOnce?: number;
  } = {},
): Story {
  const place = {} as Place;
  const registered: { begin(): Promise<void>; result?: Promise<void> }[] = [];
  let isOver = false;

  if (program) {
    Deno.test.beforeAll(async () => {
      Object.assign(place, await openPlace(o));
    });
    Deno.test.afterAll(async () => {
      isOver = true;
      await Promise.allSettled(registered.map(({ result }) => result));
      await place.close?.();
    });
  }

  async function runInTurn() {
    for (let one = next(); one && !isOver; one = next()) {
      one.result = one.begin();
      await one.result.catch(() => {});
    }
  }
  const next = () => registered.find(({ result }) => !result);

  return (name, work, { skip } = {}) => {
    const reason = program ? skip : "no Chromium was found";
    if (reason) {
      Deno.test.ignore(`${name} (skipped: ${reason})`, () => {});
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    // reported by its test, which may begin later
    promise.catch(() => {});
    const one: typeof registered[number] = {
      begin() {
        const result = play(place, work);
        resolve(result);
        return result;
      },
    };
    registered.push(one);
    Deno.test({
      name,
      // others run beside it
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        if (!one.result && one === next()) {
          for (let i = 0; i < (o.atOnce ?? 3); i++) void runInTurn();
        }
        await promise;
      },
    });
  };
}

/** What a file's tests share. */
interface Place {
  project: Project;
  files: AppFiles;
  folder: string;
  browser: RunningBrowser;
  switches: string[];
  close(): Promise<void>;
}

async function openPlace(
  { switches = [], ...o }: {
    times?: Record<string, string>;
    functions?: boolean;
    switches?: string[];
  },
): Promise<Place> {
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (let step = closing.pop(); step; step = closing.pop()) await step();
  };
  try {
    const folder = fs.mkdtempSync(join(tmpdir(), "interview-browsers-"));
    closing.push(() =>
      fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    );
    const project = await startProject({
      functions: o.functions,
      storageFolder: join(folder, "storage"),
    });
    closing.push(() => project.stop());
    for (const file of ["schema.sql", "storage.sql"]) {
      const script = fs.readFileSync(join(appSource, file), "utf8");
      await project.sql.unsafe(script).simple();
    }
    if (o.times) {
      await project.sql`update sessions.settings set ${project.sql(o.times)}`;
    }
    const [files, browser] = await Promise.all([
      buildApp(),
      openBrowser(join(folder, "shared"), switches),
    ]);
    closing.push(() => browser.kill());
    return { project, files, folder, browser, switches, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a test, and cleans up; a failure says what was on the pages. */
async function play(place: Place, work: (scene: Scene) => Promise<void>) {
  const { project } = place;
  const { sql } = project;
  const network = startNetwork(project.url);
  const app = serveApp({
    port: freePort(),
    files: place.files,
    config: { apiUrl: network.url, publishableKey: keys.publishable },
  });
  const newFolder = () => join(place.folder, randomUUID());
  const contexts = new Set<BrowserContext>();
  const browsers = new Set<RunningBrowser>();
  const apis = new Set<OwnApi>();
  const deviceOf = async (context: BrowserContext): Promise<Device> => {
    contexts.add(context);
    context.setDefaultTimeout(ceilingMs);
    const tabOf = (page: Page) => makeTab(page, app.url, project);
    return {
      context,
      tab: tabOf(context.pages()[0] ?? await context.newPage()),
      newTab: async () => tabOf(await context.newPage()),
    };
  };
  const age = async ({ id }: Person, time: string) => {
    const rows = await sql`
      update public.active_interview_sessions
      set
        created_at = created_at - ${time}::interval,
        updated_at = updated_at - ${time}::interval,
        deadline_at = deadline_at - ${time}::interval,
        expires_at = expires_at - ${time}::interval
      where user_id = ${id}
      returning user_id`;
    assert.equal(rows.length, 1, "there is a session to age");
  };
  try {
    await work({
      project,
      url: app.url,
      network,
      async ownApi(o = {}) {
        const own = restartable(() => project.anotherApi(o), network);
        apis.add(own);
        await own.start();
        return own;
      },
      async device({ userAgent, hasTestClock } = {}) {
        const context = await place.browser.newProfile({ userAgent });
        if (hasTestClock) {
          await context.addInitScript("delete globalThis.Worker");
          await context.clock.install();
        }
        return await deviceOf(context);
      },
      async computer(profile = newFolder(), switches = place.switches) {
        const browser = await openBrowser(profile, switches);
        browsers.add(browser);
        return {
          ...await deviceOf(browser.own),
          async kill() {
            contexts.delete(browser.own);
            browsers.delete(browser);
            await browser.kill();
          },
          sleep: browser.sleep,
          wake: browser.wake,
        };
      },
      profile: newFolder,
      async live({ id }) {
        const [row] = await sql<Live[]>`
          select * from public.active_interview_sessions where user_id = ${id}`;
        return row;
      },
      ended: async ({ id }) => [
        ...await sql<{ session_id: string; end_reason: string }[]>`
          select session_id, end_reason from public.interview_session_history
          where user_id = ${id} order by started_at`,
      ],
      saved: async ({ id }) =>
        (await sql<{ answer: string }[]>`
          select answer from public.interview_answers
          where user_id = ${id} order by question`)
          .map(({ answer }) => answer),
      age,
      async runOut(person) {
        const [{ lease }] = await sql<{ lease: string }[]>`
          select lease::text from sessions.settings`;
        await age(person, lease);
      },
    });
  } catch (error) {
    const seen = await Promise.all([...contexts].map(wordsIn));
    const { message } = error as Error;
    throw new Error([message, ...seen.flat()].join("\n--- on a page:\n"), {
      cause: error,
    });
  } finally {
    await Promise.all([...browsers].map((browser) => browser.kill()));
    await Promise.all(
      [...contexts].map((context) => context.close().catch(() => {})),
    );
    await network.stop();
    await Promise.all([...apis].map((api) => api.stop()));
    await app.stop();
  }
}

function restartable(
  startOne: () => Promise<Api>,
  network: Network,
): OwnApi {
  let api: Api | undefined;
  return {
    async start() {
      api = await startOne();
      network.leadTo(api.url);
    },
    async stop() {
      await api?.stop();
      api = undefined;
    },
  };
}

async function wordsIn(context: BrowserContext): Promise<string[]> {
  return await Promise.all(
    context.pages().map((page) =>
      Promise.race([
        page.evaluate<string>("document.body.innerText").catch(() => "nothing"),
        // its browser may have been stopped
        new Promise<string>((resolve) =>
          setTimeout(resolve, 5_000, "no answer")
        ),
      ])
    ),
  );
}

function makeTab(page: Page, url: string, project: Project): Tab {
  const button = (name: string) =>
    page.getByRole("button", { name, exact: true });
  const field = (question: number) =>
    page.getByRole("textbox", { name: `Question ${question} ` });
  const fillIn = async (
    { email, password }: { email: string; password: string },
  ) => {
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill(password);
  };
  const tab: Tab = {
    page,
    async open(place = "/") {
      await page.goto(url + place);
    },
    async signUp(place) {
      const email = `${randomUUID().slice(0, 8)}@example.com`;
      const password = "correct horse battery staple";
      await tab.open(place);
      await fillIn({ email, password });
      await tab.press("Create account");
      await tab.sees(startPage);
      const [{ id }] = await project.superuser<{ id: string }[]>`
        select id from auth.users where email = ${email}`;
      return { id, email, password };
    },
    async signIn(person) {
      await fillIn(person);
      // the form signs in, or first offers to
      if (await button("Create account").isVisible()) {
        await tab.press("Sign in");
      }
      await tab.press("Sign in");
    },
    async start() {
      await page.getByRole("button", {
        name: /^(Start|Continue) the interview$/,
      }).click();
      await tab.connectionIs("Connected");
      await tab.seesNoMore("Restoring your answers…");
    },
    async goOn() {
      await page.getByRole("button", {
        name: /^(Continue the interview|End it and continue here)$/,
      }).click();
      await tab.connectionIs("Connected");
      await tab.seesNoMore("Restoring your answers…");
    },
    async sees(...texts) {
      for (const text of texts) {
        await page.getByText(text).filter({ visible: true }).first().waitFor();
      }
    },
    async seesNoMore(...texts) {
      for (const text of texts) {
        await page.getByText(text).first().waitFor({ state: "hidden" });
      }
    },
    async connectionIs(state) {
      await page.getByRole("status", { name: "Connection" })
        .getByText(state, { exact: true }).waitFor();
    },
    press: (name) => button(name).click(),
    write: (question, text) => field(question).fill(text),
    async type(question, text) {
      await field(question).press("ControlOrMeta+End");
      await page.keyboard.type(text);
    },
    async answerIs(question, state) {
      await page.getByRole("article", { name: `Question ${question}` })
        .getByText(state, { exact: true }).waitFor();
    },
    answer: (question) => field(question).inputValue(),
    answerBecomes: (question, text) =>
      until(
        `the answer to question ${question} is "${text}"`,
        async () => await tab.answer(question) === text,
      ),
    async pressSubmit() {
      await tab.press("Review and submit");
      await page.getByRole("button", { name: /^Submit( anyway)?$/ }).click();
    },
    async submit() {
      await tab.pressSubmit();
      await tab.seesReceipt();
    },
    async seesReceipt() {
      await page.getByRole("heading", { name: "Submitted", exact: true })
        .waitFor();
      await page.getByText(/^\d of 5$/).waitFor();
    },
  };
  return tab;
}

/** A person in an interview, in a profile of the shared browser. */
export async function inAnInterview(
  { device }: Scene,
  o: DeviceOptions = {},
): Promise<Device & { person: Person }> {
  const on = await device(o);
  const person = await on.tab.signUp();
  await on.tab.start();
  return { ...on, person };
}

/** A person in an interview, in a browser of their own. */
export async function onAComputer(
  { computer }: Scene,
): Promise<Computer & { person: Person }> {
  const on = await computer();
  const person = await on.tab.signUp();
  await on.tab.start();
  return { ...on, person };
}

/** The same person on another device, before the interview. */
export async function onAnother(
  { device }: Scene,
  person: Person,
  o: DeviceOptions = {},
): Promise<Tab> {
  const { tab } = await device(o);
  await tab.open();
  await tab.signIn(person);
  await tab.sees(startPage);
  return tab;
}

/** Stops the clock of a page that has a test clock: only the test moves it. */
export async function stopClock({ page }: Tab) {
  while (true) {
    const soon = await page.evaluate<number>("Date.now() + 1000");
    try {
      return await page.clock.pauseAt(soon);
    } catch (error) {
      // on a busy machine, that moment may have passed
      if (!String(error).includes("to the past")) throw error;
    }
  }
}

/**
 * Moves the stopped clock of a page, which stands still while a request is under way.
 * Returns when, by this clock, the page tried to save answers.
 */
export async function triesToSave(
  seconds: number,
  { page }: Tab,
): Promise<number[]> {
  await page.evaluate(`(() => {
    const send = fetch;
    tries = [];
    underWay = 0;
    globalThis.fetch = (...args) => {
      const url = args[0]?.url ?? String(args[0]);
      if (url.includes("interview_answers")) tries.push(performance.now());
      underWay++;
      return send(...args).finally(() => underWay--);
    };
  })()`);
  const stepMs = 300;
  for (let passed = 0; passed < seconds * 1000; passed += stepMs) {
    await page.clock.runFor(stepMs);
    await until(
      "no request is under way",
      () => page.evaluate<boolean>("underWay === 0"),
    );
  }
  return await page.evaluate<number[]>("tries");
}

/** Records what an interview's page says on its own from now on. */
export async function recordMessages(
  { page }: Tab,
): Promise<() => Promise<string[]>> {
  await page.evaluate(`(() => {
    messages = new Set();
    const record = () => {
      for (const name of ["Connection", "Messages"]) {
        const text = document.querySelector(\`[aria-label=\${name}]\`)?.innerText;
        if (text) messages.add(text.replaceAll(/\\s+/g, " "));
      }
    };
    record();
    new MutationObserver(record).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  })()`);
  return () => page.evaluate<string[]>("[...messages]");
}

/** The page's failed attempts to save answers. */
export function failedSaves({ network }: Scene): Call[] {
  return network.calls.filter(({ name, status }) =>
    name.endsWith(" /rest/v1/interview_answers") && status >= 400
  );
}

/** As when the network comes back: the page sends a heartbeat at once. */
export async function checkNow({ page }: Tab) {
  await page.evaluate("dispatchEvent(new Event('online'))");
}

/** Makes the administrator of the local stack, as `npm start` does. */
export async function addAdministrator({ project }: Scene) {
  await makeAdministrator(project.databaseUrl, { url: project.url });
}
