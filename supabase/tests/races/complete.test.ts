// complete_session against everything else that happens to the session.
import assert from "node:assert/strict";
import {
  after,
  answered,
  endLeaseNow,
  granted,
  lockRow,
  over,
  race,
} from "./harness.ts";

race(
  "M4 complete is sent twice at once: the second is a heartbeat",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    const first = granted(await a.complete("a"));

    const second = granted(await after(a, "commits", b.complete("a")));

    assert.equal(second.status, "completing");
    assert.equal(second.deadline_at, first.deadline_at);
    assert(second.expires_at > first.expires_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "M4 complete is sent twice at once, the first rolls back: the second completes",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    const first = granted(await a.complete("a"));

    const second = granted(await after(a, "rolls back", b.complete("a")));

    assert.equal(second.status, "completing");
    assert(second.deadline_at > first.deadline_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "M4 complete waits for a heartbeat: its times are those of the lock",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await b.begin();
    await a.begin();
    const beat = granted(await a.heartbeat("a"));

    const completed = granted(await after(a, "commits", b.complete("a")));
    await b.commit();

    assert.equal(completed.status, "completing");
    assert(completed.updated_at > beat.updated_at);
    assert(completed.expires_at > beat.expires_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "M4 a heartbeat waits for complete: it does not take the status back",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    const completed = granted(await a.complete("a"));

    const beat = granted(await after(a, "commits", b.heartbeat("a")));

    assert.equal(beat.status, "completing");
    assert.equal(beat.deadline_at, completed.deadline_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "M4 a heartbeat waits for complete, which rolls back: still active",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.complete("a"));

    const beat = granted(await after(a, "rolls back", b.heartbeat("a")));

    assert.equal(beat.status, "active");
    await scene.leaves({ live: "a" });
  },
);

race(
  "M4 complete commits before the end: the session was completed",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.complete("a"));

    const ended = granted(await after(a, "commits", b.end("a")));

    assert.equal(ended.status, "completing");
    await scene.leaves({ history: { a: "completed" } });
  },
);

race(
  "M4 complete rolls back before the end: the session was left",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.complete("a"));

    const ended = granted(await after(a, "rolls back", b.end("a")));

    assert.equal(ended.status, "active");
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "R13 the end commits before complete: nothing comes back to life",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));

    over(await after(a, "commits", b.complete("a")), "disconnected");

    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race("R13 the end rolls back before complete: it completes", async (scene) => {
  const [a, b] = await scene.tabs(2);
  granted(await a.start("a"));
  await a.begin();
  granted(await a.end("a"));

  const late = granted(await after(a, "rolls back", b.complete("a")));

  assert.equal(late.status, "completing");
  await scene.leaves({ live: "a" });
});

race(
  "R7 the reaper commits before complete: told the true reason",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await reaper.begin();
    granted(await reaper.reap());

    over(await after(reaper, "commits", a.complete("a")), "expired");

    await scene.leaves({ history: { a: "expired" } });
  },
);

race(
  "R8 the lease runs out while complete waits: judged by when it got the lock",
  async (scene) => {
    const [a, owner] = [await scene.tab(), await scene.owner()];
    granted(await a.start("a"));
    await owner.begin();
    await lockRow(owner, scene.user);
    const late = a.complete("a");
    await late.waitsFor(owner);
    await endLeaseNow(owner, scene.user);

    over(await after(owner, "commits", late), "expired");

    await scene.leaves({ stale: "a" });
  },
);

race(
  "M4 the grace becomes shorter than the lease before complete: lease and deadline are kept",
  async (scene) => {
    const [a, b, owner] = [...await scene.tabs(2), await scene.owner()];
    granted(await a.start("a"));
    await a.begin();
    const beat = granted(await a.heartbeat("a"));
    answered(
      await owner.query(
        `update sessions.settings
        set completing_grace = '1 minute', lease = '1 minute', heartbeat_every = '10 seconds'`,
      ),
    );

    const completed = granted(await after(a, "commits", b.complete("a")));

    assert.equal(completed.expires_at, beat.expires_at);
    assert.equal(completed.deadline_at, beat.deadline_at);
    await scene.leaves({ live: "a" });
  },
);
