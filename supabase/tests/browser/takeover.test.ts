// One interview and more than one window: who has it, and what the others see.
import assert from "node:assert/strict";
import {
  administrator,
  makeAdministrator,
} from "../../../scripts/stack/administrator.ts";
import {
  browserTest,
  endReasons,
  person,
  sees,
  seesHeading,
  shortTimes,
} from "./support.ts";

browserTest(
  "B3 two tabs: the second is told of the first, and takes nothing by itself",
  async ({ open, url, project }) => {
    const { page, context } = await open();
    await person.signsUp(page);
    await person.starts(page);

    const second = await context.newPage();
    await second.goto(url);

    await seesHeading(second, "Previous session detected");
    await sees(second, /Chrome on Linux/);
    assert.deepEqual(await endReasons(project), []);
    await second.close();
    await person.answers(page, "Still mine.");
  },
);

browserTest(
  "B3 a duplicated tab, with all that the first one keeps, is another tab: it is told, and takes nothing",
  async ({ open, project }) => {
    const { page, context } = await open();
    await person.signsUp(page);
    await person.starts(page);

    // as "Duplicate tab" does, this copies what the tab keeps for itself
    const opened = context.waitForEvent("page");
    await page.evaluate("void window.open(location.href)");
    const twin = await opened;

    await seesHeading(twin, "Previous session detected");
    assert.deepEqual(await endReasons(project), []);
    await person.answers(page, "Still mine.");
  },
);

browserTest(
  "B4 M17 two devices: the interview moves to the other and back, and takes its answers along",
  async ({ open, project }) => {
    await shortTimes(project, "20 seconds");
    const laptop = await open();
    const email = await person.signsUp(laptop.page);
    await person.starts(laptop.page);
    await person.answers(laptop.page, "From the laptop.");

    const phone = await open({ width: 360 });
    await person.signsIn(phone.page, email);
    await phone.page.getByRole("button", { name: "End it and start here" })
      .click();
    await person.isConnected(phone.page);

    await seesHeading(
      laptop.page,
      "This interview was continued on another device",
    );
    assert.equal(
      await phone.page.getByRole("textbox").first().inputValue(),
      "From the laptop.",
    );

    await laptop.page.getByRole("button", { name: "Continue here instead" })
      .click();
    await person.isConnected(laptop.page);
    await seesHeading(
      phone.page,
      "This interview was continued on another device",
    );
    await person.handsIn(laptop.page);
    assert.deepEqual(
      await endReasons(project),
      ["taken_over", "taken_over", "completed"],
    );
  },
);

browserTest(
  "B5 what a zombie writes is refused by the table, and it is told kindly",
  async ({ open, project }) => {
    const zombie = await open();
    const email = await person.signsUp(zombie.page);
    await person.starts(zombie.page);
    const other = await open();
    await person.signsIn(other.page, email);
    await other.page.getByRole("button", { name: "End it and start here" })
      .click();
    await person.isConnected(other.page);

    // its next heartbeat is half a minute away: so it writes in good faith
    await zombie.page.getByRole("textbox").first().fill("Too late.");

    await seesHeading(
      zombie.page,
      "This interview was continued on another device",
    );
    await sees(zombie.page, /was not saved any more/);
    const rows = await project.sql`
    select from public.interview_answers where answer = 'Too late.'`;
    assert.equal(rows.length, 0);
  },
);

browserTest(
  "M3 a tab that is closed ends its interview, and one that goes to the page before does not lock itself out",
  async ({ open, url, project }) => {
    const { page, context } = await open();
    await person.signsUp(page);
    await person.starts(page);
    const second = await context.newPage();
    await second.goto("about:blank");

    await page.close({ runBeforeUnload: true });

    await second.goto(url);
    await second.getByRole("button", { name: "Start the interview" }).waitFor();
    assert.deepEqual(await endReasons(project), ["disconnected"]);
  },
);

browserTest(
  "B4 a page that comes back, from the cache or afresh, learns whether it still holds",
  async ({ open, project }) => {
    const { page } = await open();
    await person.signsUp(page);
    await person.starts(page);

    await page.goto("about:blank");
    await page.goBack();

    // from the cache it goes on; if the browser kept none, it has ended and starts again
    const connected = page.getByText("Connected", { exact: true });
    const again = page.getByRole("button", { name: "Start the interview" });
    await connected.or(again).first().waitFor();
    const isKept = await connected.isVisible();
    assert.deepEqual(await endReasons(project), isKept ? [] : ["disconnected"]);
    if (!isKept) await person.starts(page);
    await person.answers(page, "Back again.");
  },
);

browserTest(
  "M17 an administrator ends an interview, and its page says who did",
  async ({ open, project }) => {
    await shortTimes(project, "20 seconds");
    await makeAdministrator(project.databaseUrl, { url: project.url });
    const candidate = await open();
    const email = await person.signsUp(candidate.page);
    await person.starts(candidate.page);

    const desk = await open({ path: "/admin" });
    await person.signsIn(
      desk.page,
      administrator.email,
      administrator.password,
    );
    await seesHeading(desk.page, "Administration");
    await sees(desk.page, email);
    await desk.page.getByRole("button", { name: /^End / }).first().click();
    await desk.page.getByLabel("Note for the history").fill("A fire drill");
    await desk.page.getByRole("dialog").getByRole("button", { name: /^End/ })
      .click();

    await seesHeading(
      candidate.page,
      "This interview was ended by an administrator",
    );
    const rows = await project.sql`
    select end_reason, note, ended_by is not null as is_known
    from public.interview_session_history`;
    assert.deepEqual([...rows], [{
      end_reason: "revoked",
      note: "A fire drill",
      is_known: true,
    }]);
  },
);

browserTest(
  "B8 the admin page shows nothing to who is no administrator",
  async ({ open }) => {
    const { page } = await open();
    await person.signsUp(page);
    await page.goto(new URL("/admin", page.url()).href);

    await seesHeading(page, "This page is for administrators");
  },
);
