// Starts at once: of one user's tabs one has the session, and the others are
// told of it.
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

const ownRow = "select from public.active_interview_sessions";

race(
  "R1 two tabs start, the first commits: the second is refused and told of it",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    await a.begin();
    granted(await a.start("a", { device: "Chrome on Windows" }));
    const late = await after(a, "commits", b.start("b"));

    const { session_id, device, status } = refused(late, "PT409");
    assert.deepEqual([session_id, device, status], [
      "a",
      "Chrome on Windows",
      "active",
    ]);
    await scene.leaves({ live: "a" });
  },
);

race(
  "R1 two tabs start, the first rolls back: the second has the session",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    await a.begin();
    granted(await a.start("a"));
    const late = await after(a, "rolls back", b.start("b"));

    const row = granted(late);
    assert.equal(row.session_id, "b");
    assert.equal(row.previous_session_id, null);
    await scene.leaves({ live: "b" });
  },
);

race(
  "R1 fifty tabs start at once: one has the session, the others are told of it",
  async (scene) => {
    const tabs = await scene.tabs(50);

    const answers = await Promise.all(
      tabs.map((tab, number) => tab.start(`tab ${number}`)),
    );

    const winners = answers.filter(({ rows }) => rows);
    assert.equal(winners.length, 1);
    const { session_id } = granted(winners[0]);
    for (const answer of answers.filter(({ refusal }) => refusal)) {
      assert.equal(refused(answer, "PT409").session_id, session_id);
    }
    await scene.leaves({ live: session_id });
  },
);

race(
  "R1 two tabs start over a stale session: it goes to the history once",
  async (scene) => {
    const [a, b, c] = await scene.tabs(3);
    granted(await c.start("crashed"));
    await scene.letExpire();
    await a.begin();
    granted(await a.start("a"));
    const late = await after(a, "commits", b.start("b"));

    assert.equal(refused(late, "PT409").session_id, "a");
    await scene.leaves({ live: "a", history: { crashed: "expired" } });
  },
);

race(
  "R1 two tabs start over a stale session, the first rolls back: the same",
  async (scene) => {
    const [a, b, c] = await scene.tabs(3);
    granted(await c.start("crashed"));
    await scene.letExpire();
    await a.begin();
    granted(await a.start("a"));
    const late = await after(a, "rolls back", b.start("b"));

    assert.equal(granted(late).previous_session_id, null);
    await scene.leaves({ live: "b", history: { crashed: "expired" } });
  },
);

race("M8 users do not wait for one another", async (scene) => {
  const [a, b] = [await scene.tab(), await scene.tab(await scene.newUser())];
  await a.begin();
  granted(await a.start("session"));

  granted(await b.start("session").passes(a));

  await a.commit();
  await scene.leaves({ live: "session" });
});

race(
  "R2 the transaction saw no session before the other started: refused, not an error",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    await b.begin();
    assert.deepEqual(answered(await b.query(ownRow)), []);
    granted(await a.start("a"));

    assert.equal(refused(await b.start("b"), "PT409").session_id, "a");

    await b.rollback();
    await scene.leaves({ live: "a" });
  },
);

race(
  "R2 the row that the second has seen is replaced while it waits",
  async (scene) => {
    const [a, b, c] = await scene.tabs(3);
    granted(await c.start("crashed"));
    await scene.letExpire();
    await b.begin();
    assert.deepEqual(answered(await b.query(ownRow)), []);
    await a.begin();
    granted(await a.start("a"));
    const late = await after(a, "commits", b.start("b"));

    assert.equal(refused(late, "PT409").session_id, "a");
    await b.rollback();
    await scene.leaves({ live: "a", history: { crashed: "expired" } });
  },
);

