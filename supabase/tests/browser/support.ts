// What the tests in real browsers share: the app as `npm start` serves it, over a
// project of the file's own; people who sign up; devices with profiles of their
// own; and words on a page to wait for.
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
  CEILING_MS,
  openBrowser,
  program,
  type RunningBrowser,
} from "./chromium.ts";
import { type Call, type Network, startNetwork } from "./network.ts";

export { administrator, keys };

/** The upload takes no longer than this many seconds. */
const quickly = "/?upload=0.3";

/** Somebody with an account. */
export interface Person {
  id: string;
  email: string;
  password: string;
}

/** An API that goes and comes back. */
export interface OwnApi {
  /** Nobody answers any more. */
  stop(): Promise<void>;
  /** It is there again. */
  start(): Promise<void>;
}

/** A live session, as far as it is looked at here. */
export interface Live {
  session_id: string;
  fence: string;
  status: string;
  device: string | null;
  created_at: Date;
  updated_at: Date;
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
   * Puts an API of the story's own behind its network: one that can be stopped
   * while others go on, or whose tokens are good for so many seconds only.
   */
  ownApi(o?: { tokensLast?: number }): Promise<OwnApi>;
  /** A profile of its own, in a browser that others use, too. */
  device(o?: { userAgent?: string }): Promise<Device>;
  /** A browser of its own, which can be killed. */
  computer(profile?: string): Promise<Computer>;
  /** A folder for a profile that outlives its browser. */
  profile(): string;
  /** The person's row in the live table; undefined if there is none. */
  live(person: Person): Promise<Live | undefined>;
  /** How the person's sessions ended, in the order in which they began. */
  ended(person: Person): Promise<{ session_id: string; end_reason: string }[]>;
  /** The texts that are saved, by number of question, whichever the session. */
  saved(person: Person): Promise<string[]>;
}

/** A device: pages that share what the browser remembers. */
export interface Device {
  context: BrowserContext;
  /** Its first tab. */
  tab: Tab;
  newTab(): Promise<Tab>;
}

/** A device whose browser is its own. */
export interface Computer extends Device {
  kill(): Promise<void>;
  /** Its lid is closed: all of the browser stands still. */
  sleep(): void;
  /** All of it goes on, and knows nothing of the time between. */
  wake(): void;
}

/** A tab, and what a person does in it. */
export interface Tab {
  page: Page;
  open(place?: string): Promise<void>;
  signUp(place?: string): Promise<Person>;
  signIn(person: { email: string; password: string }): Promise<void>;
  /** Starts an interview, and is in it. */
  start(): Promise<void>;
  /** Waits until these words are to be read. */
  sees(...words: (string | RegExp)[]): Promise<void>;
  /** Waits until these words are not to be read. */
  seesNoMore(...words: (string | RegExp)[]): Promise<void>;
  /** Waits until the connection is told with these words. */
  isTold(
    words:
      | "Connected"
      | "Connection interrupted"
      | "Not connected yet"
      | "Signed out",
  ): Promise<void>;
  press(button: string): Promise<void>;
  write(question: number, text: string): Promise<void>;
  /** Waits until this is told of an answer. */
  answerIs(question: number, state: string | RegExp): Promise<void>;
  /** What stands in an answer. */
  answer(question: number): Promise<string>;
  /** Hands the interview in, and sees that it is. */
  handIn(): Promise<void>;
}

/** Registers a test of what happens in browsers. */
export type Story = (
  name: string,
  work: (scene: Scene) => Promise<void>,
) => void;

/**
 * What a file's tests take place in. They have nothing to do with one another,
 * and mostly wait: so several are under way at once.
 */
