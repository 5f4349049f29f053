// Pages that are closed, hidden or left, and come back.
import assert from "node:assert/strict";
import {
  isSaved,
  onAComputer,
  onAnother,
  storiesOfThisFile,
  until,
  whyNoFullBrowser,
} from "./support.ts";

const story = storiesOfThisFile({ atOnce: 3 });

const noHiddenTabs = await whyNoFullBrowser("hidden tabs");
const noBackForwardCache = await whyNoFullBrowser("back/forward cache");

story(
  "M3 the tab is closed: its session ends at once, not when its lease runs out",
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
  "M3 left by its button: the session ends, and the page is back at the beginning",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);

    await tab.press("Leave");
    await tab.press("Leave the interview");

    await tab.sees("Continue the interview");
    assert.equal(await scene.live(person), undefined);
    assert.deepEqual(
      (await scene.ended(person)).map(({ end_reason }) => end_reason),
      ["disconnected"],
    );
  },
);

story(
  "C9 the browser asks before it closes a page only while an answer is neither on the server nor on this device",
  async (scene) => {
    const { tab, context, newTab } = await scene.device();
    // as where a browser keeps nothing
    await context.addInitScript(
      "Object.defineProperty(globalThis, 'indexedDB', { value: undefined })",
    );
    await newTab();
    await tab.signUp();
    await tab.start();
    scene.network.fail("interview_answers");
    await tab.write(1, "Nowhere but on the page");
    await tab.answerIs(1, "Not saved yet");

    const [dialog] = await Promise.all([
      tab.page.waitForEvent("dialog"),
      tab.page.close({ runBeforeUnload: true }),
    ]);
    assert.equal(dialog.type(), "beforeunload");
    await dialog.dismiss();

    scene.network.fail();
    await tab.answerIs(1, isSaved);
    await Promise.all([
      tab.page.waitForEvent("close"),
      tab.page.close({ runBeforeUnload: true }),
    ]);
  },
);

story(
  "a hidden tab keeps its interview: heartbeats continue, though the page's own timers are throttled",
  async (scene) => {
    const everySeconds = 2;
    scene.network.tellLease(3 * everySeconds);
    const { tab, context, newTab } = await scene.computer();
    // Chromium throttles no page that changes its title, as this one does every
    // second
    await context.addInitScript(
      "Object.defineProperty(document, 'title', { set() {} })",
    );
    const person = await tab.signUp();
    const other = await newTab();
    // a page that is hidden while it loads is throttled at once, else after a
    // minute: its script waits until it is hidden
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
    // what is not drawn cannot be clicked
    await start.dispatchEvent("click");
    await tab.connectionIs("Connected");
    const session = await scene.live(person);
    // a timer of the page's own, as often as the heartbeat
    await tab.page.evaluate(
      `ticks = 0; setInterval(() => ticks++, ${everySeconds * 1000})`,
    );
    const heartbeats = () =>
      scene.network.calls.filter(({ name, status }) =>
        name.endsWith("/heartbeat_session") && status === 200
      ).length;
    const seen: { beats: number; ticks: number }[] = [];
    await until("five heartbeats pass in at most one tick", async () => {
      const ticks = await tab.page.evaluate<number>("ticks");
      const beats = heartbeats();
      seen.push({ beats, ticks });
      return seen.some((before) =>
        beats >= before.beats + 5 && ticks <= before.ticks + 1
      );
    });

    const after = await scene.live(person);
    assert.equal(after?.session_id, session?.session_id);
    assert(after!.expires_at > session!.expires_at);
    assert.deepEqual(await scene.ended(person), []);
    await tab.page.bringToFront();
    await tab.connectionIs("Connected");
  },
  { skip: noHiddenTabs },
);

story(
  "online, visible, shown or resumed, a page sends a heartbeat at once, and waits for no timer",
  async (scene) => {
    const { tab, context } = await scene.device();
    // none of the helper's timers runs
    await context.addInitScript(
      "delete globalThis.Worker; globalThis.setInterval = () => 0;",
    );
    const person = await tab.signUp();
    await tab.start();
    const isHeardFrom = async (what: string, event: string) => {
      const before = (await scene.live(person))!.updated_at;
      await tab.page.evaluate(event);
      await until(
        what,
        async () => (await scene.live(person))!.updated_at > before,
      );
    };

    await isHeardFrom("online", "dispatchEvent(new Event('online'))");
    await isHeardFrom("shown", "dispatchEvent(new Event('pageshow'))");
    for (const event of ["visibilitychange", "resume"]) {
      await isHeardFrom(event, `document.dispatchEvent(new Event("${event}"))`);
    }
  },
);

story(
  "back/forward cache: a page that may come back ends nothing, and still holds its session when it is back",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);
    await tab.write(1, "Before the detour");
    await tab.answerIs(1, isSaved);
    const session = await scene.live(person);

    await tab.page.goto(`${scene.url}/icon.svg`);
    await tab.page.goBack({ waitUntil: "commit" });

    await tab.connectionIs("Connected");
    assert.equal(await tab.answer(1), "Before the detour", "the same page");
    await until(
      "it is heard from",
      async () => (await scene.live(person))!.updated_at > session!.updated_at,
    );
    assert.equal((await scene.live(person))?.session_id, session?.session_id);
    assert.deepEqual(await scene.ended(person), []);
  },
  { skip: noBackForwardCache },
);

story(
  "B4 back/forward cache: a page that comes back after another has taken over is told so, and ends nothing",
  async (scene) => {
    const { tab, person } = await onAComputer(scene);
    const other = await onAnother(scene, person);
    await tab.page.goto(`${scene.url}/icon.svg`);
    await other.press("End it and continue here");
    await other.connectionIs("Connected");
    const successor = await scene.live(person);

    await tab.page.goBack({ waitUntil: "commit" });

    await tab.sees("This interview continues on another device");
    assert.equal((await scene.live(person))?.session_id, successor?.session_id);
    await other.connectionIs("Connected");
  },
  { skip: noBackForwardCache },
);
