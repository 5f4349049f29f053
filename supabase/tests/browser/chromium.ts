// Real browsers. Each is started by us and not by Playwright, whose own way of
// starting one takes away what is under test here: pages that are hidden, timers
// that are slowed down, the back/forward cache.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type BrowserContext, chromium } from "playwright-core";
import { followParent } from "../../../scripts/stack/unprivileged.ts";

/** The browser's program; undefined if there is none. */
export const chromiumProgram = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) =>
    (process.env.PATH ?? "").split(":").map((folder) => join(folder, name))
  )
  .find((file) => fs.existsSync(file));

/** A browser that runs. */
export interface RunningBrowser {
  /** What its profile holds: cookies, storage, pages. */
  own: BrowserContext;
  /** Another profile in it, kept nowhere. */
  newProfile(o?: { userAgent?: string }): Promise<BrowserContext>;
  /** What a crash does: all of its processes are gone at once. */
  kill(): Promise<void>;
  /** What the lid of a laptop does: all of its processes stand still. */
  sleep(): void;
  /** They go on. */
  wake(): void;
}

const args = [
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
  "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,MediaRouter,Translate,OptimizationHints",
  "--window-size=1280,900",
  // a page that is hidden while it is loaded has its timers slowed down to one a
  // minute after a second, not after five minutes
  "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1",
  "--remote-debugging-port=0",
  // Chromium's own sandbox refuses root
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

/** Opens a browser with the profile in this folder. */
export async function openBrowser(profile: string): Promise<RunningBrowser> {
  assert(chromiumProgram);
  fs.mkdirSync(profile, { recursive: true });
  const { command, args: all } = followParent(chromiumProgram, [
    ...args,
    `--user-data-dir=${profile}`,
    "about:blank",
  ]);
  const child = new Deno.Command(command, {
    args: all,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    // a group of processes of its own, to be killed as one
    detached: true,
  }).spawn();
  const tellAll = (signal: Deno.Signal) => {
    try {
      Deno.kill(-child.pid, signal);
    } catch {
      // it has ended already
    }
  };
  const kill = async () => {
    tellAll("SIGKILL");
    await child.status;
  };
  try {
    const endpoint = await endpointOf(child.stderr);
    const options = { isLocal: true, noDefaults: true, timeout: 60_000 };
    const browser = await chromium.connectOverCDP(endpoint, options);
    return {
      own: browser.contexts()[0],
      newProfile: (o) => browser.newContext(o),
      kill: async () => {
        await kill();
        await browser.close();
      },
      sleep: () => tellAll("SIGSTOP"),
      wake: () => tellAll("SIGCONT"),
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** Where it can be told what to do; the rest of what it says is of no use. */
function endpointOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const look = (text: string) => {
      said += text;
      const endpoint = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (endpoint) resolve(endpoint);
    };
    stderr.pipeThrough(new TextDecoderStream() as never)
      .pipeTo(new WritableStream<string>({ write: look }))
      .finally(() => reject(new Error(`Chromium did not start:\n${said}`)))
      .catch(() => {});
  });
}
