// Laptops that sleep, and tabs that nobody looks at.
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
  "B4 sleep beyond the lease, and somebody else has it by then: told, and nothing taken",
  async ({ open, project }) => {
    await shortTimes(project);
    const sleeper = await open();
    const email = await person.signsUp(sleeper.page);
    await person.starts(sleeper.page);
    await sleeper.sleep();
    await until("the lease has run out", async () =>
      (await project.sql`
      select from public.active_interview_sessions where expires_at < now()`)
        .length === 1);

    const other = await open();
    await person.signsIn(other.page, email);
    await seesHeading(other.page, "Before the interview");
    await person.starts(other.page);
    await sleeper.wakeUp();

    await seesHeading(sleeper.page, "Previous session detected");
    await person.answers(other.page, "Mine.");
    assert.deepEqual(await endReasons(project), ["expired"]);
  },
);

browserTest(
  "B6 a hidden tab goes on beating for longer than the lease",
  async ({ open, project }) => {
    await shortTimes(project);
    const { page, context } = await open();
    await person.signsUp(page);
    await person.starts(page);
    const front = await context.newPage();
    await front.bringToFront();
    const [{ expires_at }] = await project.sql<{ expires_at: Date }[]>`
    select expires_at from public.active_interview_sessions`;

    await until("the first lease is long over", async () => {
      const [row] = await project.sql<{ is_over: boolean }[]>`
      select now() > ${expires_at}::timestamptz + interval '3 seconds' as is_over`;
      return row.is_over;
    });

    assert.deepEqual(await endReasons(project), []);
    await page.bringToFront();
    await person.handsIn(page);
    assert.deepEqual(await endReasons(project), ["completed"]);
  },
);

browserTest(
  "B1 sleep beyond the lease, and nobody else has it: picked up where it was left, and it says so",
  async ({ open, project }) => {
    await shortTimes(project);
    const { page, sleep, wakeUp } = await open();
    await person.signsUp(page);
    await person.starts(page);
    await sleep();
    await until("the lease has run out", async () =>
      (await project.sql`
      select from public.active_interview_sessions where expires_at < now()`)
        .length === 1);

    await wakeUp();

    await sees(page, "we picked up where you left off");
    await person.handsIn(page);
    assert.deepEqual(await endReasons(project), ["expired", "completed"]);
  },
);
