// What the first screen costs on a slow network: "Fast 3G" takes 562 ms for each
// round trip and carries 1.6 Mbit/s. Time is not measured, since this machine may be
// busy: the test counts bytes, and requests that had to wait for one another.
import assert from "node:assert/strict";
import { storiesOfThisFile, type Tab, until } from "./support.ts";

const story = storiesOfThisFile();

/** "Fast 3G", as Chromium's developer tools have it. */
const fast3G = {
  offline: false,
  latency: 562.5,
  downloadThroughput: 1.44e6 / 8,
  uploadThroughput: 675e3 / 8,
};

interface Loaded {
  url: string;
  startedAt: number;
  endedAt: number;
  bytes: number;
}

/** Emulates the network, and records what is loaded. */
async function recordLoading({ page }: Tab): Promise<() => Loaded[]> {
  const cdp = await page.context().newCDPSession(page);
  const loaded = new Map<string, Loaded>();
  cdp.on("Network.requestWillBeSent", ({ requestId, request, timestamp }) => {
    loaded.set(requestId, {
      url: request.url,
      startedAt: timestamp,
      endedAt: Infinity,
      bytes: 0,
    });
  });
  cdp.on("Network.loadingFinished", (event) => {
    Object.assign(loaded.get(event.requestId)!, {
      endedAt: event.timestamp,
      bytes: event.encodedDataLength,
    });
  });
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", fast3G);
  return () => [...loaded.values()].filter(({ endedAt }) => endedAt < Infinity);
}

/** The longest chain of requests each of which began after the one before it. */
function roundTrips(requests: Loaded[]): number {
  const depths = new Map<Loaded, number>();
  const depthOf = (one: Loaded): number => {
    if (!depths.has(one)) {
      const before = requests.filter(({ endedAt }) => endedAt <= one.startedAt);
      depths.set(one, 1 + Math.max(0, ...before.map(depthOf)));
    }
    return depths.get(one)!;
  };
  return Math.max(0, ...requests.map(depthOf));
}

/** When the page first painted something, in milliseconds after its start. */
function firstPaint({ page }: Tab): Promise<number | undefined> {
  return page.evaluate<number | undefined>(
    "performance.getEntriesByName('first-contentful-paint')[0]?.startTime",
  );
}

/** Seconds until this much is loaded, if nothing else takes time. */
function secondsOf(requests: Loaded[]): number {
  const bytes = requests.reduce((sum, { bytes }) => sum + bytes, 0);
  return roundTrips(requests) * fast3G.latency / 1000 +
    bytes / fast3G.downloadThroughput;
}

for (
  const { place, words, most } of [
    { place: "/", words: "Create account", most: 2 },
    { place: "/admin", words: "Sign in", most: 3 },
  ]
) {
  story(
    `the first paint of ${place} takes less than 2 s on "Fast 3G": 2 round trips, 20 kB; all of the page ${most} round trips`,
    async ({ device, url }) => {
      const html = await (await fetch(url + place)).text();
      const isNamed = (one: Loaded) => html.includes(new URL(one.url).pathname);
      const { tab } = await device();
      const loaded = await recordLoading(tab);
      await tab.open(place);
      await tab.page.getByRole("button", { name: words, exact: true })
        .waitFor();
      await until("it has painted", async () => !!await firstPaint(tab));

      const all = loaded();
      const document = all.find(({ url }) => new URL(url).pathname === place)!;
      // what the first paint waits for: the page and its styles
      const first = all.filter((one) =>
        one === document || one.url.endsWith(".css") && isNamed(one)
      );
      assert(first.length >= 2);
      assert.equal(roundTrips(first), 2);
      assert(first.reduce((sum, { bytes }) => sum + bytes, 0) < 20_000);
      assert(secondsOf(first) < 2);

      // what the whole page waits for: neither its icon, which comes after it,
      // nor what loads ahead for later
      const needed = all.filter((one) =>
        (one === document || isNamed(one) || /\/admin_page-/.test(one.url)) &&
        new URL(one.url).pathname !== "/icon.svg"
      );
      assert(
        roundTrips(needed) <= most,
        `${roundTrips(needed)} round trips: ${JSON.stringify(needed, null, 1)}`,
      );
      const bytes = needed.reduce((sum, { bytes }) => sum + bytes, 0);
      assert(bytes < 200_000, `${bytes} bytes`);
    },
  );
}

story(
  "an interview that is not recorded does not load the library for uploads",
  async ({ device }) => {
    const { tab } = await device();
    await tab.signUp();
    await tab.start();
    await tab.sees("Connected");

    const sources = await tab.page.evaluate<string[]>(`Promise.all(
      performance.getEntriesByType("resource")
        .filter(({ name }) => name.endsWith(".js"))
        .map(async ({ name }) => await (await fetch(name)).text())
    )`);

    assert(sources.some((source) => source.includes("start_session")));
    assert(!sources.some((source) => source.includes("Tus-Resumable")));
  },
);
