// What drafts do with what the user writes, what the server answers, and when.
import assert from "node:assert/strict";
import {
  commitSeconds,
  type Device,
  type Fate,
  granted,
  lateSeconds,
  makeWorld,
  takenOver,
  unregistered,
  type World,
} from "./world.ts";

Deno.test("W3 while the user types without a pause, it is saved every five seconds", async () => {
  const world = makeWorld();
  const page = await granted(world);

  let text = "";
  for (let typed = 0; typed < 96; typed++) {
    text += "x";
    page.drafts.write("q", text);
    await world.advance(0.25);
  }

  assert.equal(world.saves.length, 4);
  const gaps = world.saves.map(({ at }, i) =>
    at - (world.saves[i - 1]?.at ?? 1)
  );
  assert.deepEqual(gaps.map(Math.round), [5, 5, 5, 5]);
});

Deno.test("W3 a second after the last change it is saved, once", async () => {
  const world = makeWorld();
  const page = await granted(world);

  page.drafts.write("q", "a");
  await world.advance(0.9);
  page.drafts.write("q", "ab");
  await world.advance(0.9);
  assert.equal(world.saves.length, 0);
  await world.advance(0.2);

  assert.equal(world.rows.get("q")?.text, "ab");
  await world.advance(60);
  assert.equal(world.saves.length, 1);
});

Deno.test("W3 the page is hidden: it is saved at once", async () => {
  const world = makeWorld();
  const page = await granted(world);

  page.drafts.write("q", "a");
  page.hide();
  await world.settle();

  assert.equal(world.rows.get("q")?.text, "a");
});

Deno.test("W5 the page is hidden during a write to the device: the last change does not wait for the answer, which a page that is closed never gets", async () => {
  const world = makeWorld();
  const written: string[] = [];
  const page = await granted(world, world.device(), {
    store: {
      read: () => Promise.resolve([]),
      write(put) {
        written.push(...put.map(({ text }) => text));
        return new Promise(() => {});
      },
      clear: () => Promise.resolve(),
    },
  });

  page.drafts.write("q", "first");
  page.drafts.write("q", "second");
  page.hide();

  assert.deepEqual(written, ["first", "second"]);
});

Deno.test("C9 the statuses of a text: unsaved, kept, saving, saved at the server's time", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.states.length = 0;

  page.drafts.write("q", "a");
  await world.advance(10);

  const statuses = page.states.map(({ status }) => status)
    .filter((status, i, all) => status !== all[i - 1]);
  assert.deepEqual(statuses, ["unsaved", "kept", "saving", "saved"]);
  const { savedAt, drafts } = page.drafts.state();
  assert.equal(savedAt, world.rows.get("q")?.savedAt);
  assert.equal(drafts.q?.savedAt, savedAt);
});

Deno.test("C9 where the device keeps nothing, a text is unsaved until the server has it", async () => {
  const world = makeWorld();
  const device = world.device();
  const page = await granted(world, device);
  device.isFull = true;
  page.states.length = 0;

  page.drafts.write("q", "a");
  await world.advance(0.9);
  assert.equal(page.status(), "unsaved");
  await world.advance(1);

  assert.equal(page.status(), "saved");
  assert(!page.states.some(({ status }) => status === "kept"));
});

Deno.test("C9 an app whose save answers without the row: not saved, and it says why", async () => {
  const world = makeWorld();
  const page = await granted(world, world.device(), {
    save: () => Promise.resolve([]),
  });

  page.drafts.write("q", "a");
  await world.advance(2);

  assert.equal(page.status(), "kept");
  assert.match(page.drafts.state().error?.message ?? "", /not confirmed/);
});

Deno.test("C9 characters that Postgres refuses are replaced in what is saved, so that one of them does not block all answers", async () => {
  const world = makeWorld();
  const page = await granted(world);

  page.drafts.write("q", "half \ud83d, whole \u{1F600}, nothing \0.");
  await world.advance(2);

  assert.equal(
    world.rows.get("q")?.text,
    "half \ufffd, whole \u{1F600}, nothing \ufffd.",
  );
  assert.equal(page.status(), "saved");
});

