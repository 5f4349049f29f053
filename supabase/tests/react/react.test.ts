// The React hooks in a real browser, under StrictMode: who owns the session, and is
// what was on the screen there again?
import assert from "node:assert/strict";
import { until } from "../waiting.ts";
import { type InterviewPage, type Scene, scenesOfThisFile } from "./support.ts";

const scene = scenesOfThisFile();

/** Starts an interview, by takeover if another page seems to hold it. */
async function started({ open }: Scene, page?: InterviewPage) {
  const opened = page ?? await open();
  await opened.press("Take over");
  await opened.stateIs("live");
  return opened;
}

const startsIn = ({ network }: Scene) =>
  network.calls.filter(({ name }) => name === "POST /rest/v1/rpc/start_session")
    .length;

scene(
  "W10 StrictMode and Suspense: one session, one heartbeat, one load; the page is not stuck",
  async (it) => {
    const page = await it.open();
    await page.press("Start");
    await page.stateIs("live");
    await page.draftsAre("empty");

    assert.equal(startsIn(it), 1);
    const loads = it.network.calls.filter(({ name }) =>
      name.startsWith("GET ")
    );
    assert.equal(loads.length, 1);
    assert.deepEqual(await page.page.evaluate("events"), [
      "started interview 1",
    ]);
    const left = Number(await page.page.locator("#left").innerText());
    assert(Number.isInteger(left) && left > 800 && left <= 900, `${left}`);
    assert.deepEqual(page.complaints, []);
  },
);

scene(
  "W10 M3 W5 C2 Leave ends the session; a return starts at once, with the text",
  async (it) => {
    const page = await started(it);
    it.network.fail("/answers");
    await page.write("the answer");
    await page.draftsAre("kept");
    await page.press("Leave or return");
    await until(
      "the session has ended",
      async () => (await it.endings()).length === 1,
    );
    assert.deepEqual(await it.endings(), ["disconnected"]);
    it.network.fail();

    await page.press("Leave or return");
    await page.press("Start");
    await page.stateIs("live");

    await page.textIs("the answer");
    await until("it is saved", async () => await it.saved() === "the answer");
    await page.draftsAre("saved");
  },
);

scene(
  "W10 another interview, another client: each is a session of its own, with its own text",
  async (it) => {
    const page = await started(it);
    await page.write("of the first");
    await page.draftsAre("saved");

    await page.press("Next");
    await page.stateIs("idle");
    await page.press("Take over");
    await page.stateIs("live");
    await page.textIs("");
    await page.write("of the second");
    await page.draftsAre("saved");
    await page.press("Client");
    await page.stateIs("idle");
    await page.press("Take over");
    await page.stateIs("live");
    await page.textIs("of the second");

    assert.equal(await it.saved(), "of the first");
    assert.equal(await it.saved("interview 2"), "of the second");
    assert.deepEqual(page.complaints, []);
  },
);

scene(
  "W15 a page from a server is hydrated without a complaint",
  async (it) => {
    const page = await it.open(it.context, { isHydrated: true });
    await page.stateIs("idle");
    await started(it, page);

    assert.deepEqual(page.complaints, []);
  },
);

scene("W5 C2 F5: the text is there again", async (it) => {
  const page = await started(it);
  it.network.fail("/answers");
  await page.write("before the reload");
  await page.draftsAre("kept");
  it.network.fail();
  await page.page.reload();

  await started(it, page);

  await page.textIs("before the reload");
});

scene("W5 C2 kill -9: what was kept is there again", async (it) => {
  const { profile, ownBrowser, open } = it;
  const browser = await ownBrowser(profile);
  const page = await started(it, await open(browser.own));
  it.network.fail("/answers");
  await page.write("a moment before the crash");
  await page.draftsAre("kept");
  await browser.kill();
  it.network.fail();

  const again = await ownBrowser(profile);
  const next = await started(it, await open(again.own));

  await next.textIs("a moment before the crash");
  await next.draftsAre("saved");
  assert.equal(await it.saved(), "a moment before the crash");
});

scene(
  "W5 C2 typed offline, then the tab is closed: it is there again, and saved",
  async (it) => {
    const page = await started(it);
    await it.network.cut();
    await page.write("typed offline");
    await page.draftsAre("kept");
    await page.page.close();
    it.network.mend();

    const next = await started(it);

    await next.textIs("typed offline");
    await next.draftsAre("saved");
    assert.equal(await it.saved(), "typed offline");
  },
);

