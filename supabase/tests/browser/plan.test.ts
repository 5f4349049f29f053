// M16: the five manual tests of the first plan, in a real browser.
import assert from "node:assert/strict";
import { keys } from "../../../scripts/test/api_fixture.ts";
import { startSchedule } from "../../../scripts/stack/schedule.ts";
import {
  browserTest,
  endReasons,
  person,
  sees,
  seesHeading,
  shortTimes,
  until,
} from "./support.ts";

browserTest(
  "M16 normal flow: sign up, interview, hand in; nothing is left (M3 M4)",
  async ({ open, project }) => {
    const { page } = await open();
    await person.signsUp(page);
    await person.starts(page);
    await person.answers(page, "A bridge.");
    await person.handsIn(page);

    assert.deepEqual(await endReasons(project), ["completed"]);
    const rows = await project.sql`
    select answer from public.interview_answers`;
    assert.deepEqual([...rows], [{ answer: "A bridge." }]);
    assert.equal(
      (await project.sql`select from public.active_interview_sessions`).length,
      0,
    );
  },
);

browserTest(
  "M16 crash and recovery: kill -9, the same profile again, previous session detected, one click, to the end (M5 M6 B3)",
  async ({ open, profile, project }) => {
    const mine = profile();
    const first = await open({ profile: mine });
    const email = await person.signsUp(first.page);
    await person.starts(first.page);
    await person.answers(first.page, "Before the crash.");
    await first.crash();
    assert.deepEqual(await endReasons(project), [], "a crash tells nobody");

    const { page } = await open({ profile: mine });
    // whether the login had reached the disk is not ours to say
    const isSignedOut = page.getByRole("heading", { name: "Welcome" });
    const before = page.getByRole("heading", { name: "Before the interview" });
    await isSignedOut.or(before).first().waitFor();
    if (await isSignedOut.isVisible()) await person.signsIn(page, email);

    await seesHeading(page, "Previous session detected");
    await sees(page, /Chrome on Linux/);
    await sees(page, /just now|seconds? ago/);
    await page.getByRole("button", { name: "End it and start here" }).click();
    await person.isConnected(page);
    await person.answers(page, "After the crash.", 2);
    await person.handsIn(page);

    assert.deepEqual(await endReasons(project), ["taken_over", "completed"]);
  },
);

browserTest(
  "M16 network loss: 30 seconds without a network end nothing (M9)",
  async ({ open, project }) => {
    const { page, context } = await open();
    await person.signsUp(page);
    await person.starts(page);

    await context.setOffline(true);
    const offSince = performance.now();
    await page.getByRole("textbox").first().fill("Written offline.");
    await sees(page, "Kept on this page");
    await new Promise((resolve) =>
      setTimeout(resolve, 30_000 - (performance.now() - offSince))
    );
    await context.setOffline(false);

    await sees(page, "Saved");
    await person.isConnected(page);
    assert.deepEqual(await endReasons(project), []);
    await person.handsIn(page);
    assert.deepEqual(await endReasons(project), ["completed"]);
  },
);

browserTest(
  "M16 automatic clean-up: crashed, and swept up by the scheduled Edge Function (M7)",
  async ({ open, project }) => {
    await shortTimes(project);
    const device = await open();
    await person.signsUp(device.page);
    await person.starts(device.page);
    await device.crash();

    const schedule = startSchedule({
      url: `${project.url}/functions/v1/reap-stale-sessions`,
      key: keys.secret.cron,
      everyMs: 500,
      onFailure: (message) => assert.fail(message),
    });
    await until(
      "the crashed session is swept up",
      async () => (await endReasons(project)).length === 1,
    );
    await schedule.stop();

    assert.deepEqual(await endReasons(project), ["expired"]);
  },
  { functions: true },
);

browserTest(
  "M16 several users: two at once, neither in the other's way (M8)",
  async ({ open, project }) => {
    const [ada, ben] = await Promise.all([open(), open()]);
    await Promise.all([person.signsUp(ada.page), person.signsUp(ben.page)]);
    await Promise.all([person.starts(ada.page), person.starts(ben.page)]);
    await person.handsIn(ada.page);
    await person.answers(ben.page, "Still here.");
    await person.handsIn(ben.page);

    assert.deepEqual(await endReasons(project), ["completed", "completed"]);
  },
);
