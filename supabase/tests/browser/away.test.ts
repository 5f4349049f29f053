// Pages that go, hide and come back. The lease is short: what is under test takes
// longer than it.
import assert from "node:assert/strict";
import {
  onAComputer,
  onAnother,
  pass,
  storiesOfThisFile,
  until,
} from "./support.ts";

/** Seconds. */
const lease = 9;

const story = storiesOfThisFile({
  times: { lease: `${lease} s`, heartbeat_every: "3 s" },
  atOnce: 3,
});

story(
  "M3 the tab is closed: it has ended at once, not when its lease runs out",
  async (scene) => {
    const { tab, newTab, person } = await onAComputer(scene);
    await newTab();
    const session = await scene.live(person);

    await tab.page.close({ runBeforeUnload: true });

    await until("it has ended", async () => !await scene.live(person));
    assert.deepEqual(await scene.ended(person), [{
      session_id: session!.session_id,
      end_reason: "disconnected",
    }]);
  },
);

story(
  "M3 left by its button: ended, and back at the beginning",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);

    await tab.press("Leave");
    await tab.press("Leave the interview");

    await tab.sees("Start the interview");
    assert.equal(await scene.live(person), undefined);
    assert.deepEqual(
      (await scene.ended(person)).map(({ end_reason }) => end_reason),
      ["disconnected"],
    );
  },
);

story(
  "a tab hidden for longer than the lease keeps its interview, though its timers are slowed down",
  async (scene) => {
    const { tab, newTab } = await scene.computer();
    const person = await tab.signUp();
    const other = await newTab();
    // hidden while it is loaded, it is slowed down at once; else after a minute:
    // so its script comes when it is hidden
    await tab.page.bringToFront();
    const hidden = Promise.withResolvers<void>();
    await tab.page.route("**/*.js", async (route) => {
      await hidden.promise;
      await route.continue();
    });
    await tab.page.goto(scene.url, { waitUntil: "commit" });
    await other.page.bringToFront();
    await until(
      "it is hidden",
      () => tab.page.evaluate<boolean>("document.hidden"),
    );
    hidden.resolve();
    const start = tab.page.getByRole("button", {
      name: "Start the interview",
      disabled: false,
    });
    await start.waitFor();
    // nobody can click on what is not drawn
    await start.dispatchEvent("click");
    await tab.isTold("Connected");
    const session = await scene.live(person);
    // a timer as the helper's is, were it the page's own
    await tab.page.evaluate("ticks = 0; setInterval(() => ticks++, 3000)");
    const ticks = () => tab.page.evaluate<number>("ticks");
    await until("timers are slowed down to one a minute", async () => {
      const ran = await ticks();
      await pass(5);
      return await ticks() === ran;
    });
    const [before, ranBefore] = [await scene.live(person), await ticks()];
    await pass(lease + 1);

    const [after, ranAfter] = [await scene.live(person), await ticks()];
    // the witness: the page's own timer would have lost it
    assert(ranAfter - ranBefore <= 1, `${ranAfter - ranBefore} ticks`);
    assert.equal(after?.session_id, session?.session_id);
    assert(after!.expires_at > before!.expires_at);
    assert(after!.expires_at > new Date(), "it has run out");
    assert.deepEqual(await scene.ended(person), []);
    await tab.page.bringToFront();
    await tab.isTold("Connected");
  },
);

story(
  "online, visible, shown or resumed, it asks at once whether it still holds, and waits for no timer",
  async (scene) => {
    const { tab, context } = await scene.device();
    // no timer of the helper's ever runs
    await context.addInitScript(
      "delete globalThis.Worker; globalThis.setInterval = () => 0;",
    );
    const person = await tab.signUp();
    await tab.start();
    const isHeardOf = async (what: string, event: string) => {
      const before = (await scene.live(person))!.updated_at;
      await tab.page.evaluate(event);
      await until(
        what,
        async () => (await scene.live(person))!.updated_at > before,
      );
    };

    await isHeardOf("online", "dispatchEvent(new Event('online'))");
    await isHeardOf("shown", "dispatchEvent(new Event('pageshow'))");
    for (const event of ["visibilitychange", "resume"]) {
      await isHeardOf(event, `document.dispatchEvent(new Event("${event}"))`);
    }
  },
);

story(
  "back/forward cache: a page that may come back ends nothing, and still holds when it is back",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);
    await tab.write(1, "Before the detour");
    await tab.answerIs(1, "Saved");
    const session = await scene.live(person);

    await tab.page.goto(`${scene.url}/icon.svg`);
    await tab.page.goBack({ waitUntil: "commit" });

    await tab.isTold("Connected");
    assert.equal(await tab.answer(1), "Before the detour", "the page itself");
    await until(
      "it is heard from",
      async () => (await scene.live(person))!.updated_at > session!.updated_at,
    );
    assert.equal((await scene.live(person))?.session_id, session?.session_id);
    assert.deepEqual(await scene.ended(person), []);
  },
);

story(
  "B4 back/forward cache: a page that comes back to find another in its place learns of it, and ends nothing",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);
    const other = await onAnother(scene, person);
    await tab.page.goto(`${scene.url}/icon.svg`);
    await other.press("End it and start here");
    await other.isTold("Connected");
    const successor = await scene.live(person);

    await tab.page.goBack({ waitUntil: "commit" });

    await tab.sees("This interview was continued on another device");
    assert.equal((await scene.live(person))?.session_id, successor?.session_id);
    await other.isTold("Connected");
  },
);
