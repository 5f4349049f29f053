// M10: the longest duration of an interview, which a page learns from the server.
import assert from "node:assert/strict";
import { storiesOfThisFile } from "./support.ts";

const story = storiesOfThisFile({
  times: { max_duration: "66 s", lease: "66 s", heartbeat_every: "20 s" },
});

story(
  "M10 a minute before its longest duration it says so; after it, it says that the time is up",
  async ({ device, live, ended, project }) => {
    const { tab } = await device();
    const person = await tab.signUp();
    await tab.start();
    await tab.sees(/^1:0\d$/);
    await tab.write(1, "In time");
    await tab.answerIs(1, "Saved");
    const session = await live(person);

    await tab.sees("One minute left.");
    await tab.sees(/^0:5\d$/);

    // the rest of the minute has gone by
    await project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - interval '60 s',
      updated_at = updated_at - interval '60 s',
      deadline_at = deadline_at - interval '60 s',
      expires_at = expires_at - interval '60 s'
    where user_id = ${person.id}`;
    await tab.sees("Your time is up", "What you had answered is kept");
    await tab.press("Back to the beginning");
    await tab.start();
    assert.deepEqual(await ended(person), [{
      session_id: session!.session_id,
      end_reason: "timed_out",
    }]);
  },
);
