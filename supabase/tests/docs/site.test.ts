// The docs site, as `npm run docs` builds it, in a real browser.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import process from "node:process";
import type { BrowserContext, Page } from "playwright-core";
import { nodeModules, repositoryRoot } from "../../../scripts/stack/paths.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { exists, filesBelow } from "../../../scripts/test/files.ts";
import {
  openBrowser,
  program,
  type RunningBrowser,
} from "../browser/chromium.ts";
import { ceilingMs } from "../waiting.ts";

/** The site's pages, as their addresses have them. */
const pages = filesBelow("docs", ".md").map((file) =>
  file.replace(/^docs/, "").replace(/index\.md$/, "").replace(/\.md$/, ".html")
);

/** Where links to files lead that are not pages. */
const repository = "https://github.example/owner/repository/blob/main/";

const desktop = { width: 1440, height: 800 };
const phone = { width: 360, height: 800 };

interface Site {
  url: string;
  folder: string;
  stop(): Promise<void>;
}

let site: Site;
let browser: RunningBrowser;
let profile: string;

if (program) {
  Deno.test.beforeAll(async () => {
    profile = fs.mkdtempSync(path.join(tmpdir(), "docs-site-"));
    site = await buildSite(path.join(profile, "site"));
    browser = await openBrowser(path.join(profile, "browser"));
  });
  Deno.test.afterAll(async () => {
    await browser?.kill();
    await site?.stop();
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
}

/** Registers a test with a page of its own. */
function onSite(
  name: string,
  o: { width: number; colorScheme?: "dark" | "light" },
  work: (page: Page) => Promise<void>,
) {
  Deno.test({
    name: program ? name : `${name} (skipped: no Chromium was found)`,
    ignore: !program,
    // the browser runs beside it
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const context: BrowserContext = await browser.newProfile();
      try {
        context.setDefaultTimeout(ceilingMs);
        const page = await context.newPage();
        await page.setViewportSize({ width: o.width, height: 800 });
        await page.emulateMedia({
          colorScheme: o.colorScheme ?? "light",
          reducedMotion: "reduce",
        });
        await work(page);
      } finally {
        await context.close();
      }
    },
  });
}

/** Opens a page, and waits until its script has taken over. */
async function open(page: Page, place: string) {
  await page.goto(site.url + place, { waitUntil: "load" });
  await page.waitForFunction(
    "document.querySelector('#app')?.__vue_app__ !== undefined",
  );
}

interface Seen {
  ids: string[];
  links: string[];
  brokenImages: string[];
  title: string;
}

const look = `({
  title: document.title,
  ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
  links: [...document.querySelectorAll("a[href]")].map(({ href }) => href),
  brokenImages: [...document.querySelectorAll("img")]
    .filter((image) => image.complete && image.naturalWidth === 0)
    .map(({ src }) => src),
})`;

/** What is wider than the page, or than the box that it scrolls in. */
const tooWide = `[
  ...(document.documentElement.scrollWidth <= innerWidth
    ? []
    : [...document.querySelectorAll("#app *")]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)),
  ...[...document.querySelectorAll("table")]
    .filter((table) => table.scrollWidth > table.clientWidth + 1),
].map((element) => element.outerHTML.slice(0, 100))`;

onSite(
  "every page opens without an error, every link and anchor leads somewhere, and on a phone neither the page nor a table scrolls sideways",
  desktop,
  async (page) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(`${page.url()}: ${error}`));
    page.on("response", (response) => {
      if (response.status() >= 400) errors.push(response.url());
    });
    const seen = new Map<string, Seen>();
    const wide: Record<string, string[]> = {};
    for (const place of pages) {
      await page.setViewportSize(desktop);
      await open(page, place);
      seen.set(place, await page.evaluate<Seen>(look));
      await page.setViewportSize(phone);
      const found = await page.evaluate<string[]>(tooWide);
      if (found.length > 0) wide[place] = found;
      await takePicture(page, place, "phone");
    }

    assert.deepEqual(errors, []);
    assert.deepEqual(wide, {});
    assert.deepEqual(
      [...seen].filter(([, { title }]) => !/\w \| Interview/.test(title))
        .map(([place]) => place)
        .filter((place) => place !== "/"),
      [],
      "pages without a title",
    );
    assert.deepEqual(
      [...seen.values()].flatMap(({ brokenImages }) => brokenImages),
      [],
    );
    const dead = [...seen].flatMap(([from, { links }]) =>
      links.filter((link) => !leadsSomewhere(link, seen))
        .map((link) => `${from}: ${link}`)
    );
    assert.deepEqual(dead, []);
    assert(
      [...seen.values()].some(({ links }) =>
        links.some((link) => link.startsWith(repository))
      ),
    );
    // the sidebar leads to every page
    const linked = new Set(
      [...seen.values()].flatMap(({ links }) => links)
        .map((link) => new URL(link).pathname),
    );
    assert.deepEqual(pages.filter((place) => !linked.has(place)), []);
  },
);