scene(
  "W5 M9 C2 typed in sleep past the lease: the page goes on, and saves it",
  async (it) => {
    const page = await started(it);
    await it.network.cut();
    await page.write("typed offline");
    await page.draftsAre("kept");
    const aged = await it.project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - interval '6 minutes',
      updated_at = updated_at - interval '6 minutes',
      deadline_at = deadline_at - interval '6 minutes',
      expires_at = expires_at - interval '6 minutes'
    where user_id = ${it.user.id}`;
    assert.equal(aged.count, 1);
    it.network.mend();
    await page.page.evaluate("dispatchEvent(new Event('online'))");

    await page.draftsAre("saved");
    await page.textIs("typed offline");
    assert.equal(await it.saved(), "typed offline");
    assert.deepEqual(await it.endings(), ["expired"]);
  },
);

scene(
  "B4 W4 C2 another device: it has what was saved; the old page's text is refused there, and offered on a return",
  async (it) => {
    const page = await started(it);
    await page.write("saved");
    await page.draftsAre("saved");
    const other = await started(it, await it.open(await it.newContext()));
    await other.textIs("saved");
    await other.write("of the other");
    await other.draftsAre("saved");

    await page.write("of the old page");
    await page.draftsAre("refused");
    assert.equal(await it.saved(), "of the other");
    await started(it, page);

    await page.textIs("of the other");
    await page.page.locator(".earlier").getByText("of the old page").waitFor();
    assert.equal(await it.saved(), "of the other");
  },
);

scene(
  "B4 W4 two tabs of one browser: the one that lost its session overwrites nothing",
  async (it) => {
    const old = await started(it);
    await old.write("of the old");
    await old.draftsAre("saved");
    const fresh = await started(it);
    await fresh.textIs("of the old");
    await fresh.write("of the new");
    await fresh.draftsAre("saved");

    await old.stateIs("over");
    await old.write("of a zombie");
    await old.draftsAre("refused");

    assert.equal(await it.saved(), "of the new");
    await fresh.page.reload();
    await started(it, fresh);
    await fresh.textIs("of the new");
  },
);

scene(
  "C2 C9 submitted: everything is saved first, and nothing stays on the device",
  async (it) => {
    const page = await started(it);
    await page.write("the last word");
    await page.press("Submit");
    await page.stateIs("over");

    assert.equal(await it.saved(), "the last word");
    assert.deepEqual(await it.endings(), ["completed"]);
    await until(
      "nothing is kept",
      async () => (await rowsIn(page)).length === 0,
    );
  },
);

scene(
  "M4 C9 a component that is unmounted during the submission: it is submitted all the same",
  async (it) => {
    const page = await started(it);
    it.network.fail("/answers");
    await page.write("the last word");
    await page.draftsAre("kept");
    await page.page.evaluate("proceed = Promise.withResolvers()");
    await page.press("Submit");
    await page.stateIs("completing");
    await page.press("Leave or return");
    it.network.fail();
    await page.page.evaluate("proceed.resolve()");

    await until("it is over", async () => (await it.endings()).length === 1);
    assert.deepEqual(await it.endings(), ["completed"]);
    assert.equal(await it.saved(), "the last word");
  },
);

scene(
  "C9 without IndexedDB nothing is said to be kept, and it is saved",
  async (it) => {
    await it.context.addInitScript(
      "delete globalThis.indexedDB;" +
        "Object.defineProperty(Window.prototype, 'indexedDB', { value: undefined })",
    );
    const page = await started(it);
    await page.page.evaluate(`
    shown = new Set();
    new MutationObserver(() => shown.add(document.getElementById("drafts").innerText))
      .observe(document.body, { subtree: true, childList: true, characterData: true })`);
    it.network.fail("/answers");
    await page.write("in memory");
    await page.draftsAre("unsaved");
    it.network.fail();
    await page.draftsAre("saved");

    const shown: string[] = await page.page.evaluate("[...shown]");
    assert(!shown.includes("kept"), `${shown}`);
    assert.equal(await it.saved(), "in memory");
  },
);

scene(
  "C2 drafts of other interviews are removed from the device after 30 days",
  async (it) => {
    const page = await started(it);
    await page.write("of the first");
    await page.draftsAre("saved");
    await until(
      "it is kept as saved",
      async () => (await rowsIn(page)).some(({ isSaved }) => isSaved),
    );
    const [row] = await rowsIn(page);
    const day = 24 * 3_600_000;
    for (const days of [29, 31]) {
      await page.page.evaluate(`${inStore("readwrite")}.then((store) =>
      store.put(${
        JSON.stringify({
          ...row,
          interviewId: `${days} days old`,
          at: Date.now() - days * day,
        })
      }))`);
    }
    await page.press("Next");
    await page.press("Take over");
    await page.stateIs("live");

    await until(
      "the old one is gone",
      async () =>
        !(await rowsIn(page)).some((row) => row.interviewId === "31 days old"),
    );
    const left = (await rowsIn(page)).map(({ interviewId }) => interviewId);
    assert.deepEqual(left.sort(), ["29 days old", "interview 1"]);
  },
);

interface Row {
  interviewId: string;
  text: string;
  isSaved: boolean;
}

const inStore = (mode: string) =>
  `new Promise((resolve) => {
    const request = indexedDB.open("interview-sessions-drafts");
    request.onsuccess = () => resolve(
      request.result.transaction("drafts", "${mode}").objectStore("drafts"));
  })`;

/** What the browser keeps. */
function rowsIn({ page }: InterviewPage): Promise<Row[]> {
  return page.evaluate(`${inStore("readonly")}.then((store) =>
    new Promise((resolve) => {
      const request = store.getAll();
      request.onsuccess = () => resolve(request.result);
    }))`);
}
