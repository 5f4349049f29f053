// M10: the longest duration of an interview, which a page learns from the server.
import assert from "node:assert/strict";
import {
  inAnInterview,
  lookAt,
  type Person,
  type Scene,
  storiesOfThisFile,
  type Tab,
} from "./support.ts";

const story = storiesOfThisFile({ times: { max_duration: "10 minutes" } });

/** As if the interview had begun so long ago that only this is left of it. */
async function onlyLeft(
  time: string,
  { project }: Scene,
  { tab, person }: { tab: Tab; person: Person },
) {
  await project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - (deadline_at - now() - ${time}::interval),
      deadline_at = now() + ${time}::interval,
      expires_at = least(expires_at, now() + ${time}::interval)
    where user_id = ${person.id}`;
  // it learns of it with its next heartbeat
  await lookAt(tab);
}

story(
  "M10 a minute before its longest duration it says so; after it, it says that the time is up",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.sees(/^9:[45]\d$/);
    await tab.write(1, "In time");
    await tab.answerIs(1, "Saved");
    const session = await scene.live(person);

    await onlyLeft("62 seconds", scene, { tab, person });
    await tab.sees("One minute left.", /^0:[2345]\d$/);

    await onlyLeft("3 seconds", scene, { tab, person });
    await tab.sees("Your time is up", "What you had answered is kept");
    await tab.press("Back to the beginning");
    await tab.start();
    assert.deepEqual(await scene.ended(person), [{
      session_id: session!.session_id,
      end_reason: "timed_out",
    }]);
  },
);
