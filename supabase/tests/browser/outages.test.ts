// What goes wrong between a page and the server: the network, the API. The lease is
// longer than a minute, which is the longest of these outages; in sleep.test.ts is
// one that is longer than the lease.
import assert from "node:assert/strict";
import { speaksPlainly } from "./inspect.ts";
import {
  inAnInterview,
  pass,
  savingsInVain,
  storiesOfThisFile,
  until,
} from "./support.ts";

const story = storiesOfThisFile({
  times: { lease: "90 s", heartbeat_every: "15 s" },
  atOnce: 4,
});

story(
  "M16 network loss: 30 seconds without a network end nothing, and what was written meanwhile is saved (M9)",
  async ({ device, live, ended, saved }) => {
    const { tab, context } = await device();
    const person = await tab.signUp();
    await tab.start();
    const session = await live(person);

    await context.setOffline(true);
    const back = pass(30);
    await tab.write(1, "Written without a network");
    await tab.isTold("Connection interrupted");
    await tab.answerIs(1, "Kept on this page");
    await back;
    assert.deepEqual(await saved(person), []);
    await context.setOffline(false);

    await tab.isTold("Connected");
    await tab.answerIs(1, "Saved");
    assert.deepEqual(await saved(person), ["Written without a network"]);
    const after = await live(person);
    assert.equal(after?.session_id, session?.session_id);
    assert.equal(after?.fence, session?.fence);
    assert.deepEqual(await ended(person), []);
    await tab.handIn();
  },
);

story(
  "M2 the API is down for a minute: the interview goes on, keeps what is written, says so, and saves it in the same session",
  async (scene) => {
    const { live, saved } = scene;
    const api = await scene.ownApi();
    const { tab, person } = await inAnInterview(scene);
    const session = await live(person);

    await api.stop();
    const aMinute = pass(60);
    await tab.write(1, "One");
    await tab.isTold("Connection interrupted");
    await tab.sees(
      "Go on, your answers are kept on this page and saved as soon as it is back.",
    );
    await tab.write(2, "Two");
    await tab.answerIs(1, "Kept on this page");
    await tab.answerIs(2, "Kept on this page");
    await speaksPlainly(tab);
    await aMinute;
    await tab.isTold("Connection interrupted");
    assert.deepEqual(await live(person), session, "nothing was heard");
    assert.deepEqual(await saved(person), []);
    // every three seconds, and no flood that meets the API when it comes back
    const tries = savingsInVain(scene).length;
    assert(tries > 5 && tries < 40, `${tries} tries in a minute`);
    await api.start();

    await tab.isTold("Connected");
    await tab.answerIs(1, "Saved");
    await tab.answerIs(2, "Saved");
    assert.deepEqual(await saved(person), ["One", "Two"]);
    assert.equal((await live(person))?.session_id, session?.session_id);
    assert.equal((await live(person))?.fence, session?.fence);
    assert.deepEqual(await scene.ended(person), []);
    await tab.handIn();
  },
);

story(
  "M2 answers cannot be saved, though all else is well: they are kept, tried again every few seconds, and saved",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    scene.network.fail("interview_answers");
    await tab.write(1, "Patience");

    await tab.answerIs(1, "Kept on this page");
    await until(
      "it is tried three times",
      () => savingsInVain(scene).length >= 3,
    );
    const [first, , third] = savingsInVain(scene);
    assert(third.at - first.at > 4_000, `${third.at - first.at} ms`);
    await tab.isTold("Connected");
    scene.network.fail();

    await tab.answerIs(1, "Saved");
    assert.deepEqual(await scene.saved(person), ["Patience"]);
  },
);

story(
  "M2 the API is down while it is handed in: it goes on when the API is back, and the last word is saved",
  async ({ device, network, live, ended, saved }) => {
    const { tab } = await device();
    const person = await tab.signUp("/?upload=2");
    await tab.start();
    await tab.write(1, "The last word");
    await network.cut();

    await tab.press("Hand in");
    await tab.sees(
      "100 %",
      "Please keep this page open: we go on as soon as your connection is back.",
    );
    assert.equal((await live(person))?.status, "active");
    network.mend();

    await tab.sees("Your interview is handed in");
    assert.equal(await live(person), undefined);
    assert.deepEqual(
      (await ended(person)).map(({ end_reason }) => end_reason),
      ["completed"],
    );
    assert.deepEqual(await saved(person), ["The last word"]);
  },
);

story(
  "M2 registration fails at the start: the interview begins all the same, and is registered as soon as that is possible",
  async ({ device, network, live, saved }) => {
    const { tab } = await device();
    const person = await tab.signUp();
    network.fail("/rpc/start_session");

    await tab.press("Start the interview");
    await tab.isTold("Not connected yet");
    await tab.write(1, "Answered all the same");
    await tab.answerIs(1, "Kept on this page");
    assert.equal(await live(person), undefined);
    network.fail();

    await tab.isTold("Connected");
    await tab.answerIs(1, "Saved");
    assert((await live(person))?.session_id);
    assert.deepEqual(await saved(person), ["Answered all the same"]);
    await tab.handIn();
  },
);
