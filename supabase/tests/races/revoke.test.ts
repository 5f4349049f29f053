// An operator revokes a session while its holder is busy with it.
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
  "R13 a revocation before a heartbeat: nothing comes back to life",
  async (scene) => {
    const [a, operator] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await operator.begin();
    granted(await operator.revoke(scene.user, "fraud"));

    over(await after(operator, "commits", a.heartbeat("a")), "revoked");

    const notes = answered(
      await (await scene.owner()).query(
        "select session_id, note from sessions.revocations",
      ),
    );
    assert.deepEqual(notes, [{ session_id: "a", note: "fraud" }]);
    await scene.leaves({ history: { a: "revoked" } });
  },
);

race(
  "R13 a revocation rolls back before a heartbeat: the session lives",
  async (scene) => {
    const [a, operator] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await operator.begin();
    granted(await operator.revoke(scene.user));

    granted(await after(operator, "rolls back", a.heartbeat("a")));

    await scene.leaves({ live: "a" });
  },
);

race(
  "R11 a revocation after an end: nothing is left to revoke",
  async (scene) => {
    const [a, operator] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));

    const late = await after(a, "commits", operator.revoke(scene.user));

    assert.deepEqual(answered(late), []);
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "R11 a revocation after an end that rolls back: revoked",
  async (scene) => {
    const [a, operator] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));

    granted(await after(a, "rolls back", operator.revoke(scene.user)));

    await scene.leaves({ history: { a: "revoked" } });
  },
);

race("R11 an end after a revocation: answered how it ended", async (scene) => {
  const [a, operator] = [await scene.tab(), await scene.operator()];
  granted(await a.start("a"));
  await operator.begin();
  const revoked = granted(await operator.revoke(scene.user));

  const ended = granted(await after(operator, "commits", a.end("a")));

  assert.deepEqual(ended, revoked);
  await scene.leaves({ history: { a: "revoked" } });
});

race(
  "R17 a revocation during a takeover: the new session is revoked, not none",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    const operator = await scene.operator();
    granted(await a.start("a"));
    await b.begin();
    granted(await b.start("b", { takeover: true }));

    const late = await after(b, "commits", operator.revoke(scene.user));

    assert.equal(granted(late).session_id, "b");
    await scene.leaves({ history: { a: "taken_over", b: "revoked" } });
  },
);

race(
  "R17 a revocation during a takeover that rolls back: the old session is revoked",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    const operator = await scene.operator();
    granted(await a.start("a"));
    await b.begin();
    granted(await b.start("b", { takeover: true }));

    const late = await after(b, "rolls back", operator.revoke(scene.user));

    assert.equal(granted(late).session_id, "a");
    await scene.leaves({ history: { a: "revoked" } });
  },
);

race("R17 a takeover during a revocation: a plain start", async (scene) => {
  const [a, b] = await scene.tabs(2);
  const operator = await scene.operator();
  granted(await a.start("a"));
  await operator.begin();
  granted(await operator.revoke(scene.user));

  const late = granted(
    await after(operator, "commits", b.start("b", { takeover: true })),
  );

  assert.equal(late.previous_session_id, null);
  await scene.leaves({ live: "b", history: { a: "revoked" } });
});

race(
  "R8 the lease runs out while the revocation waits: nothing is left to revoke",
  async (scene) => {
    const [a, operator] = [await scene.tab(), await scene.operator()];
    const owner = await scene.owner();
    granted(await a.start("a"));
    await owner.begin();
    await lockRow(owner, scene.user);
    const late = operator.revoke(scene.user);
    await late.waitsFor(owner);
    await endLeaseNow(owner, scene.user);

    assert.deepEqual(answered(await after(owner, "commits", late)), []);

    await scene.leaves({ stale: "a" });
  },
);
