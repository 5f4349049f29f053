// Real browsers. They are started here and not by Playwright, whose own way of
// starting one disables what is under test: hidden pages, throttled timers, the
// back/forward cache.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { followParent } from "../../../scripts/stack/unprivileged.ts";
import { awaited, ceilingMs } from "../waiting.ts";
import { findChromium } from "./find_chromium.ts";

/** The browser's program; undefined if there is none. */
export const program = await findChromium();

/** A browser that runs. */
export interface RunningBrowser {
  /** What its profile holds: cookies, storage, pages. */
  own: BrowserContext;
  /** Another profile in it, kept nowhere. */
  newProfile(o?: { userAgent?: string }): Promise<BrowserContext>;
  /** What a crash does: all of its processes end at once. */
  kill(): Promise<void>;
  /** What closing a laptop does: all of its processes stop. */
  sleep(): void;
  /** They continue. */
  wake(): void;
}

const switches = [
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-extensions",
  "--disable-component-extensions-with-background-pages",
  // pages of the browser's own, which nobody sees
  "--disable-features=SpareRendererForSitePerProcess,WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,MediaRouter,Translate,OptimizationHints",
  "--window-size=1280,900",
  // a page that is hidden while it loads has its timers throttled to one a
  // minute after a second, not after five minutes
  "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1",
  "--remote-debugging-port=0",
  // root, most containers and Ubuntu may not use the sandbox; only pages of this
  // repository are opened
  "--no-sandbox",
];

/** Opens a browser with the profile in this folder. */
export async function openBrowser(
  profile: string,
  moreSwitches: string[] = [],
): Promise<RunningBrowser> {
  const { endpoint, kill, signal } = await launch(profile, moreSwitches);
  try {
    const browser = await chromium.connectOverCDP(endpoint, {
      isLocal: true,
      noDefaults: true,
      timeout: ceilingMs,
    });
    return {
      own: browser.contexts()[0],
      newProfile: (o) => browser.newContext(o),
      async kill() {
        await kill();
        await browser.close();
      },
      sleep: () => signal("SIGSTOP"),
      wake: () => signal("SIGCONT"),
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

/**
 * Whether the browser is a full one: Chromium's headless shell has neither
 * hidden tabs nor a back/forward cache.
 */
export async function isFullBrowser(): Promise<boolean> {
  const profile = fs.mkdtempSync(join(tmpdir(), "interview-browsers-"));
  try {
    const { endpoint, kill } = await launch(profile);
    try {
      const answer = await fetch(
        `http://${new URL(endpoint).host}/json/version`,
      );
      const { Browser: product } = await answer.json();
      return !product.startsWith("HeadlessChrome/");
    } finally {
      await kill();
    }
  } finally {
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A browser's processes, and where it can be controlled. */
interface Launched {
  endpoint: string;
  kill(): Promise<void>;
  signal(name: Deno.Signal): void;
}

async function launch(
  profile: string,
  moreSwitches: string[] = [],
): Promise<Launched> {
  assert(program);
  fs.mkdirSync(profile, { recursive: true });
  const { command, args } = followParent(program.command, [
    ...switches,
    ...moreSwitches,
    `--user-data-dir=${profile}`,
    "about:blank",
  ]);
  const child = new Deno.Command(command, {
    args,
    env: program.env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    // a process group of its own, to be killed as one
    detached: true,
  }).spawn();
  const signal = (name: Deno.Signal) => {
    try {
      Deno.kill(-child.pid, name);
    } catch {
      // it has ended already
    }
  };
  const kill = async () => {
    signal("SIGKILL");
    await child.status;
  };
  try {
    return { endpoint: await endpointOf(child.stderr), kill, signal };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** Where the browser can be controlled, which it prints on its standard error. */
function endpointOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let printed = "";
  const read = (text: string) => {
    printed += text;
    const endpoint = /DevTools listening on (ws:\S+)/.exec(printed)?.[1];
    if (endpoint) resolve(endpoint);
  };
  stderr.pipeThrough(new TextDecoderStream() as never)
    .pipeTo(new WritableStream<string>({ write: read }))
    .finally(() => reject(new Error(`Chromium did not start:\n${printed}`)))
    .catch(() => {});
  return awaited("Chromium starts", promise);
}
