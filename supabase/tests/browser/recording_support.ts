// A page with the app's recording, a browser with a camera and a microphone that are
// not real, and an API with Storage.
import { Buffer } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
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
import { ceilingMs, until as untilTrue } from "../waiting.ts";
import { openBrowser, program, type RunningBrowser } from "./chromium.ts";
import { openWire, type Wire } from "./wire.ts";
import type { Credentials, Room } from "./recording_room.ts";

/** A camera and a microphone, and a user who allows them. */
export const withDevices = [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  // playback needs no click
  "--autoplay-policy=no-user-gesture-required",
];

/** The same, but the user does not allow them. */
export const withDenial = [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream=deny",
];

/** What a test has to itself. */
export interface Scene {
  project: Project;
  wire: Wire;
  /** Where the page is. */
  url: string;
  /** A page in a new profile of a browser that the tests share. */
  newPage(): Promise<RoomPage>;
  /** A page in a browser of its own. */
  computer(o?: { profile?: string; switches?: string[] }): Promise<Computer>;
  newProfile(): string;
  /** What Storage has in the bucket, with its bytes, by name. */
  stored(person: Person): Promise<Stored[]>;
  /**
   * How many bytes of an upload Storage has written. A request that asks for this
   * would end the one that uploads.
   */
  received(uploadUrl: string): number;
}

export interface Person extends Credentials {
  id: string;
}

export interface Stored {
  name: string;
  bytes: Buffer;
  sha256: string;
}

export interface Computer extends RoomPage {
  kill(): Promise<void>;
}

/** The page, and calls of its functions. */
export interface RoomPage {
  page: Page;
  signUp(): Promise<Person>;
  signIn(person: Person): Promise<void>;
  call<Name extends keyof Room>(
    name: Name,
    ...args: Parameters<Room[Name]>
  ): Promise<Awaited<ReturnType<Room[Name]>>>;
  /** Another page in the same profile. */
  newTab(): Promise<RoomPage>;
  /** Waits until this many pieces are on the device. */
  untilPieces(count: number): Promise<void>;
  /** Waits for an expression to be true in the page. */
  until(expression: string): Promise<void>;
}

interface Place {
  project: Project;
  folder: string;
  storage: string;
  files: AppFiles;
  browser: RunningBrowser;
}

/** Registers tests; they share an API and a browser. */
export function recordingTests() {
  const place = {} as Place;
  if (program) {
    Deno.test.beforeAll(async () => {
      const folder = fs.mkdtempSync(join(tmpdir(), "interview-recording-"));
      const storage = join(folder, "storage");
      const [project, files, browser] = await Promise.all([
        startProject({ storageFolder: storage }),
        buildApp({
          source: join(import.meta.dirname!, "recording_page"),
          builds: join(folder, "builds"),
        }),
        openBrowser(join(folder, "shared"), withDevices),
      ]);
      const policies = join(appSource, "storage.sql");
      await project.sql.unsafe(fs.readFileSync(policies, "utf8")).simple();
      Object.assign(place, { project, folder, storage, files, browser });
    });
    Deno.test.afterAll(async () => {
      await place.browser?.kill();
      await place.project?.stop();
      if (place.folder) {
        fs.rmSync(place.folder, {
          recursive: true,
          force: true,
          maxRetries: 5,
        });
      }
    });
  }
  return (name: string, work: (scene: Scene) => Promise<void>) => {
    Deno.test({
      name: program ? name : `${name} (skipped: no Chromium was found)`,
      ignore: !program,
      // a closed browser's connection ends a little later
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => play(place, work),
    });
  };
}

async function play(place: Place, work: (scene: Scene) => Promise<void>) {
  const { project } = place;
  const wire = openWire(project.url);
  const app = serveApp({
    port: freePort(),
    files: place.files,
    config: { apiUrl: wire.url, publishableKey: keys.publishable },
  });
  const contexts: BrowserContext[] = [];
  const browsers: RunningBrowser[] = [];
  const roomIn = async (context: BrowserContext) => {
    context.setDefaultTimeout(ceilingMs);
    const page = context.pages()[0] ?? await context.newPage();
    return await openRoom(page, app.url);
  };
  const newProfile = () => join(place.folder, randomUUID());
  try {
    await work({
      project,
      wire,
      url: app.url,
      async newPage() {
        const context = await place.browser.newProfile();
        contexts.push(context);
        return await roomIn(context);
      },
      async computer({ profile = newProfile(), switches = withDevices } = {}) {
        const browser = await openBrowser(profile, switches);
        browsers.push(browser);
        return {
          ...await roomIn(browser.own),
          async kill() {
            browsers.splice(browsers.indexOf(browser), 1);
            await browser.kill();
          },
        };
      },
      newProfile,
      stored: (person) => storedIn(place, person),
      received: (uploadUrl) => receivedIn(place, uploadUrl),
    });
  } finally {
    await Promise.all(browsers.map((browser) => browser.kill()));
    await Promise.all(contexts.map((context) => context.close()));
    wire.stop();
    await app.stop();
  }
}

async function storedIn(
  { project, storage }: Place,
  { id }: Person,
): Promise<Stored[]> {
  const rows = await project.sql<{ name: string; version: string }[]>`
    select name, version from storage.objects
    where bucket_id = 'recordings' and owner_id = ${id}
    order by created_at`;
  return rows.map(({ name, version }) => {
    const file = join(storage, "recordings", name, version);
    const bytes = fs.readFileSync(file);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { name, bytes, sha256 };
  });
}

/** The end of an upload's URL is the name of its file. */
function receivedIn({ storage }: Place, uploadUrl: string): number {
  const encoded = new URL(uploadUrl).pathname.split("/").at(-1)!;
  const file = Buffer.from(encoded, "base64url").toString();
  return fs.statSync(join(storage, file)).size;
}

async function openRoom(page: Page, url: string): Promise<RoomPage> {
  await page.goto(url);
  // the page's security policy keeps Playwright from waiting in it
  const until = (expression: string) =>
    untilTrue(
      expression,
      async () => !!await page.evaluate<unknown>(expression),
    );
  const call: RoomPage["call"] = async (name, ...args) => {
    await until("!!globalThis.room");
    return await page.evaluate<never>(
      `room.${name}(...${JSON.stringify(args)})`,
    );
  };
  return {
    page,
    call,
    until,
    newTab: async () => await openRoom(await page.context().newPage(), url),
    async signUp() {
      const credentials = {
        email: `${randomUUID().slice(0, 8)}@example.com`,
        password: "correct horse battery staple",
      };
      return { id: await call("signUp", credentials), ...credentials };
    },
    async signIn(person) {
      await call("signIn", person);
    },
    untilPieces: (count) => untilPieces(page, count),
  };
}

/** Waits until the device has this many pieces of recordings. */
export async function untilPieces(page: Page, count: number) {
  await untilTrue(`${count} pieces`, async () => {
    const pieces = await page.evaluate<number>(countPieces);
    return pieces >= count;
  });
}

/** Opens the database only if the app has made it. */
const countPieces = `(async () => {
  const name = "interview-recordings";
  const all = await indexedDB.databases();
  if (!all.some((database) => database.name === name)) return 0;
  const result = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const db = await result(indexedDB.open(name));
  try {
    return await result(db.transaction("pieces").objectStore("pieces").count());
  } finally {
    db.close();
  }
})()`;