function leadsSomewhere(link: string, seen: Map<string, Seen>): boolean {
  const { origin, pathname, hash } = new URL(link);
  if (link.startsWith(repository)) {
    return exists(link.slice(repository.length).replace(/[#?].*/, ""));
  }
  if (origin !== site.url) return /^https?:/.test(link);
  const target = seen.get(pathname);
  if (!target) return fs.existsSync(path.join(site.folder, pathname));
  return hash === "" || target.ids.includes(decodeURIComponent(hash.slice(1)));
}

onSite(
  "the search finds a page by a word in it, and opens it",
  { width: 1440 },
  async (page) => {
    await open(page, "/");
    await page.getByRole("button", { name: "Search" }).first().click();
    await page.getByRole("searchbox").fill("extend_interview");
    await page.locator("a.result[href*='/api.html#extend_interview']").first()
      .click();

    await page.waitForURL("**/api.html#extend_interview");
    await page.getByRole("heading", { name: /^extend_interview/ }).waitFor();
  },
);

onSite(
  "on a phone the menu leads to a page",
  phone,
  async (page) => {
    await open(page, "/");
    await page.getByRole("button", { name: "Menu" }).click();
    await page.locator(".VPSidebar")
      .getByRole("link", { name: "Operating", exact: true }).click();
    await page.getByRole("heading", { name: "Operating", level: 1 }).waitFor();
  },
);

const colours = `({
  isDark: document.documentElement.classList.contains("dark"),
  background: getComputedStyle(document.body).backgroundColor,
  text: getComputedStyle(document.body).color,
})`;

interface Colours {
  isDark: boolean;
  background: string;
  text: string;
}

/** From 0, black, to 255. */
function brightness(colour: string): number {
  const parts = colour.match(/[\d.]+/g)!.slice(0, 3).map(Number);
  return parts.reduce((sum, part) => sum + part, 0) / 3;
}

onSite(
  "dark mode follows the system",
  { width: 1440, colorScheme: "dark" },
  async (page) => {
    for (const place of ["/", "/troubleshooting.html", "/api.html"]) {
      await open(page, place);
      const { isDark, background, text } = await page.evaluate<Colours>(
        colours,
      );
      assert(isDark);
      assert(brightness(background) < 64, background);
      assert(brightness(text) > 192, text);
      await takePicture(page, place, "dark");
    }
  },
);

onSite(
  "dark mode can be switched on, and is remembered",
  { width: 1440 },
  async (page) => {
    await open(page, "/");
    await takePicture(page, "/", "light");
    assert(!(await page.evaluate<Colours>(colours)).isDark);
    await page.locator(".VPNavBarAppearance").getByRole("switch").click();
    await page.waitForFunction(`(${colours}).isDark`);
    await open(page, "/quick-start.html");

    assert((await page.evaluate<Colours>(colours)).isDark);
  },
);

const axe = `axe.run(document, {
  // the theme's search button shows its shortcut and does not name it
  rules: { "label-content-name-mismatch": { enabled: false } },
}).then(({ violations }) => violations.map(({ id, nodes }) => ({
  id,
  nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => html + failureSummary),
})))`;

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 360]) {
    onSite(
      `axe finds nothing: ${colorScheme}, ${width} px`,
      { width, colorScheme },
      async (page) => {
        const program = fs.readFileSync(
          path.join(nodeModules, "axe-core", "axe.min.js"),
          "utf8",
        );
        for (
          const place of ["/", "/quick-start.html", "/troubleshooting.html"]
        ) {
          await open(page, place);
          await page.evaluate(program);
          assert.deepEqual(await page.evaluate(axe), [], place);
        }
      },
    );
  }
}

/** Builds the site into this folder, and serves it. */
async function buildSite(folder: string): Promise<Site> {
  const { code, said } = await runCommand(
    "node",
    [
      path.join(nodeModules, "vitepress", "bin", "vitepress.js"),
      ...["build", path.join(repositoryRoot, "docs"), "--outDir", folder],
    ],
    {
      signal: new AbortController().signal,
      // as in GitHub's CI
      env: {
        GITHUB_SERVER_URL: "https://github.example",
        GITHUB_REPOSITORY: "owner/repository",
      },
    },
  );
  assert.equal(code, 0, said);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => fileIn(folder, new URL(request.url).pathname),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    folder,
    stop: () => server.shutdown(),
  };
}

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

function fileIn(folder: string, pathname: string): Response {
  const name = path.join(folder, decodeURIComponent(pathname));
  const file = pathname.endsWith("/") ? path.join(name, "index.html") : name;
  // no page has an icon
  if (pathname === "/favicon.ico") return new Response(null, { status: 204 });
  if (!fs.existsSync(file)) return new Response(null, { status: 404 });
  return new Response(fs.readFileSync(file), {
    headers: {
      "content-type": types[path.extname(file)] ?? "application/octet-stream",
    },
  });
}

/** A picture of the whole page, if DOCS_PICTURES names a folder for them. */
async function takePicture(page: Page, place: string, look: string) {
  const folder = process.env.DOCS_PICTURES;
  if (!folder) return;
  fs.mkdirSync(folder, { recursive: true });
  const name = place.replaceAll("/", "_").replace(".html", "") || "_";
  await page.screenshot({
    path: path.join(folder, `${look}${name}.png`),
    fullPage: true,
  });
}
