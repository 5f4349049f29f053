// What a stranger sees: plain words, at every width, in light and dark, by
// keyboard alone. UPDATE_SCREENSHOTS=1 writes docs/screenshots.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  administrator,
  makeAdministrator,
} from "../../../scripts/stack/administrator.ts";
import { nodeModules, repositoryRoot } from "../../../scripts/stack/paths.ts";
import {
  browserTest,
  type Page,
  person,
  seesHeading,
  shortTimes,
} from "./support.ts";

const axe = fs.readFileSync(
  join(nodeModules, "axe-core", "axe.min.js"),
  "utf8",
);

/** Words for programmers. */
const jargon =
  /\b(lease|token|database|heartbeat|fence|expired?|conflict|error code|null|undefined|PT\d+)\b/i;

for (const width of [360, 1440]) {
  for (const dark of [false, true]) {
    const look = `${dark ? "dark" : "light"} at ${width} px`;
    browserTest(
      `M5 every page of a candidate, ${look}: plain words, nothing that axe finds, no scrolling sideways`,
      async ({ open, project }) => {
        await shortTimes(project, "20 seconds");
        const { page } = await open({ width, dark });
        const looks = async (name: string) => {
          await isForPeople(page);
          await screenshot(page, `${name}-${dark ? "dark" : "light"}-${width}`);
        };

        await seesHeading(page, "Welcome");
        await looks("welcome");
        const email = await person.signsUp(page);
        await looks("before");
        await person.starts(page);
        await person.answers(page, "A bridge over a small river.");
        await looks("interview");

        const other = await open({ width, dark });
        await person.signsIn(other.page, email);
        await seesHeading(other.page, "Previous session detected");
        await isForPeople(other.page);
        await screenshot(
          other.page,
          `previous-${dark ? "dark" : "light"}-${width}`,
        );
        await other.page.getByRole("button", { name: "End it and start here" })
          .click();
        await seesHeading(
          page,
          "This interview was continued on another device",
        );
        await looks("continued");
        await person.handsIn(other.page);
        await isForPeople(other.page);
      },
    );
  }
}

browserTest("the whole interview by keyboard alone", async ({ open }) => {
  const { page } = await open();
  await page.getByLabel("Email").focus();
  await page.keyboard.type("keys@example.com");
  await page.keyboard.press("Tab");
  await page.keyboard.type("correct horse");
  await page.keyboard.press("Enter");
  await tabTo(page, "Start the interview");
  await page.keyboard.press("Enter");
  await person.isConnected(page);
  await page.getByRole("textbox").first().focus();
  await page.keyboard.type("By keyboard.");
  await tabTo(page, "Hand in");
  await page.keyboard.press("Enter");
  await seesHeading(page, "Your interview is handed in");
});

for (const [width, dark] of [[1440, false], [360, true]] as const) {
  const look = `${dark ? "dark" : "light"} at ${width} px`;
  browserTest(
    `M17 the admin page, ${look}: nothing that axe finds, no scrolling sideways`,
    async ({ open, project }) => {
      await makeAdministrator(project.databaseUrl, { url: project.url });
      for (const user of await project.newUsers(3)) {
        await user.client.rpc("start_session", {
          session_id: "a",
          device: "Chrome on Windows",
        });
      }
      const { page } = await open({ width, dark, path: "/admin" });
      await person.signsIn(page, administrator.email, administrator.password);
      await seesHeading(page, "Live sessions");
      await page.getByText("Chrome on Windows").first().waitFor();

      await isAccessible(page);
      await screenshot(page, `admin-${dark ? "dark" : "light"}-${width}`);
    },
  );
}

async function tabTo(page: Page, name: string) {
  await page.getByRole("button", { name, exact: true, disabled: false })
    .waitFor();
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate("document.activeElement?.textContent");
    if (String(focused).trim() === name) return;
  }
  assert.fail(`Tab does not lead to "${name}"`);
}

async function isForPeople(page: Page) {
  const text = await page.locator("body").innerText();
  assert.doesNotMatch(text, jargon);
  const sessions = text.match(/.{0,10}session.{0,10}/gi) ?? [];
  for (const words of sessions) assert.match(words, /Previous session/);
  await isAccessible(page);
}

async function isAccessible(page: Page) {
  const overflow = await page.evaluate(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  assert.equal(overflow, 0, "it scrolls sideways");
  await page.evaluate(axe);
  const found = await page.evaluate(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
  );
  assert.deepEqual(found, []);
}

/** Those that the README shows. */
const shown = [
  ...["previous-light-1440", "interview-light-1440"],
  ...["interview-dark-360", "continued-light-360", "admin-light-1440"],
];

async function screenshot(page: Page, name: string) {
  if (!process.env.UPDATE_SCREENSHOTS || !shown.includes(name)) return;
  const folder = join(repositoryRoot, "docs", "screenshots");
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