Deno.test("C9 a save that fails is tried again after three seconds, not sooner while the user types, and asks the session", async () => {
  const world = makeWorld();
  const page = await granted(world);
  world.fate = () => "lost";

  page.drafts.write("q", "a");
  for (let i = 0; i < 60; i++) {
    await world.advance(0.25);
    page.drafts.write("q", `a${i}`);
  }

  assert.equal(page.status(), "unsaved");
  assert(page.checks >= 3);
  const times = world.saves.map(({ at }) => at);
  const gaps = times.slice(1).map((at, i) => at - times[i]!);
  assert(gaps.length >= 2);
  assert(gaps.every((gap) => gap >= 3), `${gaps}`);
});

Deno.test("W3 trouble is over: it is saved at once", async () => {
  const world = makeWorld();
  const page = await granted(world);
  world.fate = () => "lost";
  const session = world.holder()!;
  page.drafts.write("q", "a");
  await world.advance(1.5);
  page.become({ ...unregistered, name: "live", session });
  world.fate = () => "answered";

  page.become({ name: "live", session });
  await world.settle();

  assert.equal(page.status(), "saved");
});

Deno.test("W4 an old answer that is loaded late overwrites nothing, on the page or in the row", async () => {
  const world = makeWorld();
  const first = await granted(world);
  first.drafts.write("q", "old");
  await world.advance(2);
  const page = world.page(world.device());
  page.become({ name: "starting" });
  world.fate = () => "answered late";
  page.grant();
  await world.advance(1);
  assert(page.drafts.state().isRestoring, "the form says so");

  page.drafts.write("q", "new");
  world.fate = () => "answered";
  await world.advance(2 * lateSeconds + 5);

  assert.equal(page.text(), "new");
  assert.equal(world.rows.get("q")?.text, "new");
  // nobody had seen it
  assert.deepEqual(page.earlier(), ["old"]);
  page.crash();
  assert.deepEqual((await granted(world, page.device)).earlier(), ["old"]);
});

for (const fate of ["arrives late", "answered late", "unheard"] as Fate[]) {
  Deno.test(`W4 a save that ${fate === "unheard" ? "is not answered" : fate} overwrites no later one`, async () => {
    const world = makeWorld();
    const page = await granted(world);
    world.fate = () => fate;
    page.drafts.write("q", "first");
    await world.advance(1.5);
    world.fate = () => "answered";

    page.drafts.write("q", "first and second");
    await world.advance(2 * lateSeconds);

    assert.equal(world.saves.length, 2);
    assert.equal(world.rows.get("q")?.text, "first and second");
    assert.equal(page.text(), "first and second");
    assert.equal(page.status(), "saved");
    assert.deepEqual(page.earlier(), []);
  });
}

Deno.test("C9 a save that hangs is tried again", async () => {
  const world = makeWorld();
  const page = await granted(world);
  world.fate = () => "hangs";
  page.drafts.write("q", "a");
  await world.advance(5);
  world.fate = () => "answered";
  assert.equal(page.status(), "saving");

  await world.advance(10);

  assert.equal(page.status(), "saved");
});

Deno.test("W5 C2 a page that crashes a moment after the last change: the next one has it, and saves it", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("q", "saved");
  await world.advance(2);
  page.drafts.write("q", "saved and kept");
  await world.advance(commitSeconds * 2);
  assert.equal(page.status(), "kept");

  page.crash();
  const next = await granted(world, page.device);

  assert.equal(next.text(), "saved and kept");
  assert.equal(world.rows.get("q")?.text, "saved and kept");
  assert.deepEqual(next.earlier(), []);
  assert.equal(page.device.rows.size, 1);
});

Deno.test("W5 C2 what was saved is on another device", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("q", "saved");
  await world.advance(2);

  const other = await granted(world);

  assert.equal(other.text(), "saved");
  assert.equal(other.status(), "saved");
});

Deno.test("W5 M2 written before the session is registered: kept, and saved with the next grant", async () => {
  const world = makeWorld();
  const page = world.page(world.device());
  page.become({ name: "starting" });
  page.become(unregistered);
  await world.advance(1);
  assert.equal(page.drafts.state().isRestoring, false);
  page.drafts.write("q", "a");
  await world.advance(1);
  assert.equal(page.status(), "kept");

  page.grant();
  await world.advance(1);

  assert.equal(world.rows.get("q")?.text, "a");
  assert.equal(world.rows.get("q")?.fence, world.holder()?.fence);
});

Deno.test("W5 C2 written before the session is registered, then the tab is closed: the next one saves it", async () => {
  const world = makeWorld();
  const page = world.page(world.device());
  page.become({ name: "starting" });
  page.become(unregistered);
  await world.advance(1);
  page.drafts.write("q", "a");
  await world.advance(1);
  page.crash();

  const next = await granted(world, page.device);

  assert.equal(next.text(), "a");
  assert.equal(world.rows.get("q")?.text, "a");
});

