// The lists of the admin page with 500 live and 5 000 ended sessions: search,
// filters, order, pages, addresses and files.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import {
  atTheDesk,
  deskAddress,
  howManyEnded,
  howManyLive,
  rowsOf,
  seedSessions,
} from "./admin_support.ts";
import { inspect } from "./inspect.ts";
import { type Scene, storiesOfThisFile, type Tab, until } from "./support.ts";

const story = storiesOfThisFile({ atOnce: 1 });

let isSeeded = false;

async function atTheFullDesk(scene: Scene, query?: string): Promise<Tab> {
  if (!isSeeded) await seedSessions(scene.project);
  isSeeded = true;
  return await atTheDesk(scene, query);
}

story(
  "M17 live sessions: 500 are searched by what they are known by",
  async (scene) => {
    const tab = await atTheFullDesk(scene);
    await tab.sees(`1–50 of ${howManyLive}`);
    const search = tab.page.getByLabel("Search");

    for (
      const [text, what] of [
        ["USER-017@", "part of an email address"],
        ["live-17", "a session id"],
        ["interview-17", "an interview id"],
      ]
    ) {
      await search.fill(text);
      await until(
        `${what} finds its session`,
        async () =>
          (await rowsOf(tab)).some((row) => row.startsWith("user-017@")) &&
          (await rowsOf(tab)).length < 50,
      );
    }
    await search.fill("iphone");
    await tab.sees("1–50 of 125");
    await search.fill("50%_");
    await tab.sees("No session matches.");
  },
);

story(
  "M17 live sessions: filtered by state, sorted by each column, page by page",
  async (scene) => {
    const tab = await atTheFullDesk(scene);
    const { page } = tab;

    await page.getByLabel("State").selectOption({ label: "Submitting" });
    await tab.sees("1–10 of 10");
    assert((await rowsOf(tab)).every((row) => row.includes("Submitting")));
    await page.getByLabel("State").selectOption({ label: "All" });

    await page.getByRole("button", { name: "User" }).click();
    await firstRowIs(tab, "user-001@");
    assert.equal(
      await page.getByRole("columnheader", { name: "User" }).getAttribute(
        "aria-sort",
      ),
      "ascending",
    );
    await page.getByRole("button", { name: "User" }).click();
    await firstRowIs(tab, "user-500@");

    await page.getByRole("button", { name: "Next", exact: true }).click();
    await firstRowIs(tab, "user-450@");
    await page.getByRole("button", { name: "Last", exact: true }).click();
    await tab.sees("451–500 of 500");
    // the button that leads nowhere keeps the focus
    assert.equal(
      await page.evaluate("document.activeElement.innerText"),
      "Last",
    );
  },
);

story(
  "M17 ended sessions: 5 000 are searched, filtered, sorted and paged",
  async (scene) => {
    const tab = await atTheFullDesk(scene);
    const { page } = tab;
    await page.getByRole("link", { name: "Ended", exact: true }).click();
    await tab.sees(`1–50 of ${howManyEnded.toLocaleString("en")}`);

    await page.getByLabel("Search").fill("user-042@example.com");
    await tab.sees("1–10 of 10");
    await page.getByLabel("How it ended").selectOption({
      label: "Lost contact",
    });
    await until(
      "only those that lost contact are shown",
      async () => {
        const rows = await rowsOf(tab);
        return rows.length > 0 && rows.length < 10 &&
          rows.every((row) => row.includes("Lost contact"));
      },
    );

    await page.getByLabel("Search").fill("");
    await page.getByLabel("How it ended").selectOption({ label: "All" });
    await page.getByLabel("Period").selectOption({ label: "Last hour" });
    await tab.sees("No session has ended in this period.");
    await page.getByLabel("Period").selectOption({ label: "All" });
    await page.getByRole("button", { name: "Duration" }).click();
    await until(
      "the shortest is first",
      async () => (await rowsOf(tab))[0]?.endsWith("1 min"),
    );
  },
);

story(
  "M17 the address says what is shown: a link opens it, back and forward lead through it",
  async (scene) => {
    const tab = await atTheFullDesk(
      scene,
      "view=ended&q=user-042&sort=ended_at",
    );
    const { page } = tab;
    await tab.sees("1–10 of 10");
    assert.equal(await page.getByLabel("Search").inputValue(), "user-042");
    assert.match(await page.title(), /^Ended sessions · /);

    await page.getByRole("link", { name: "user-042@example.com" }).first()
      .click();
    await page.getByRole("heading", { level: 1, name: "user-042@example.com" })
      .waitFor();
    assert.match(await page.title(), /^Session of user-042@example.com · /);
    assert.equal(
      await page.evaluate("document.activeElement.innerText"),
      "user-042@example.com",
    );
    const address = page.url();

    await page.goBack();
    await tab.sees("1–10 of 10");
    await page.goForward();
    await page.getByRole("heading", { level: 1, name: "user-042@example.com" })
      .waitFor();
    await page.getByRole("link", { name: "Ended sessions" }).click();
    await tab.sees("1–10 of 10");
    await page.getByRole("link", { name: "Trends" }).click();
    await tab.sees("How long they took");
    assert.match(await page.title(), /^Trends · /);
    await page.goBack();
    await tab.sees("1–10 of 10");

    const another = await atTheDesk(scene);
    await another.page.goto(address);
    await another.page.getByRole("heading", {
      level: 1,
      name: "user-042@example.com",
    })
      .waitFor();
  },
);

