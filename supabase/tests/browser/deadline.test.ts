// M10 C1: an interview has one deadline, which a page learns from the server; what
// happens when it comes near, passes, or is moved. A test moves the page's clock,
// and the database's by changing the deadline.
import assert from "node:assert/strict";
import {
  checkNow,
  inAnInterview,
  isSaved,
  onAnother,
  type Person,
  type Scene,
  stopClock,
  storiesOfThisFile,
  type Tab,
  until,
} from "./support.ts";

const story = storiesOfThisFile({ times: { max_duration: "10 minutes" } });

/** As if the interview had begun so long ago that only this is left of it. */
async function onlyLeft(time: string, { project }: Scene, { id }: Person) {
  await project.sql.begin(async (sql) => {
    await sql`
      update public.interviews
      set
        started_at = started_at - (deadline_at - now() - ${time}::interval),
        deadline_at = now() + ${time}::interval
      where user_id = ${id}`;
    await sql`
      update public.active_interview_sessions
      set
        created_at = created_at - (deadline_at - now() - ${time}::interval),
        deadline_at = now() + ${time}::interval,
        expires_at = least(expires_at, now() + ${time}::interval)
      where user_id = ${id}`;
  });
}

/** An interview with two minutes left, on a page whose clock stands still. */
async function twoMinutesLeft(scene: Scene) {
  const on = await inAnInterview(scene, { hasTestClock: true });
  await on.tab.write(1, "In time");
  await on.tab.answerIs(1, isSaved);
  await stopClock(on.tab);
  await onlyLeft("2 minutes", scene, on.person);
  // it learns of the deadline with its next heartbeat
  await checkNow(on.tab);
  await shows(on.tab, /^1:\d\d$/);
  return on;
}

/** Lets the page's clock run until the page shows this time. */
async function shows({ page }: Tab, time: RegExp) {
  await until("it shows the time left", async () => {
    await page.clock.runFor(500);
    return await page.getByText(time).isVisible();
  });
}

async function reasons({ ended }: Scene, person: Person): Promise<string[]> {
  return (await ended(person)).map(({ end_reason }) => end_reason);
}

story(
  "M10 the page shows the time left, also in its title, and says when a minute is left",
  async (scene) => {
    const { tab } = await twoMinutesLeft(scene);
    const { clock } = tab.page;
    await until(
      "the title has it",
      async () => /^1:\d\d left · /.test(await tab.page.title()),
    );
    assert.equal(await tab.page.getByText("1 minute left.").count(), 0);

    // a heartbeat would tell it that its clock is fast
    scene.network.fail("heartbeat_session");
    await clock.runFor(60_000);

    await tab.sees("1 minute left.", /^0:\d\d$/);
  },
);

story(
  "W18 just before the time is up the interview submits itself, with what was typed last, and says so",
  async (scene) => {
    const { tab, person } = await twoMinutesLeft(scene);
    const { clock } = tab.page;
    await clock.runFor(105_000);
    await tab.write(2, "In the last seconds");

    await clock.resume();
    await clock.fastForward(10_000);

    await tab.sees("Time was up, and your answers were submitted.");
    await tab.seesReceipt();
    assert.deepEqual(await reasons(scene, person), ["completed"]);
    assert.deepEqual(await scene.saved(person), [
      "In time",
      "In the last seconds",
    ]);
  },
);

story(
  "W18 the time is up while the server cannot be reached: the page says what was not submitted",
  async (scene) => {
    const { tab, person } = await twoMinutesLeft(scene);
    await scene.network.cut();
    await tab.write(2, "Never arrived");

    await tab.page.clock.runFor(115_000);
    await tab.sees("Time is up: your answers are being submitted.");
    await onlyLeft("0 seconds", scene, person);
    scene.network.mend();
    await tab.page.clock.resume();

    await tab.sees(
      "Your time is up",
      "Your interview ended before it was submitted.",
      /The server has 1 of 5 answers\./,
      "1 answer changed after the last save. The changes are only on this device.",
    );
    assert.equal(
      await tab.page.getByRole("heading", { name: "Submitted", exact: true })
        .count(),
      0,
    );
    assert.deepEqual(await scene.saved(person), ["In time"]);
  },
);

story(
  "C1 a candidate whose time is up is told so at the start page, and continues after an extension",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.write(1, "In time");
    await tab.answerIs(1, isSaved);
    await onlyLeft("0 seconds", scene, person);

    await checkNow(tab);
    await tab.sees("Your time is up", /The server has 1 of 5 answers\./);
    await tab.page.reload();
    await tab.sees("Your time is up");
    assert.equal(await tab.page.getByText(/the interview$/).count(), 0);
    const { error } = await scene.project.service.rpc("extend_interview", {
      user_id: person.id,
      interview_id: "application",
      by: "5 minutes",
    });
    assert.equal(error, null);

    await tab.page.reload();
    await tab.start();
    await tab.sees(/^[45]:\d\d$/);
    await tab.answerBecomes(1, "In time");
    assert.deepEqual(await reasons(scene, person), ["timed_out"]);
  },
);

story(
  "C1 an extension reaches the page in the interview, which says so",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.sees(/^(10:00|9:\d\d)$/);

    const { error } = await scene.project.service.rpc("extend_interview", {
      user_id: person.id,
      interview_id: "application",
      by: "20 minutes",
    });
    assert.equal(error, null);
    await checkNow(tab);

    await tab.sees(/^You have more time: (29|30) minutes left\.$/);
    await tab.sees(/^(30:00|29:\d\d)$/);
  },
);

story(
  "C1 the clock goes on over Leave, a reload and another device",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    const deadline = (await scene.live(person))!.deadline_at;
    await tab.press("Leave");
    await tab.press("Leave the interview");
    await tab.sees(/^(10 minutes|9 minutes) left$/);
    await tab.goOn();
    assert.deepEqual((await scene.live(person))!.deadline_at, deadline);

    await tab.page.reload();
    await tab.goOn();
    assert.deepEqual((await scene.live(person))!.deadline_at, deadline);

    const other = await onAnother(scene, person);
    await other.goOn();
    assert.deepEqual((await scene.live(person))!.deadline_at, deadline);
  },
);
