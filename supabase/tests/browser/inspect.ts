// Checks a page in light and dark mode, on a phone and on a desktop: its wording,
// the violations that axe finds, horizontal scrolling; and takes the README's
// screenshots if UPDATE_SCREENSHOTS is set, and all of them into the folder that
// ALL_SCREENSHOTS names.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { nodeModules, repositoryRoot } from "../../../scripts/stack/paths.ts";
import { ceilingMs } from "../waiting.ts";
import type { Tab } from "./support.ts";

const looks = [
  { colorScheme: "light", width: 1440, height: 900 },
  { colorScheme: "light", width: 360, height: 740 },
  { colorScheme: "dark", width: 360, height: 740 },
  { colorScheme: "dark", width: 1440, height: 900 },
] as const;

const axe = fs.readFileSync(
  join(nodeModules, "axe-core", "axe.min.js"),
  "utf8",
);

/** Words that no candidate should read. */
const jargon =
  /\b(lease|token|database|heartbeat|fence|expired|conflict|error code|session)\w*/gi;

/** The jargon in a text. */
export function jargonIn(text: string): string[] {
  return text.replaceAll(/previous session/gi, "").match(jargon) ?? [];
}

/** All of its text, also what is hidden and what only a screen reader says. */
const everyWord = `
  [
    document.title,
    document.body.textContent,
    ...[...document.querySelectorAll("*")].flatMap((element) =>
      ["aria-label", "title", "alt", "placeholder", "aria-description"]
        .map((name) => element.getAttribute(name) ?? "")
    ),
  ].join("\\n")`;

/** Charts take their width a frame later, and transitions have to be over. */
const settled = `
  (async () => {
    for (let frame = 0; frame < 3; frame++) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    await Promise.allSettled(document.getAnimations().map((a) => a.finished));
  })()`;

/** The elements because of which the page scrolls horizontally. */
const isTooWide = `
  (document.documentElement.scrollWidth <= innerWidth
    ? []
    : [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > innerWidth)
      .map((element) => element.outerHTML.slice(0, 80)))`;

/** Asserts that there is no jargon on the page now. */
export async function speaksPlainly({ page }: Tab) {
  const words = await page.evaluate<string>(everyWord);
  assert.match(words, /\w{3}/);
  assert.deepEqual(jargonIn(words), []);
}

/** Checks a page as it is now, in all of its looks. */
export async function inspect(
  tab: Tab,
  o: { picture?: string; isForOperators?: boolean } = {},
) {
  const { page } = tab;
  if (!o.isForOperators) await speaksPlainly(tab);
  if (!await page.evaluate<boolean>("'axe' in window")) {
    await page.evaluate(axe);
  }
  if (!o.isForOperators) await reflows(tab);
  for (const look of looks) {
    const { colorScheme, width, height } = look;
    const name = `${colorScheme}, ${width} px`;
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height });
    await page.evaluate(settled);
    await page.waitForFunction(isTooWide + ".length === 0", null, {
      timeout: ceilingMs,
    }).catch(async () => {
      assert.deepEqual(await page.evaluate(isTooWide), [], `${name}: too wide`);
    });
    // dark mode changes colours only
    const rules = colorScheme === "dark" ? { runOnly: ["color-contrast"] } : {};
    const findings = await page.evaluate<unknown[]>(
      `axe.run(${JSON.stringify(rules)})
        .then(({ violations }) => violations.map(({ id, nodes }) => ({
          id,
          nodes: nodes.map(({ html, failureSummary }) => html + failureSummary),
        })))`,
    );
    assert.deepEqual(findings, [], name);
    if (o.picture) await takePicture(tab, o.picture, look);
    await takeAnyPicture(tab, look);
  }
}

/** A window of 1280 px at a zoom of 400 %: also what a zoom of 200 % leaves. */
async function reflows({ page }: Tab) {
  await page.setViewportSize({ width: 320, height: 256 });
  await page.evaluate(settled);
  assert.deepEqual(await page.evaluate(isTooWide), [], "zoomed: too wide");
}

/** The screenshots in the README. */
const chosen = new Set([
  "previous-light-1440.png",
  "interview-light-1440.png",
  "interview-dark-360.png",
  "continued-light-360.png",
  "admin-light-1440.png",
]);

const pictures = join(repositoryRoot, "docs", "screenshots");

/** Takes a screenshot if it is wanted, and one of the README's. */
async function takePicture(
  { page }: Tab,
  name: string,
  { colorScheme, width }: typeof looks[number],
) {
  const path = join(pictures, `${name}-${colorScheme}-${width}.png`);
  if (process.env.UPDATE_SCREENSHOTS && chosen.has(basename(path))) {
    fs.mkdirSync(pictures, { recursive: true });
    await page.evaluate("scrollTo(0, 0)");
    if (name === "admin") {
      // the whole page: the charts are drawn again when it gets taller
      const height = await page.evaluate<number>(
        "document.documentElement.scrollHeight",
      );
      await page.setViewportSize({ width, height });
      await page.evaluate(settled);
    }
    await page.screenshot({ path, style: "* { scrollbar-width: none }" });
  }
}

/** Takes a screenshot for a look at the whole app, named after its heading. */
async function takeAnyPicture(
  { page }: Tab,
  { colorScheme, width }: typeof looks[number],
) {
  const folder = process.env.ALL_SCREENSHOTS;
  if (!folder) return;
  const heading = await page.evaluate<string>(
    "[...document.querySelectorAll('h1, [role=dialog] h2')].at(-1)?.innerText ?? 'none'",
  );
  const name = heading.toLowerCase().replaceAll(/\W+/g, "-");
  const count = fs.existsSync(folder) ? fs.readdirSync(folder).length : 0;
  await page.screenshot({
    path: join(folder, `${name}-${colorScheme}-${width}-${count}.png`),
    fullPage: true,
  });
}