/** What was saved is changed without a session, then the tab is closed. */
async function changedOffline(world: World): Promise<Device> {
  const first = await granted(world);
  first.drafts.write("q", "saved");
  await world.advance(2);
  first.crash();
  const page = world.page(first.device);
  page.become({ name: "starting" });
  page.become(unregistered);
  await world.advance(1);
  page.drafts.write("q", "saved, and offline");
  await world.advance(1);
  page.crash();
  return first.device;
}

Deno.test("W5 C2 C9 what was saved is changed before the session is registered, then the tab is closed: the next one saves it, and says so only then", async () => {
  const world = makeWorld();
  const device = await changedOffline(world);

  const next = world.page(device);
  next.become({ name: "starting" });
  next.grant();
  const flushed = next.drafts.flush();
  await world.advance(2);

  assert.equal(next.text(), "saved, and offline");
  assert.equal(world.rows.get("q")?.text, "saved, and offline");
  assert.deepEqual(await flushed, { error: null });
  const shown = next.states.flatMap(({ drafts }) => drafts.q ?? [])
    .map(({ text, status }) => `${text}: ${status}`);
  const [before, ...then] = shown.filter((one) => one.includes("offline"));
  assert.equal(before, "saved, and offline: saving");
  assert.equal(then.at(-1), "saved, and offline: saved");
});

Deno.test("W5 C9 what was saved is changed before the session is registered, and the device is slow: flush does not say that it is saved while nothing can be loaded", async () => {
  const world = makeWorld();
  const device = await changedOffline(world);
  device.readSeconds = 6;
  const next = world.page(device);
  next.become({ name: "starting" });
  next.grant();
  await world.advance(1);
  assert.equal(next.text(), "saved");
  // another device holds it meanwhile: what the server has is not known any more
  await granted(world);
  world.fate = () => "lost";
  next.grant();
  await world.advance(7);
  assert.equal(next.text(), "saved, and offline");

  assert.notEqual((await next.drafts.flush()).error, null);
});

Deno.test("W4 C2 text of this device is older than what another device has saved since: that one counts, and this one is offered", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("q", "here");
  await world.advance(0.5);
  page.crash();
  const other = await granted(world);
  other.drafts.write("q", "there");
  await world.advance(2);

  const back = await granted(world, page.device);

  assert.equal(back.text(), "there");
  assert.equal(world.rows.get("q")?.text, "there");
  assert.deepEqual(back.earlier(), ["here"]);

  // until the user has decided, on each start
  back.crash();
  const again = await granted(world, page.device);
  assert.deepEqual(again.earlier(), ["here"]);
  again.drafts.discard("q");
  await world.advance(1);
  again.crash();
  assert.deepEqual((await granted(world, page.device)).earlier(), []);
});

Deno.test("W4 C2 a page that slept past its lease while another device went on shows what that one saved", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("q", "here");
  await world.advance(2);
  world.fate = () => "lost";
  page.drafts.write("q", "here and offline");
  await world.advance(2);
  world.fate = () => "answered";
  const other = await granted(world);
  other.drafts.write("q", "there");
  await world.advance(2);

  page.become({ name: "starting" });
  page.grant();
  await world.advance(2);

  assert.equal(page.text(), "there");
  assert.equal(world.rows.get("q")?.text, "there");
  assert.deepEqual(page.earlier(), ["here and offline"]);
});

Deno.test("W5 a page that slept past its lease goes on with its text, if nobody else went on", async () => {
  const world = makeWorld();
  const page = await granted(world);
  world.fate = () => "lost";
  page.drafts.write("q", "offline");
  await world.advance(2);
  world.fate = (call) => call === "load" ? "hangs" : "answered";

  page.become({ name: "starting" });
  page.grant();
  await world.settle();

  assert.equal(page.text(), "offline");
  assert.equal(world.rows.get("q")?.text, "offline");
  assert.equal(page.drafts.state().isRestoring, false, "the form stays open");
});

