// M10: the longest duration of an interview, which a page learns from the server.
import assert from "node:assert/strict";
import {
  checkNow,
  inAnInterview,
  type Person,
  type Scene,
  stopClock,
  storiesOfThisFile,
  until,
} from "./support.ts";

const story = storiesOfThisFile({ times: { max_duration: "10 minutes" } });

/** As if the interview had begun so long ago that only this is left of it. */
async function onlyLeft(time: string, { project }: Scene, { id }: Person) {
  await project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - (deadline_at - now() - ${time}::interval),
      deadline_at = now() + ${time}::interval,
      expires_at = least(expires_at, now() + ${time}::interval)
    where user_id = ${id}`;
}

story(
  "M10 a minute before its longest duration a page says so; after it, it says that the time is up",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene, { hasTestClock: true });
    const { clock } = tab.page;
    await tab.sees(/^(10:00|9:\d\d)$/);
    await tab.write(1, "In time");
    await tab.answerIs(1, "Saved");
    const session = await scene.live(person);
    await stopClock(tab);

    await onlyLeft("2 minutes", scene, person);
    // it learns of the deadline with its next heartbeat
    await checkNow(tab);
    await until("it shows the time left", async () => {
      await clock.runFor(500);
      return await tab.page.getByText(/^1:\d\d$/).isVisible();
    });
    assert.equal(await tab.page.getByText("One minute left.").count(), 0);
    // a heartbeat would tell it that its clock is fast
    scene.network.fail("heartbeat_session");
    await clock.runFor(60_000);
    await tab.sees("One minute left.", /^0:\d\d$/);

    scene.network.fail();
    await onlyLeft("0 seconds", scene, person);
    await clock.runFor(60_000);
    await tab.sees("Your time is up", "What you had answered is kept");
    await tab.press("Back to the beginning");
    await clock.resume();
    await tab.start();
    assert.deepEqual(await scene.ended(person), [{
      session_id: session!.session_id,
      end_reason: "timed_out",
    }]);
  },
);
