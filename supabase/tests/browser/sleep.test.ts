// Sessions that run out unheard, while a laptop sleeps or the API is down: whoever
// finds nobody else goes on by itself, and everybody is told.
import assert from "node:assert/strict";
import {
  onAComputer,
  onAnother,
  type Person,
  type Scene,
  storiesOfThisFile,
  type Tab,
  until,
} from "./support.ts";

const story = storiesOfThisFile({
  times: { lease: "9 s", heartbeat_every: "3 s" },
  atOnce: 4,
});

/** As a browser does with a page that nobody has looked at for long. */
async function freeze({ page }: Tab) {
  const cdp = await page.context().newCDPSession(page);
  const inFront = await page.context().newPage();
  await inFront.bringToFront();
  await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  return async () => {
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await page.bringToFront();
    await inFront.close();
  };
}

/** Until the person's lease is over, and nobody has noticed. */
async function untilItRunsOut({ project }: Scene, { id }: Person) {
  await until("the lease has run out", async () =>
    (await project.sql`
      select from public.active_interview_sessions
      where user_id = ${id} and expires_at <= clock_timestamp()`).length === 1);
}

story(
  "a page that was frozen past its lease goes on by itself, and says so",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);
    await tab.write(3, "Written before the sleep");
    await tab.answerIs(3, "Saved");
    const before = await scene.live(person);

    const wake = await freeze(tab);
    await untilItRunsOut(scene, person);
    await wake();

    await tab.sees(
      "You were away for a while; we picked up where you left off.",
    );
    await tab.isTold("Connected");
    const after = await scene.live(person);
    assert.notEqual(after?.session_id, before?.session_id);
    assert(BigInt(after!.fence) > BigInt(before!.fence));
    assert.equal(await tab.answer(3), "Written before the sleep");
    // and saved under the new grant
    await until(
      "the answer comes along",
      async () => (await scene.saved(person)).length === 2,
    );
    assert.deepEqual(await scene.ended(person), [{
      session_id: before!.session_id,
      end_reason: "expired",
    }]);
    await tab.handIn();
  },
);

story(
  "B4 a laptop that slept while another took its place is told so, and takes nothing back",
  async (scene) => {
    const { tab, person, sleep, wake } = await onAComputer(scene);
    sleep();
    const other = await onAnother(scene, person);
    // its lease runs out first: nobody has to take anything over
    await other.start();
    const successor = await scene.live(person);

    wake();

    await tab.sees("Previous session detected");
    assert.equal((await scene.live(person))?.session_id, successor?.session_id);
    await other.isTold("Connected");
    assert.deepEqual(
      (await scene.ended(person)).map(({ end_reason }) => end_reason),
      ["expired"],
    );
  },
);

story(
  "a laptop that slept past its lease goes on by itself, and says so",
  async (scene) => {
    const { tab, person, sleep, wake } = await onAComputer(scene);
    sleep();
    await untilItRunsOut(scene, person);
    wake();

    await tab.sees(
      "You were away for a while; we picked up where you left off.",
    );
    await tab.handIn();
    assert.deepEqual(
      (await scene.ended(person)).map(({ end_reason }) => end_reason),
      ["expired", "completed"],
    );
  },
);

story(
  "M2 B1 the API is down for longer than the lease: it goes on under a new grant, and says so",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);
    await scene.network.cut();
    await tab.write(1, "Written in the dark");
    await tab.isTold("Connection interrupted");
    await untilItRunsOut(scene, person);
    scene.network.mend();

    await tab.sees(
      "You were away for a while; we picked up where you left off.",
    );
    await tab.answerIs(1, "Saved");
    assert.deepEqual(await scene.saved(person), ["Written in the dark"]);
    await tab.handIn();
    assert.deepEqual(
      (await scene.ended(person)).map(({ end_reason }) => end_reason),
      ["expired", "completed"],
    );
  },
);