Deno.test("B4 W4 two tabs of one browser: the one that lost its session saves nothing, and its text is not lost", async () => {
  const world = makeWorld();
  const device = world.device();
  const old = await granted(world, device);
  old.drafts.write("q", "of both");
  await world.advance(2);
  const fresh = await granted(world, device);
  fresh.drafts.write("q", "of both, and of the new one");
  await world.advance(2);

  old.drafts.write("q", "of both, and of the old one");
  await world.advance(5);
  assert(old.checks > 0);
  old.become(takenOver);
  assert.equal(old.status(), "refused");
  const tries = world.saves.length;
  await world.advance(30);

  assert.equal(world.saves.length, tries);
  assert.equal(world.rows.get("q")?.text, "of both, and of the new one");
  old.crash();
  fresh.crash();
  const next = await granted(world, device);
  assert.equal(next.text(), "of both, and of the new one");
  assert.deepEqual(next.earlier(), ["of both, and of the old one"]);
});

Deno.test("W4 the page is hidden while what a save overwrites is on its way to the device: it is saved only once the device has it", async () => {
  const world = makeWorld();
  const first = await granted(world);
  first.drafts.write("q", "of the first");
  await world.advance(2);
  const device = world.device();
  const second = world.page(device);
  world.fate = () => "hangs";
  second.become({ name: "starting" });
  second.grant();
  await world.advance(1);
  const wasKept: boolean[] = [];
  world.fate = (call) => {
    const rows = [...device.rows.values()];
    const isKept = rows.some(({ text }) => text === "of the first");
    if (call === "save") wasKept.push(isKept);
    return "answered";
  };

  second.drafts.write("q", "of the second");
  second.grant();
  await world.settle();
  second.hide();
  await world.advance(2);

  assert.equal(world.rows.get("q")?.text, "of the second");
  assert.equal(wasKept[0], true);
});

Deno.test("C9 flush resolves when everything is saved, and says if it is not", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("a", "1");
  page.drafts.write("b", "2");

  const { error } = await page.drafts.flush();
  assert.equal(error, null);
  assert.equal(world.rows.size, 2);

  world.fate = () => "lost";
  page.drafts.write("a", "3");
  const failed = await page.drafts.flush();
  assert.match(failed.error?.message ?? "", /lost/);
  page.become(takenOver);
  assert((await page.drafts.flush()).error);
});

Deno.test("C9 flush during a save that does not have the last change waits for another", async () => {
  const world = makeWorld();
  const page = await granted(world);
  world.fate = () => "answered late";
  page.drafts.write("q", "first");
  await world.advance(1.5);
  page.drafts.write("q", "second");
  world.fate = () => "answered";

  const flushed = page.drafts.flush();
  await world.advance(lateSeconds);

  assert.equal((await flushed).error, null);
  assert.equal(world.rows.get("q")?.text, "second");
});

Deno.test("C2 cleared once the server has confirmed the submission, and only then", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("q", "a");
  await world.advance(2);
  assert.equal(page.device.rows.size, 1);
  const over = { ...takenOver, reason: "completed" } as typeof takenOver;

  page.become(over);
  await world.advance(1);
  assert.equal(page.device.rows.size, 1);
  page.become({ ...over, endedAt: "2026-01-01T00:00:00Z" } as typeof over);
  await world.advance(1);

  assert.equal(page.device.rows.size, 0);
  assert.deepEqual(page.drafts.state().drafts, {});
});

Deno.test("W10 a component that is remounted: nothing is lost, and later changes are newer", async () => {
  const world = makeWorld();
  const page = await granted(world);
  for (const text of ["1", "12", "123"]) page.drafts.write("q", text);
  await world.advance(2);
  page.drafts.write("q", "123?");
  page.drafts.write("q", "1234");

  page.remount();
  page.drafts.write("other", "a");
  await world.advance(3);
  assert.equal(page.text(), "1234");
  page.drafts.write("q", "4");
  await world.advance(3);

  assert.equal(page.status(), "saved");
  assert.equal(world.rows.get("q")?.text, "4");
  assert.deepEqual(page.earlier(), []);
});

Deno.test("C2 a device that answers late: its text is shown when it comes, and saved", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("q", "kept");
  await world.advance(0.5);
  page.crash();

  page.device.readSeconds = 20;
  const next = world.page(page.device);
  next.become({ name: "starting" });
  next.grant();
  await world.advance(5);
  assert.equal(next.drafts.state().isRestoring, false, "nobody waits forever");
  await world.advance(20);

  assert.equal(next.text(), "kept");
  assert.equal(world.rows.get("q")?.text, "kept");
});

