// A page that closes while it starts: its end overtakes its start, or meets it on the
// way. Either way no session is left without a page.
import assert from "node:assert/strict";
import { after, answered, granted, over, race } from "./harness.ts";

race(
  "S19 R4 the end comes while its start is under way: it waits, and ends the session",
  async (scene) => {
    const [a, closing] = await scene.tabs(2);
    await a.begin();
    granted(await a.start("a"));

    const ended = granted(
      await after(a, "commits", closing.end("a", "cleared")),
    );

    assert.equal(ended.end_reason, "cleared");
    granted(await closing.start("b"));
    await scene.leaves({ live: "b", history: { a: "cleared" } });
  },
);

race(
  "S19 R4 the end comes while its takeover is under way: it waits, and ends the new session",
  async (scene) => {
    const [old, a, closing] = await scene.tabs(3);
    granted(await old.start("old"));
    await a.begin();
    granted(await a.start("a", { takeover: true }));

    granted(await after(a, "commits", closing.end("a")));

    await scene.leaves({ history: { old: "taken_over", a: "disconnected" } });
  },
);

race(
  "S19 R4 the start that the end waits for rolls back: a retry of it is refused",
  async (scene) => {
    const [a, closing] = await scene.tabs(2);
    await a.begin();
    granted(await a.start("a"));

    const ended = await after(a, "rolls back", closing.end("a", "cleared"));

    assert.deepEqual(answered(ended), []);
    over(await a.start("a"), "disconnected");
    await scene.leaves({});
  },
);

race(
  "S19 R4 the end arrives first and commits: the start waits, and is refused",
  async (scene) => {
    const [a, closing] = await scene.tabs(2);
    await closing.begin();
    assert.deepEqual(answered(await closing.end("a")), []);

    over(await after(closing, "commits", a.start("a")), "disconnected");

    over(await a.start("a", { takeover: true }), "disconnected");
    over(await a.heartbeat("a"), "disconnected");
    await scene.leaves({});
  },
);

race(
  "S19 R4 the end arrives first and rolls back: the start is granted",
  async (scene) => {
    const [a, closing] = await scene.tabs(2);
    await closing.begin();
    assert.deepEqual(answered(await closing.end("a")), []);

    granted(await after(closing, "rolls back", a.start("a")));

    await scene.leaves({ live: "a" });
  },
);

race(
  "S19 an early end refuses its own start only: the next page starts at once",
  async (scene) => {
    const [a, b, closing] = await scene.tabs(3);
    assert.deepEqual(answered(await closing.end("a")), []);
    await b.begin();
    granted(await b.start("b"));

    over(
      await after(b, "commits", a.start("a", { takeover: true })),
      "disconnected",
    );

    await scene.leaves({ live: "b" });
  },
);

race(
  "S19 R12 two early ends of one id at once: one row, and the start is refused",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    await a.begin();
    assert.deepEqual(answered(await a.end("a", "cleared")), []);

    assert.deepEqual(answered(await after(a, "commits", b.end("a"))), []);

    over(await a.start("a"), "disconnected");
    const rows = await (await scene.owner()).query(
      "select session_id from sessions.early_ends",
    );
    assert.deepEqual(answered(rows), [{ session_id: "a" }]);
  },
);

race(
  "S19 M8 an early end does not wait for another user's start",
  async (scene) => {
    const [a, b] = [await scene.tab(), await scene.tab(await scene.newUser())];
    await a.begin();
    granted(await a.start("a"));

    assert.deepEqual(answered(await b.end("a").passes(a)), []);

    await a.commit();
    granted(await a.heartbeat("a"));
    await scene.leaves({ live: "a" });
  },
);