race(
  "R3 the reply is lost, the start is sent again: the same row, a new lease",
  async (scene) => {
    const [lost, again] = await scene.tabs(2);
    const first = granted(await lost.start("a", { device: "Firefox" }));

    const second = granted(await again.start("a", { device: "Firefox" }));

    const { updated_at, expires_at, ...same } = second;
    assert.deepEqual({ ...first, updated_at, expires_at }, second);
    assert.equal(same.fence, first.fence);
    assert(updated_at > first.updated_at && expires_at > first.expires_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "R3 a start is sent again after that session has ended: no resurrection",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    granted(await a.end("a"));

    over(await b.start("a"), "disconnected");
    over(await b.start("a", { takeover: true }), "disconnected");

    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "R3 a start is sent again while that session ends: no resurrection",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));
    const late = await after(a, "commits", b.start("a"));

    over(late, "disconnected");
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "R3 a start is sent again while an end is taken back: the same session",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    const { fence } = granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));
    const late = await after(a, "rolls back", b.start("a"));

    assert.equal(granted(late).fence, fence);
    await scene.leaves({ live: "a" });
  },
);

race(
  "R3 a start is sent again, and the end overtakes it: it ends",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.start("a"));
    const late = await after(a, "commits", b.end("a"));

    assert.equal(granted(late).end_reason, "disconnected");
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

for (const takeover of [false, true]) {
  const how = takeover ? " with takeover" : "";

  race(
    `R4 a start${how} is sent twice at once: one session, neither evicts the other`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await a.begin();
      const first = granted(await a.start("a", { takeover }));
      const late = await after(a, "commits", b.start("a", { takeover }));

      const second = granted(late);
      assert.equal(second.fence, first.fence);
      assert.equal(second.created_at, first.created_at);
      await scene.leaves({ live: "a" });
    },
  );

  race(
    `R4 a start${how} is sent twice at once, the first rolls back: the second has it`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await a.begin();
      const first = granted(await a.start("a", { takeover }));
      const late = await after(a, "rolls back", b.start("a", { takeover }));

      assert(granted(late).fence > first.fence);
      await scene.leaves({ live: "a" });
    },
  );
}

race(
  "R8 the lease has run out, nobody has reaped: a start from elsewhere succeeds at once",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await scene.letExpire();

    over(await a.heartbeat("a"), "expired");
    assert.equal(granted(await b.start("b")).previous_session_id, null);
    over(await a.heartbeat("a"), "expired");

    await scene.leaves({ live: "b", history: { a: "expired" } });
  },
);

race(
  "R8 the lease has run out, nobody has reaped: its own id does not start again",
  async (scene) => {
    const a = await scene.tab();
    granted(await a.start("a"));
    await scene.letExpire();

    over(await a.start("a"), "expired");
    over(await a.start("a", { takeover: true }), "expired");

    await scene.leaves({ stale: "a" });
  },
);

race(
  "R8 the lease runs out while the start waits: judged by when it got the lock",
  async (scene) => {
    const [a, b, owner] = [...await scene.tabs(2), await scene.owner()];
    granted(await a.start("a"));
    await owner.begin();
    await lockRow(owner, scene.user);
    const late = b.start("b");
    await late.waitsFor(owner);
    await endLeaseNow(owner, scene.user);
    await owner.commit();

    assert.equal(granted(await late).previous_session_id, null);
    await scene.leaves({ live: "b", history: { a: "expired" } });
  },
);

race(
  "R8 the lease runs out while a retry of the start waits: no revival",
  async (scene) => {
    const [a, b, owner] = [...await scene.tabs(2), await scene.owner()];
    granted(await a.start("a"));
    await owner.begin();
    await lockRow(owner, scene.user);
    const late = b.start("a");
    await late.waitsFor(owner);
    await endLeaseNow(owner, scene.user);
    await owner.commit();

    over(await late, "expired");
    await scene.leaves({ stale: "a" });
  },
);

race(
  "R1 a heartbeat holds the session: the start waits, and is told of the new lease",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    const renewed = granted(await a.heartbeat("a"));
    const late = await after(a, "commits", b.start("b"));

    assert.equal(refused(late, "PT409").updated_at, renewed.updated_at);
    await scene.leaves({ live: "a" });
  },
);

race(
  "R1 an end holds the session: the start waits, and has it",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));
    const late = await after(a, "commits", b.start("b"));

    assert.equal(granted(late).previous_session_id, null);
    await scene.leaves({ live: "b", history: { a: "disconnected" } });
  },
);

race(
  "R1 an end holds the session and rolls back: the start is refused",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));
    const late = await after(a, "rolls back", b.start("b"));

    assert.equal(refused(late, "PT409").session_id, "a");
    await scene.leaves({ live: "a" });
  },
);