Deno.test("M2 a table that cannot be read does not close the form; nothing is saved over what is in it", async () => {
  const world = makeWorld();
  world.fate = (call) => call === "load" ? "lost" : "answered";
  const page = world.page(world.device());
  page.become({ name: "starting" });
  page.grant();
  await world.advance(1);
  assert.equal(page.drafts.state().isRestoring, false);
  assert.match(page.drafts.state().error?.message ?? "", /lost/);

  page.drafts.write("q", "a");
  await world.advance(10);
  assert.equal(page.status(), "kept");
  assert.equal(world.saves.length, 0);
  world.fate = () => "answered";
  await world.advance(5);

  assert.equal(page.status(), "saved");
  assert.equal(page.drafts.state().error, null);
});

Deno.test("M2 a table that never answers does not close the form, and is asked again", async () => {
  const world = makeWorld();
  world.fate = () => "hangs";
  const page = world.page(world.device());
  page.become({ name: "starting" });
  page.grant();
  await world.advance(7);
  assert.equal(page.drafts.state().isRestoring, true);
  await world.advance(2);
  assert.equal(page.drafts.state().isRestoring, false);
  world.fate = () => "answered";
  await world.advance(5);

  page.drafts.write("q", "a");
  await world.advance(2);
  assert.equal(page.status(), "saved");
});

Deno.test("W5 M2 the form stays open when the session is registered after all", async () => {
  const world = makeWorld();
  const page = world.page(world.device());
  page.become({ name: "starting" });
  page.become(unregistered);
  await world.advance(1);
  world.fate = () => "answered late";
  page.states.length = 0;

  page.become({ name: "starting" });
  page.grant();
  await world.advance(1);

  assert(page.states.every(({ isRestoring }) => !isRestoring));
});

Deno.test("W4 the form is restoring again, when an interview that was taken over is started again", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.become(takenOver);
  await granted(world);
  world.fate = () => "answered late";

  page.become({ name: "starting" });
  page.grant();
  await world.advance(1);

  assert.equal(page.drafts.state().isRestoring, true);
});

Deno.test("W4 C2 written before the session is registered, then closed, and another device has saved since: that one counts, and this one is offered", async () => {
  const world = makeWorld();
  const page = world.page(world.device());
  page.become({ name: "starting" });
  page.become(unregistered);
  await world.advance(1);
  page.drafts.write("q", "here");
  await world.advance(1);
  page.crash();
  const other = await granted(world);
  other.drafts.write("q", "elsewhere");
  await world.advance(2);

  const back = await granted(world, page.device);

  assert.equal(back.text(), "elsewhere");
  assert.deepEqual(back.earlier(), ["here"]);
});

Deno.test("C2 text of this device with which the newer one begins is not offered", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("q", "here");
  await world.advance(0.5);
  page.crash();
  const other = await granted(world);
  other.drafts.write("q", "here and there");
  await world.advance(2);

  const back = await granted(world, page.device);

  assert.equal(back.text(), "here and there");
  assert.deepEqual(back.earlier(), []);
});

Deno.test("C9 a device that had no room keeps the text with the next change", async () => {
  const world = makeWorld();
  const page = await granted(world);
  world.fate = () => "hangs";
  page.device.isFull = true;
  page.drafts.write("a", "1");
  await world.advance(1);
  page.device.isFull = false;

  page.drafts.write("b", "2");
  await world.advance(0.5);

  const kept = [...page.device.rows.values()].map(({ text }) => text);
  assert.deepEqual(kept.sort(), ["1", "2"]);
});

Deno.test("C9 a save that is answered with another session's version: not saved, and the session is asked", async () => {
  const world = makeWorld();
  let saves = 0;
  const page = await granted(world, world.device(), {
    save(drafts) {
      saves++;
      const savedAt = "2026-01-01T00:00:00Z";
      return Promise.resolve(
        drafts.map((draft) => ({
          ...draft,
          fence: 99,
          text: "of it",
          savedAt,
        })),
      );
    },
  });

  page.drafts.write("q", "a");
  await world.advance(10);

  assert.equal(page.status(), "kept");
  assert.equal(page.text(), "a");
  assert(page.checks > 0);
  assert(saves <= 4, `${saves}`);
});

Deno.test("C9 a save that is answered with a later revision of its own session is tried again as the newest", async () => {
  const world = makeWorld();
  const page = await granted(world);
  const { fence } = world.holder()!;
  world.rows.set("q", {
    ...{ key: "q", text: "of another copy", fence, revision: 50 },
    savedAt: "2026-01-01T00:00:00Z",
  });

  page.drafts.write("q", "a");
  await world.advance(10);

  assert.equal(world.rows.get("q")?.text, "a");
  assert.equal(page.status(), "saved");
});