story(
  "M17 a page that no longer exists leads to the first one",
  async (scene) => {
    const tab = await atTheFullDesk(scene, "page=400");

    await tab.sees("1–50 of 500");
    assert(!tab.page.url().includes("page="));
  },
);

story(
  "M17 the file has all that is filtered, quoted, and no formula",
  async (scene) => {
    const tab = await atTheFullDesk(scene, "view=ended&q=user-007&period=all");
    const { page } = tab;
    await scene.project.sql`
    update public.interview_session_history set device = case session_id
      when 'ended-6' then '=HYPERLINK("http://evil.example","a,b")'
      when 'ended-506' then '+49 30 "quoted", and more'
      else device
    end
    where session_id in ('ended-6', 'ended-506')`;
    await tab.sees("1–10 of 10");

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      tab.press("Save as CSV"),
    ]);
    await tab.sees("Saved 10 sessions as a file.");

    assert.equal(download.suggestedFilename(), "ended-sessions.csv");
    const lines = fs.readFileSync(await download.path(), "utf8").split("\r\n");
    assert.equal(
      lines[0],
      "\ufeffemail,user_id,session_id,interview_id,device,started_at,ended_at,end_reason,duration_seconds",
    );
    assert.equal(lines.length, 12);
    assert(
      lines.some((line) =>
        line.includes(`,"'=HYPERLINK(""http://evil.example"",""a,b"")",`)
      ),
      lines.join("\n"),
    );
    assert(
      lines.some((line) => line.includes(`,"'+49 30 ""quoted"", and more",`)),
    );
  },
);

story(
  "M17 on a phone nothing of a row is hidden, and the order can be chosen",
  async (scene) => {
    const tab = await atTheFullDesk(scene);
    const { page } = tab;
    await tab.sees(`1–50 of ${howManyLive}`);

    await page.setViewportSize({ width: 390, height: 800 });

    const row = page.locator("table[role=table] tbody tr").first();
    for (
      const words of [
        "user-001@example.com",
        "interview-1",
        "Safari on iPhone",
        "Active",
        "3 min ago",
        /^\d+ s ago$|^just now$/,
        /^1[12] min$/,
      ]
    ) {
      const cell = row.getByText(words, { exact: true });
      await cell.first().waitFor();
      const box = await cell.first().boundingBox();
      assert(box && box.x >= 0 && box.x + box.width <= 390, String(words));
    }
    await page.getByLabel("Sort by").selectOption({ label: "User, Z to A" });
    await firstRowIs(tab, "user-500@");
  },
);

story(
  "how the admin page looks with 500 live and 5 000 ended sessions",
  async (scene) => {
    const tab = await atTheFullDesk(scene);
    await tab.sees(`1–50 of ${howManyLive}`);
    await inspect(tab, { isForOperators: true });
    await tab.open(deskAddress("view=ended"));
    await tab.sees("1–50 of 5,000");
    await inspect(tab, { isForOperators: true });
    await tab.open(deskAddress("view=trends"));
    await tab.sees("How long they took");
    await tab.page.locator("svg .recharts-bar-rectangle path").first()
      .waitFor();
    await tab.page.getByText("Show as a table").first().click();
    await inspect(tab, { isForOperators: true });
  },
);

story(
  "M17 the number of matches is said once for a search, and the view that is open stands out in forced colours",
  async (scene) => {
    const tab = await atTheFullDesk(scene);
    const { page } = tab;
    await tab.sees(`1–50 of ${howManyLive}`);
    const said = page.getByRole("status").filter({ hasText: "found" });

    await page.getByLabel("Search").fill("user-017@");
    await said.getByText("1 session found").waitFor();
    await page.evaluate(`(() => {
      again = [];
      const region = [...document.querySelectorAll("[role=status]")]
        .find((element) => element.textContent.includes("found"));
      new MutationObserver(() => again.push(region.textContent))
        .observe(region, { childList: true, subtree: true, characterData: true });
    })()`);
    await scene.project.sql`
      delete from public.active_interview_sessions where session_id = 'live-17'`;
    await tab.sees("No session matches.");
    assert.deepEqual(await page.evaluate("again"), []);

    await page.emulateMedia({ forcedColors: "active" });
    const [current, other] = await page.evaluate<string[]>(`
      [...document.querySelectorAll("nav[aria-label=Sessions] a")]
        .map((link) => getComputedStyle(link).borderBottomColor)`);
    assert.notEqual(current, other);
  },
);

async function firstRowIs(tab: Tab, start: string) {
  await until(
    `the first row begins with ${start}`,
    async () => (await rowsOf(tab))[0]?.startsWith(start),
  );
}
