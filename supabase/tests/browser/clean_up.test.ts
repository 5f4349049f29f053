// M16, automatic clean-up: the Edge Function is called as the schedule calls it.
// And B1: nothing depends on it. The lease of what a crash leaves runs out by
// ageing the session.
import assert from "node:assert/strict";
import { startSchedule } from "../../../scripts/stack/schedule.ts";
import { keys, onAnother, storiesOfThisFile, until } from "./support.ts";

const story = storiesOfThisFile({
  functions: true,
  // the schedule of one would clean up after the other
  atOnce: 1,
});

story(
  "B1 the reaper is dead: what a crash leaves is out of the way once its lease has run out, and a start works at once",
  async (scene) => {
    const { computer, live, ended, project } = scene;
    const crashing = await computer();
    const person = await crashing.tab.signUp();
    await crashing.tab.start();
    const crashed = await live(person);
    await crashing.kill();
    const other = await onAnother(scene, person);
    await other.sees("Previous session detected");
    await scene.runOut(person);

    // the notice goes on its own
    await other.start();

    const session = await live(person);
    assert.equal(session?.previous_session_id, crashed?.session_id);
    assert.deepEqual(
      (await ended(person)).map(({ end_reason }) => end_reason),
      ["expired"],
    );
    assert.deepEqual(
      [...await project.sql`select from sessions.reaper_runs`],
      [],
    );
    await other.submit();
  },
);

story(
  "M16 automatic clean-up: what a crash leaves is gone without anyone's help, and the log says so (M7)",
  async ({ computer, live, ended, project, runOut }) => {
    const crashing = await computer();
    const person = await crashing.tab.signUp();
    await crashing.tab.start();
    const crashed = await live(person);
    assert(crashed);
    const failures: string[] = [];
    const schedule = startSchedule({
      url: `${project.url}/functions/v1/reap-stale-sessions`,
      key: keys.secret.default,
      everyMs: 500,
      onFailure: (message) => failures.push(message),
    });
    try {
      // while the page lives, the schedule takes nothing from it
      const runs = async () =>
        (await project.sql`select from sessions.reaper_runs`).length;
      await until("the reaper has run", async () => await runs() >= 2);
      assert.equal((await live(person))?.session_id, crashed.session_id);

      await crashing.kill();
      await runOut(person);
      await until("it is cleaned up", async () => !await live(person));
    } finally {
      await schedule.stop();
    }
    assert.deepEqual(failures, []);
    assert.deepEqual(await ended(person), [{
      session_id: crashed.session_id,
      end_reason: "expired",
    }]);
    await project.functionLines.until((line) =>
      line.includes(crashed.session_id)
    );
  },
);