Deno.test("W4 C9 text that the server and this device had is offered once, also after a crash, if the user began to write before it was read", async () => {
  const world = makeWorld();
  const first = await granted(world);
  first.drafts.write("q", "old");
  await world.advance(2);
  first.crash();
  first.device.readSeconds = 1;
  const page = world.page(first.device);
  page.become({ name: "starting" });
  page.become(unregistered);
  page.drafts.write("q", "new");
  await world.advance(2);

  page.grant();
  await world.advance(2);
  assert.equal(page.text(), "new");
  assert.deepEqual(page.earlier(), ["old"]);
  page.crash();
  page.device.readSeconds = 0;

  const next = await granted(world, page.device);
  assert.equal(next.text(), "new");
  assert.deepEqual(next.earlier(), ["old"]);
});

Deno.test("C9 fast typing: one transaction at a time, and the last one has all", async () => {
  const world = makeWorld();
  const page = await granted(world);
  const before = page.device.writes;

  for (let typed = 1; typed <= 50; typed++) {
    page.drafts.write("q", "x".repeat(typed));
  }
  await world.advance(0.5);

  assert.equal(page.device.writes - before, 2);
  assert.equal([...page.device.rows.values()][0]?.text.length, 50);
});

Deno.test("W4 the form is restoring until this device has answered, too", async () => {
  const world = makeWorld();
  const device = world.device();
  device.readSeconds = 1;
  const page = world.page(device);
  page.become({ name: "starting" });
  page.grant();
  await world.advance(0.9);
  assert.equal(page.drafts.state().isRestoring, true);
  await world.advance(0.5);
  assert.equal(page.drafts.state().isRestoring, false);
});

Deno.test("C9 before the user takes over, the text of this device is kept, and not refused", async () => {
  const world = makeWorld();
  const first = await granted(world);
  world.fate = () => "lost";
  first.drafts.write("q", "a");
  await world.advance(1);
  first.crash();

  const page = world.page(first.device);
  page.become({ name: "starting" });
  page.become({ name: "held", message: "", holder: {} as never });
  await world.advance(1);

  assert.equal(page.status(), "kept");
});

Deno.test("W4 what is loaded for an earlier grant does not count for the next one", async () => {
  const world = makeWorld();
  const answers: ((rows: never[]) => void)[] = [];
  const page = world.page(world.device(), {
    load: () => new Promise((resolve) => void answers.push(resolve)),
  });
  page.become({ name: "starting" });
  page.grant();
  await world.advance(1);
  const other = await granted(world);
  other.drafts.write("q", "there");
  await world.advance(2);
  page.grant();
  page.drafts.write("q", "here");

  assert.equal(answers.length, 2);
  answers[1]?.([...world.rows.values()] as never[]);
  answers[0]?.([]);
  await world.advance(2);

  assert.equal(world.rows.get("q")?.text, "here");
  assert.deepEqual(page.earlier(), ["there"]);
  page.drafts.write("q", "here and on");
  await world.advance(2);
  assert.equal(world.rows.get("q")?.text, "here and on");
});

Deno.test("C2 a version that was discarded does not come back after a crash", async () => {
  const world = makeWorld();
  const first = await granted(world);
  first.drafts.write("q", "old");
  await world.advance(2);
  world.fate = (call) => call === "load" ? "answered" : "lost";
  const page = world.page(world.device());
  page.become({ name: "starting" });
  page.become(unregistered);
  await world.advance(1);
  page.grant();
  page.drafts.write("q", "new");
  await world.advance(1);
  assert.deepEqual(page.earlier(), ["old"]);
  page.drafts.discard("q");
  await world.advance(1);
  page.crash();

  const next = await granted(world, page.device);

  assert.equal(next.text(), "new");
  assert.deepEqual(next.earlier(), []);
});

Deno.test("W10 disposed of right after a change: the change is kept on the device", async () => {
  const world = makeWorld();
  const page = await granted(world);
  page.drafts.write("q", "first");
  page.drafts.write("q", "second");
  page.drafts.dispose();
  await world.advance(10);

  assert.equal(world.saves.length, 0);
  assert.equal([...page.device.rows.values()][0]?.text, "second");
});
