// Heartbeats against everything that may come between: none revives a session,
// and none shortens a lease.
import assert from "node:assert/strict";
import {
  after,
  answered,
  endLeaseNow,
  granted,
  lockRow,
  over,
  race,
  refused,
} from "./harness.ts";

race(
  "R7 the reaper commits first: the heartbeat is told the true reason",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await reaper.begin();
    assert.equal(granted(await reaper.reap()).session_id, "a");

    over(await after(reaper, "commits", a.heartbeat("a")), "expired");

    await scene.leaves({ history: { a: "expired" } });
  },
);

race(
  "R7 the reaper rolls back: the heartbeat is told the same",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await reaper.begin();
    assert.equal(granted(await reaper.reap()).session_id, "a");

    over(await after(reaper, "rolls back", a.heartbeat("a")), "expired");

    await scene.leaves({ stale: "a" });
  },
);

race(
  "R8 the lease runs out while the heartbeat waits: judged by when it got the lock",
  async (scene) => {
    const [a, owner] = [await scene.tab(), await scene.owner()];
    granted(await a.start("a"));
    await owner.begin();
    await lockRow(owner, scene.user);
    const late = a.heartbeat("a");
    await late.waitsFor(owner);
    await endLeaseNow(owner, scene.user);

    over(await after(owner, "commits", late), "expired");

    await scene.leaves({ stale: "a" });
  },
);

race(
  "R13 the end commits first: a heartbeat in flight revives nothing",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a", "cleared"));

    over(await after(a, "commits", b.heartbeat("a")), "cleared");
    over(await b.heartbeat("a"), "cleared");

    await scene.leaves({ history: { a: "cleared" } });
  },
);

race(
  "R13 the end rolls back: the heartbeat renews the lease",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    const first = granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));

    const late = granted(await after(a, "rolls back", b.heartbeat("a")));

    assert(late.expires_at > first.expires_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "R13 the heartbeat commits first: the end ends what it has renewed",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    const renewed = granted(await a.heartbeat("a"));

    const ended = granted(await after(a, "commits", b.end("a")));

    assert.equal(ended.last_seen_at, renewed.updated_at);
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "R13 the heartbeat rolls back: the end ends what was there before",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    const first = granted(await a.start("a"));
    await a.begin();
    granted(await a.heartbeat("a"));

    const ended = granted(await after(a, "rolls back", b.end("a")));

    assert.equal(ended.last_seen_at, first.updated_at);
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "R13 a heartbeat comes after the end and after a new start: the new session is untouched",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    granted(await a.end("a"));
    const successor = granted(await b.start("b"));

    over(await a.heartbeat("a"), "disconnected");

    assert.deepEqual(await scene.row(), successor);
    await scene.leaves({ live: "b", history: { a: "disconnected" } });
  },
);

race(
  "B6 two heartbeats at once: the lease counts from the one that had the lock last",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await b.begin();
    await a.begin();
    const first = granted(await a.heartbeat("a"));

    const second = granted(await after(a, "commits", b.heartbeat("a")));
    await b.commit();

    assert(second.updated_at > first.updated_at);
    assert(second.expires_at > first.expires_at);
    assert.deepEqual(await scene.row(), second);
    await scene.leaves({ live: "a" });
  },
);

race(
  "B6 two heartbeats at once, the first rolls back: the second counts",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.heartbeat("a"));

    const second = granted(await after(a, "rolls back", b.heartbeat("a")));

    assert.deepEqual(await scene.row(), second);
    await scene.leaves({ live: "a" });
  },
);

race(
  "B6 the settings become shorter between two heartbeats at once: the lease does not move back",
  async (scene) => {
    const [a, b, owner] = [...await scene.tabs(2), await scene.owner()];
    granted(await a.start("a"));
    await a.begin();
    const first = granted(await a.heartbeat("a"));
    answered(
      await owner.query(
        "update sessions.settings set lease = '1 minute', heartbeat_every = '10 seconds'",
      ),
    );

    const second = granted(await after(a, "commits", b.heartbeat("a")));

    assert.equal(second.expires_at, first.expires_at);
    assert(second.updated_at > first.updated_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "M10 two heartbeats shortly before the deadline: the lease ends with it",
  async (scene) => {
    const [a, b, owner] = [...await scene.tabs(2), await scene.owner()];
    granted(await a.start("a"));
    answered(
      await owner.query(
        `update public.active_interview_sessions
        set deadline_at = expires_at`,
      ),
    );
    await a.begin();
    const first = granted(await a.heartbeat("a"));

    const second = granted(await after(a, "commits", b.heartbeat("a")));

    assert(second.updated_at > first.updated_at);
    assert.equal(second.expires_at, first.deadline_at);
    assert.equal(second.deadline_at, first.deadline_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "B5 holds_session waits for nobody, and sees what is committed",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    const { fence } = granted(await a.start("a"));
    const holds = async () => {
      const answer = await b.query<{ holds: boolean }>(
        "select public.holds_session('a', $1) as holds",
        fence,
      ).passes(a);
      return answered(answer)[0].holds;
    };
    await a.begin();
    granted(await a.end("a"));

    assert.equal(await holds(), true);
    await a.commit();
    assert.equal(await holds(), false);

    refused(await b.heartbeat("a"), "PT410");
  },
);
