// What passes by itself: outages, a token that runs out, and time. The interview
// goes on.
import assert from "node:assert/strict";
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
  "M2 the API is down at the start: the interview begins, goes on trying, and saves later",
  async ({ open, project }) => {
    const { page, context } = await open();
    await person.signsUp(page);
    const api = `${project.url}/rest/**`;
    await context.route(api, (route) => route.abort());

    await page.getByRole("button", { name: "Start the interview" }).click();
    await sees(page, "Not connected yet");
    await page.getByRole("textbox").first().fill("Written in the dark.");
    await sees(page, "Kept on this page");
    assert.equal(
      (await project.sql`select from public.active_interview_sessions`).length,
      0,
    );

    await context.unroute(api);
    await person.isConnected(page);
    await sees(page, "Saved");
    await person.handsIn(page);
    assert.deepEqual(await endReasons(project), ["completed"]);
  },
);

browserTest(
  "B1 B6 the API is down for longer than the lease: a new session is taken, and it says so",
  async ({ open, project }) => {
    await shortTimes(project);
    const { page, context } = await open();
    await person.signsUp(page);
    await person.starts(page);
    const api = `${project.url}/rest/**`;
    await context.route(api, (route) => route.abort());
    await sees(page, "Connection interrupted");
    await until("the lease has run out", async () =>
      (await project.sql`
      select from public.active_interview_sessions where expires_at < now()`)
        .length === 1);

    await context.unroute(api);

    await sees(page, "we picked up where you left off");
    await person.isConnected(page);
    await person.handsIn(page);
    assert.deepEqual(await endReasons(project), ["expired", "completed"]);
  },
);

browserTest(
  "M10 near the longest duration it warns, and then says that the time is up",
  async ({ open, project }) => {
    await project.sql`
    update sessions.settings set max_duration = '6 seconds' where is_the_row`;
    const { page } = await open();
    await person.signsUp(page);
    await page.getByRole("button", { name: "Start the interview" }).click();

    await sees(page, /seconds? left\./);
    await seesHeading(page, "Your time is up");

    await page.getByRole("button", { name: "Back to the beginning" }).click();
    await page.getByRole("button", { name: "Start the interview" }).waitFor();
  },
);

browserTest(
  "B6 the token runs out in mid-interview: renewed, and the interview goes on",
  async ({ open, project }) => {
    await shortTimes(project);
    const { page, context } = await open();
    await person.signsUp(page);
    await person.starts(page);
    let refused = 0;
    // the next heartbeat meets a token that is no longer good
    await context.route(
      `${project.url}/rest/v1/rpc/heartbeat_session`,
      (route) =>
        refused++ === 0
          ? route.fulfill({
            status: 401,
            headers: { "access-control-allow-origin": "*" },
            json: { code: "PGRST303", message: "JWT expired" },
          })
          : route.continue(),
    );

    await until(
      "a heartbeat has been refused",
      () => Promise.resolve(refused > 1),
    );
    await person.isConnected(page);
    await person.handsIn(page);
    assert.deepEqual(await endReasons(project), ["completed"]);
  },
);
