// What fails between a page and the server: the network, the API. Time is moved,
// for the database by ageing the session, for the page by its clock. All of these
// outages are shorter than the lease; sleep.test.ts has one that is longer.
import assert from "node:assert/strict";
import { speaksPlainly } from "./inspect.ts";
import {
  failedSaves,
  inAnInterview,
  isKept,
  isSaved,
  type Scene,
  stopClock,
  storiesOfThisFile,
  type Tab,
  triesToSave,
} from "./support.ts";

const story = storiesOfThisFile({ atOnce: 4 });

/** The pause before another try to save an answer. */
const retryMs = 3_000;

/** While time passes the page tries to save: once in a pause, so that no flood meets
 * the API when it comes back. */
async function triesInVain(seconds: number, scene: Scene, tab: Tab) {
  const failedBefore = failedSaves(scene).length;
  const tries = await triesToSave(seconds, tab);
  const pauses = tries.slice(1).map((at, i) => at - tries[i]);
  assert(
    pauses.every((ms) => Math.round(ms) >= retryMs),
    `it pauses for ${pauses} ms`,
  );
  const most = seconds * 1000 / retryMs;
  assert(tries.length >= most / 2, `${tries.length} tries in ${seconds} s`);
  assert(failedSaves(scene).length - failedBefore >= tries.length);
}

story(
  "M16 network loss: 30 seconds without a network end nothing, and what was written meanwhile is saved (M9)",
  async (scene) => {
    const { live, ended, saved } = scene;
    const { tab, context, person } = await inAnInterview(scene, {
      hasTestClock: true,
    });
    const session = await live(person);

    await context.setOffline(true);
    await tab.write(1, "Written without a network");
    await tab.connectionIs("Connection interrupted");
    await tab.answerIs(1, isKept);
    for (let passed = 0; passed < 30; passed += 5) {
      await Promise.all([
        tab.page.waitForEvent("requestfailed"),
        tab.page.clock.runFor(5_000),
      ]);
    }
    await scene.age(person, "30 seconds");
    await tab.connectionIs("Connection interrupted");
    assert.deepEqual(await saved(person), []);
    await context.setOffline(false);

    await tab.connectionIs("Connected");
    await tab.answerIs(1, isSaved);
    assert.deepEqual(await saved(person), ["Written without a network"]);
    const after = await live(person);
    assert.equal(after?.session_id, session?.session_id);
    assert.equal(after?.fence, session?.fence);
    assert.deepEqual(await ended(person), []);
    await tab.submit();
  },
);

story(
  "M2 the API is down for a minute: the interview continues, keeps what is written, says so, and saves it in the same session",
  async (scene) => {
    const { live, saved } = scene;
    const api = await scene.ownApi();
    const { tab, person } = await inAnInterview(scene, { hasTestClock: true });

    await api.stop();
    const session = await live(person);
    await tab.write(1, "One");
    await tab.connectionIs("Connection interrupted");
    await tab.sees(
      "Continue: your answers are saved when the connection is back.",
    );
    await tab.write(2, "Two");
    await tab.answerIs(1, isKept);
    await tab.answerIs(2, isKept);
    await speaksPlainly(tab);
    await stopClock(tab);
    await triesInVain(60, scene, tab);
    await tab.connectionIs("Connection interrupted");
    assert.deepEqual(await live(person), session, "no heartbeat arrived");
    assert.deepEqual(await saved(person), []);
    await scene.age(person, "1 minute");
    await api.start();
    await tab.page.clock.resume();

    await tab.connectionIs("Connected");
    await tab.answerIs(1, isSaved);
    await tab.answerIs(2, isSaved);
    assert.deepEqual(await saved(person), ["One", "Two"]);
    assert.equal((await live(person))?.session_id, session?.session_id);
    assert.equal((await live(person))?.fence, session?.fence);
    assert.deepEqual(await scene.ended(person), []);
    await tab.submit();
  },
);

story(
  "M2 answers cannot be saved, though all else works: they are kept, tried again every few seconds, and saved",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene, { hasTestClock: true });
    scene.network.fail("interview_answers");
    await tab.write(1, "Patience");

    await tab.answerIs(1, isKept);
    await stopClock(tab);
    await triesInVain(15, scene, tab);
    await tab.connectionIs("Connected");
    scene.network.fail();
    await tab.page.clock.runFor(retryMs);

    await tab.answerIs(1, isSaved);
    assert.deepEqual(await scene.saved(person), ["Patience"]);
  },
);

story(
  "M2 the API is down while the interview is submitted: it continues when the API is back, and the last words are saved",
  async (scene) => {
    const { network, live, ended, saved } = scene;
    const { tab, person } = await inAnInterview(scene, { hasTestClock: true });
    await network.cut();
    await tab.write(1, "The last words");

    await tab.press("Review and submit");
    const submit = tab.page.getByRole("button", { name: /^Submit( anyway)?$/ });
    await submit.waitFor();
    // the page tries again for some seconds: they do not pass before the network is
    // back
    await stopClock(tab);
    await submit.click();
    await tab.page.clock.runFor(500);
    await tab.sees(
      "The connection is interrupted. Keep this page open: it tries again.",
    );
    assert.equal((await live(person))?.status, "active");
    network.mend();
    await tab.page.clock.resume();

    await tab.seesReceipt();
    assert.equal(await live(person), undefined);
    assert.deepEqual(
      (await ended(person)).map(({ end_reason }) => end_reason),
      ["completed"],
    );
    assert.deepEqual(await saved(person), ["The last words"]);
  },
);

story(
  "M2 registration fails at the start: the interview begins all the same, and is registered as soon as possible",
  async ({ device, network, live, saved }) => {
    const { tab } = await device();
    const person = await tab.signUp();
    network.fail("/rpc/start_session");

    await tab.press("Start the interview");
    await tab.connectionIs("Not connected yet");
    await tab.write(1, "Answered all the same");
    await tab.answerIs(1, isKept);
    assert.equal(await live(person), undefined);
    network.fail();

    await tab.connectionIs("Connected");
    await tab.answerIs(1, isSaved);
    assert((await live(person))?.session_id);
    assert.deepEqual(await saved(person), ["Answered all the same"]);
    await tab.submit();
  },
);

story(
  "C9 where the browser keeps nothing, an outage does not make the page say that answers are kept on this device",
  async ({ device, network, saved }) => {
    const { tab } = await device();
    await tab.page.addInitScript(
      `Object.defineProperty(globalThis, "indexedDB", {
        get() { throw new DOMException("denied", "SecurityError"); },
      })`,
    );
    const person = await tab.signUp();
    await tab.start();
    network.fail("/rest/v1/");
    await tab.write(1, "Only here");
    await tab.connectionIs("Connection interrupted");
    await tab.answerIs(1, /^Not saved yet$/);

    assert.equal(await tab.page.getByText(/kept on this device/i).count(), 0);
    network.fail("interview_answers");
    await tab.pressSubmit();
    await tab.sees(
      "Not submitted yet",
      /Keep this page open: not all of your answers are saved/,
    );
    assert.equal(await tab.page.getByText(/kept on this device/i).count(), 0);
    network.fail();
    await tab.press("Try again");
    await tab.seesReceipt();
    assert.deepEqual(await saved(person), ["Only here"]);
  },
);
