// Sessions whose lease runs out while a laptop sleeps or the API is down: the page
// resumes on its own if nobody else has started, and says what happened. The lease
// is the usual one, and runs out by ageing the session; a page that is to find out
// by its next heartbeat is told of a shorter one.
import assert from "node:assert/strict";
import {
  isSaved,
  onAComputer,
  onAnother,
  storiesOfThisFile,
  type Tab,
  until,
} from "./support.ts";

const story = storiesOfThisFile({ atOnce: 4 });

/** As a browser does with a page that nobody has looked at for long. */
async function freeze({ page }: Tab) {
  const cdp = await page.context().newCDPSession(page);
  const inFront = await page.context().newPage();
  await inFront.bringToFront();
  await page.evaluate(`
    isFrozen = false;
    document.addEventListener("freeze", () => isFrozen = true);
  `);
  await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  await until("it is frozen", () => page.evaluate<boolean>("isFrozen"));
  return async () => {
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await page.bringToFront();
    await inFront.close();
    // for the headless shell, in which every page is in front
    await cdp.send("Emulation.setFocusEmulationEnabled", { enabled: true });
  };
}

story(
  "a page that was frozen past its lease resumes on its own, and says so",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);
    await tab.write(3, "Written before the sleep");
    await tab.answerIs(3, isSaved);
    const before = await scene.live(person);

    const wake = await freeze(tab);
    await scene.runOut(person);
    await wake();

    await tab.sees(
      "You were away for a while. Your interview continues.",
    );
    await tab.connectionIs("Connected");
    const after = await scene.live(person);
    assert.notEqual(after?.session_id, before?.session_id);
    assert(BigInt(after!.fence) > BigInt(before!.fence));
    assert.equal(await tab.answer(3), "Written before the sleep");
    // what is written now is saved under the new grant
    await tab.write(3, "Written after the sleep");
    await tab.answerIs(3, isSaved);
    assert.deepEqual(await scene.saved(person), ["Written after the sleep"]);
    assert.deepEqual(await scene.ended(person), [{
      session_id: before!.session_id,
      end_reason: "expired",
    }]);
    await tab.submit();
  },
);

story(
  "B4 a laptop that slept while another device started is told so, and takes nothing back",
  async (scene) => {
    scene.network.tellLease(6);
    const { tab, person, sleep, wake } = await onAComputer(scene);
    sleep();
    // nothing has to be taken over
    await scene.runOut(person);
    const other = await onAnother(scene, person);
    await other.start();
    const successor = await scene.live(person);

    wake();

    await tab.sees("Previous session detected");
    assert.equal((await scene.live(person))?.session_id, successor?.session_id);
    await other.connectionIs("Connected");
    assert.deepEqual(
      (await scene.ended(person)).map(({ end_reason }) => end_reason),
      ["expired"],
    );
  },
);

story(
  "a laptop that slept past its lease resumes on its own, and says so",
  async (scene) => {
    scene.network.tellLease(6);
    const { tab, person, sleep, wake } = await onAComputer(scene);
    sleep();
    await scene.runOut(person);
    wake();

    await tab.sees(
      "You were away for a while. Your interview continues.",
    );
    await tab.submit();
    assert.deepEqual(
      (await scene.ended(person)).map(({ end_reason }) => end_reason),
      ["expired", "completed"],
    );
  },
);

story(
  "M2 B1 the API is down for longer than the lease: the interview continues under a new grant, and says so",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);
    await scene.network.cut();
    await tab.write(1, "Written during the outage");
    await tab.connectionIs("Connection interrupted");
    await scene.runOut(person);
    scene.network.mend();

    await tab.sees(
      "You were away for a while. Your interview continues.",
    );
    await tab.answerIs(1, isSaved);
    assert.deepEqual(await scene.saved(person), ["Written during the outage"]);
    await tab.submit();
    assert.deepEqual(
      (await scene.ended(person)).map(({ end_reason }) => end_reason),
      ["expired", "completed"],
    );
  },
);
