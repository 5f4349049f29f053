// Ends sent twice, late, and against the reaper: one session ends once, for one
// reason, and no other with it.
import assert from "node:assert/strict";
import {
  after,
  answered,
  endLeaseNow,
  granted,
  lockRow,
  race,
} from "./harness.ts";

race(
  "R11 the end holds a stale session: the reaper skips it",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await a.begin();
    assert.equal(granted(await a.end("a")).end_reason, "expired");

    assert.deepEqual(answered(await reaper.reap().passes(a)), []);

    await a.commit();
    assert.deepEqual(answered(await reaper.reap()), []);
    await scene.leaves({ history: { a: "expired" } });
  },
);

race(
  "R11 the end of a stale session rolls back: the next run reaps it",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await a.begin();
    granted(await a.end("a"));
    assert.deepEqual(answered(await reaper.reap().passes(a)), []);
    await a.rollback();

    assert.equal(granted(await reaper.reap()).session_id, "a");

    await scene.leaves({ history: { a: "expired" } });
  },
);

race(
  "R11 the reaper holds a stale session: the end answers what the reaper wrote",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await reaper.begin();
    const reaped = granted(await reaper.reap());

    const ended = granted(
      await after(reaper, "commits", a.end("a", "cleared")),
    );

    assert.deepEqual(ended, reaped);
    await scene.leaves({ history: { a: "expired" } });
  },
);

race(
  "R11 the reaper rolls back: the end writes the same row",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await reaper.begin();
    const reaped = granted(await reaper.reap());

    const ended = granted(
      await after(reaper, "rolls back", a.end("a", "cleared")),
    );

    // A sequence does not roll back.
    assert(ended.ended_fence > reaped.ended_fence);
    assert.deepEqual({ ...ended, ended_fence: reaped.ended_fence }, reaped);
    await scene.leaves({ history: { a: "expired" } });
  },
);

race(
  "R8 the lease runs out while the end waits: it had expired, at that instant",
  async (scene) => {
    const [a, owner] = [await scene.tab(), await scene.owner()];
    granted(await a.start("a"));
    await owner.begin();
    await lockRow(owner, scene.user);
    const late = a.end("a", "completed");
    await late.waitsFor(owner);
    await endLeaseNow(owner, scene.user);
    const [{ expires_at }] = answered(
      await owner.query<{ expires_at: string }>(
        "select to_jsonb(expires_at) as expires_at from public.active_interview_sessions",
      ),
    );

    const ended = granted(await after(owner, "commits", late));

    assert.equal(ended.ended_at, expires_at);
    await scene.leaves({ history: { a: "expired" } });
  },
);

race(
  "R12 the end is sent twice at once: both are answered how it ended",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    const first = granted(await a.end("a", "completed"));

    const second = granted(await after(a, "commits", b.end("a")));

    assert.deepEqual(second, first);
    await scene.leaves({ history: { a: "completed" } });
  },
);

race(
  "R12 the end is sent twice at once, the first rolls back: the second ends it",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a", "completed"));

    const second = granted(await after(a, "rolls back", b.end("a")));

    assert.equal(second.end_reason, "disconnected");
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "R12 the end is sent again while its successor starts: it waits, and the answer is the same",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    const first = granted(await a.end("a"));
    await b.begin();
    granted(await b.start("b"));

    const again = granted(await after(b, "commits", a.end("a", "cleared")));

    assert.deepEqual(again, first);
    await scene.leaves({ live: "b", history: { a: "disconnected" } });
  },
);

race(
  "R12 the end is sent again after its successor has started: the successor lives",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    const first = granted(await a.end("a"));
    const successor = granted(await b.start("b"));

    assert.deepEqual(granted(await a.end("a", "cleared")), first);
    assert.deepEqual(answered(await a.end("never known")), []);

    assert.deepEqual(await scene.row(), successor);
    await scene.leaves({ live: "b", history: { a: "disconnected" } });
  },
);