export function storiesOfThisFile(
  o: {
    /** Columns of sessions.settings. */
    times?: Record<string, string>;
    functions?: boolean;
    atOnce?: number;
  } = {},
): Story {
  const place = {} as Place;
  const told: { begin(): Promise<void>; result?: Promise<void> }[] = [];
  let isOver = false;

  if (program) {
    Deno.test.beforeAll(async () => {
      Object.assign(place, await openPlace(o));
    });
    Deno.test.afterAll(async () => {
      isOver = true;
      await Promise.allSettled(told.map(({ result }) => result));
      await place.close?.();
    });
  }

  async function oneAfterTheOther() {
    for (let one = next(); one && !isOver; one = next()) {
      one.result = one.begin();
      await one.result.catch(() => {});
    }
  }
  const next = () => told.find(({ result }) => !result);

  return (name, work) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    // told of by its test, which may begin later
    promise.catch(() => {});
    const one: typeof told[number] = {
      begin() {
        const result = play(place, work);
        resolve(result);
        return result;
      },
    };
    told.push(one);
    Deno.test({
      name: program ? name : `${name} (skipped: no Chromium here)`,
      ignore: !program,
      // those beside it have begun and not ended
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        if (!one.result && one === told.find(({ result }) => !result)) {
          for (let i = 0; i < (o.atOnce ?? 2); i++) void oneAfterTheOther();
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
  close(): Promise<void>;
}

async function openPlace(
  o: { times?: Record<string, string>; functions?: boolean },
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
    const project = await startProject({ functions: o.functions });
    closing.push(() => project.stop());
    const schema = fs.readFileSync(join(appSource, "schema.sql"), "utf8");
    await project.sql.unsafe(schema).simple();
    if (o.times) {
      await project.sql`update sessions.settings set ${project.sql(o.times)}`;
    }
    const [files, browser] = await Promise.all([
      buildApp(),
      openBrowser(join(folder, "shared")),
    ]);
    closing.push(() => browser.kill());
    return { project, files, folder, browser, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Plays a story, and puts everything away; a failure tells what was to be seen. */
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
    context.setDefaultTimeout(CEILING_MS);
    const tabOf = (page: Page) => makeTab(page, app.url, project);
    return {
      context,
      tab: tabOf(context.pages()[0] ?? await context.newPage()),
      newTab: async () => tabOf(await context.newPage()),
    };
  };
  try {
    await work({
      project,
      url: app.url,
      network,
      async ownApi(o = {}) {
        const own = startAgainAndAgain(() => project.anotherApi(o), network);
        apis.add(own);
        await own.start();
        return own;
      },
      device: async (o = {}) =>
        await deviceOf(await place.browser.newProfile(o)),
      async computer(profile = newFolder()) {
        const browser = await openBrowser(profile);
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
          where user_id = ${id} order by question, saved_at, fence`)
          .map(({ answer }) => answer),
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

function startAgainAndAgain(
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
        new Promise<string>((resolve) =>
          setTimeout(resolve, 2_000, "no answer")
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
    async open(place = quickly) {
      await page.goto(url + place);
    },
    async signUp(place) {
      const email = `${randomUUID().slice(0, 8)}@example.com`;
      const password = "correct horse battery staple";
      await tab.open(place);
      await fillIn({ email, password });
      await tab.press("Create account");
      await tab.sees("Before the interview");
      const [{ id }] = await project.superuser<{ id: string }[]>`
        select id from auth.users where email = ${email}`;
      return { id, email, password };
    },
    async signIn(person) {
      await fillIn(person);
      const other = button("Sign in instead");
      if (await other.isVisible()) await other.click();
      await tab.press("Sign in");
    },
    async start() {
      await tab.press("Start the interview");
      await tab.isTold("Connected");
    },
    async sees(...words) {
      for (const text of words) {
        await page.getByText(text).filter({ visible: true }).first().waitFor();
      }
    },
    async seesNoMore(...words) {
      for (const text of words) {
        await page.getByText(text).first().waitFor({ state: "hidden" });
      }
    },
    async isTold(words) {
      await page.getByRole("status", { name: "Connection" })
        .getByText(words, { exact: true }).waitFor();
    },
    press: (name) => button(name).click(),
    write: (question, text) => field(question).fill(text),
    async answerIs(question, state) {
      await page.getByRole("article", { name: `Question ${question}` })
        .getByText(state, { exact: true }).waitFor();
    },
    answer: (question) => field(question).inputValue(),
    async handIn() {
      await tab.press("Hand in");
      await tab.sees("Your interview is handed in");
    },
  };
  return tab;
}

/** A person in an interview, in a profile of a browser that others use, too. */
export async function inAnInterview(
  { device }: Scene,
): Promise<Device & { person: Person }> {
  const on = await device();
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
  o: { userAgent?: string } = {},
): Promise<Tab> {
  const { tab } = await device(o);
  await tab.open();
  await tab.signIn(person);
  await tab.sees("Before the interview");
  return tab;
}

/** Writes down what an interview's page tells by itself from now on. */
export async function noteSayings(
  { page }: Tab,
): Promise<() => Promise<string[]>> {
  await page.evaluate(`(() => {
    sayings = new Set();
    const note = () => {
      for (const name of ["Connection", "Messages"]) {
        const said = document.querySelector(\`[aria-label=\${name}]\`)?.innerText;
        if (said) sayings.add(said.replaceAll(/\\s+/g, " "));
      }
    };
    note();
    new MutationObserver(note).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  })()`);
  return () => page.evaluate<string[]>("[...sayings]");
}

/** How often the page has tried in vain to save what was written, and when. */
export function savingsInVain({ network }: Scene): Call[] {
  return network.calls.filter(({ name, status }) =>
    name.endsWith(" /rest/v1/interview_answers") && status >= 400
  );
}

/** As when the network comes back: the page asks at once whether it still holds. */
export async function lookAt({ page }: Tab) {
  await page.evaluate("dispatchEvent(new Event('online'))");
}

/** Makes the administrator of the local stack, who is told of by `npm start`. */
export async function addAdministrator({ project }: Scene) {
  await makeAdministrator(project.databaseUrl, { url: project.url });
}

/** Waits until `look` finds what it looks for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = performance.now() + CEILING_MS;
  while (performance.now() < end) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited in vain: ${what}`);
}

/** Waits, where what is told needs time to go by. */
export function pass(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
