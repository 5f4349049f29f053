// Takeovers against each other and against whatever the old holder still sends.
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
  renewInTime,
  type Scene,
} from "./harness.ts";

const takeover = true;

race(
  "R16 two devices take over at once: the later one has it, with the higher fence",
  async (scene) => {
    const [old, a, b] = await scene.tabs(3);
    const { fence } = granted(await old.start("old"));
    await a.begin();
    const first = granted(await a.start("a", { takeover }));

    const second = granted(
      await after(a, "commits", b.start("b", { takeover })),
    );

    assert(fence < first.fence && first.fence < second.fence);
    assert.equal(second.previous_session_id, "a");
    over(await a.heartbeat("a"), "taken_over");
    over(await old.heartbeat("old"), "taken_over");
    await scene.leaves({
      live: "b",
      history: { old: "taken_over", a: "taken_over" },
    });
  },
);

race(
  "R16 two devices take over at once, the first rolls back: the second takes over the old one",
  async (scene) => {
    const [old, a, b] = await scene.tabs(3);
    granted(await old.start("old"));
    await a.begin();
    const first = granted(await a.start("a", { takeover }));

    const second = granted(
      await after(a, "rolls back", b.start("b", { takeover })),
    );

    assert(first.fence < second.fence);
    assert.equal(second.previous_session_id, "old");
    over(await a.heartbeat("a"), null);
    await scene.leaves({ live: "b", history: { old: "taken_over" } });
  },
);

race(
  "R16 twenty devices take over at once: the fences grow in the order of the grants",
  async (scene) => {
    const [old, ...devices] = await scene.tabs(21);
    granted(await old.start("old"));

    await Promise.all(
      devices.map(async (device, number) =>
        granted(await device.start(`device ${number}`, { takeover }))
      ),
    );

    const ended = await scene.history();
    const live = await scene.row();
    assert.equal(ended.length, devices.length);
    const chain = [...ended, live].map((row) => row?.previous_session_id);
    assert.deepEqual(chain, [null, ...ended.map((row) => row.session_id)]);
    await scene.leaves({
      live: live?.session_id,
      history: Object.fromEntries(
        ended.map(({ session_id }) => [session_id, "taken_over"]),
      ),
    });
  },
);

race(
  "R17 a takeover before the old holder's complete: it is told",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await b.begin();
    granted(await b.start("b", { takeover }));

    over(await after(b, "commits", a.complete("a")), "taken_over");

    assert.equal((await scene.row())?.status, "active");
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "R17 a takeover rolls back before the old holder's complete: it completes",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await b.begin();
    granted(await b.start("b", { takeover }));

    const late = granted(await after(b, "rolls back", a.complete("a")));

    assert.equal(late.status, "completing");
    await scene.leaves({ live: "a" });
  },
);

race(
  "R17 a takeover after the old holder's complete: it was completing",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.complete("a"));

    granted(await after(a, "commits", b.start("b", { takeover })));

    assert.equal((await scene.history())[0].status, "completing");
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "R17 a takeover after a complete that rolls back: it was active",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.complete("a"));

    granted(await after(a, "rolls back", b.start("b", { takeover })));

    assert.equal((await scene.history())[0].status, "active");
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "R17 a takeover before the old holder's end: the end answers so, and the new one lives",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await b.begin();
    const successor = granted(await b.start("b", { takeover }));

    const ended = granted(await after(b, "commits", a.end("a", "completed")));

    assert.equal(ended.end_reason, "taken_over");
    assert.deepEqual(await scene.row(), successor);
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "R17 a takeover rolls back before the old holder's end: it ends",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await b.begin();
    granted(await b.start("b", { takeover }));

    const ended = granted(
      await after(b, "rolls back", a.end("a", "completed")),
    );

    assert.equal(ended.end_reason, "completed");
    await scene.leaves({ history: { a: "completed" } });
  },
);

race(
  "R17 a takeover after the old holder's end: nothing is left to take over",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));

    const late = granted(
      await after(a, "commits", b.start("b", { takeover })),
    );

    assert.equal(late.previous_session_id, null);
    await scene.leaves({ live: "b", history: { a: "disconnected" } });
  },
);

race(
  "R17 a takeover after an end that rolls back: it takes over",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    granted(await a.end("a"));

    const late = granted(
      await after(a, "rolls back", b.start("b", { takeover })),
    );

    assert.equal(late.previous_session_id, "a");
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "R17 a takeover of a stale session before the reaper: the reaper skips it",
  async (scene) => {
    const [a, b, reaper] = [...await scene.tabs(2), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await b.begin();
    const row = granted(await b.start("b", { takeover }));
    assert.equal(row.previous_session_id, null);

    assert.deepEqual(answered(await reaper.reap().passes(b)), []);

    await b.commit();
    assert.deepEqual(answered(await reaper.reap()), []);
    await scene.leaves({ live: "b", history: { a: "expired" } });
  },
);

race(
  "R17 a takeover of a stale session rolls back: the reaper has it",
  async (scene) => {
    const [a, b, reaper] = [...await scene.tabs(2), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await b.begin();
    granted(await b.start("b", { takeover }));
    assert.deepEqual(answered(await reaper.reap().passes(b)), []);
    await b.rollback();

    assert.equal(granted(await reaper.reap()).session_id, "a");

    await scene.leaves({ history: { a: "expired" } });
  },
);

race("R17 a takeover after the reaper: a plain start", async (scene) => {
  const [a, b, reaper] = [...await scene.tabs(2), await scene.operator()];
  granted(await a.start("a"));
  await scene.letExpire();
  await reaper.begin();
  granted(await reaper.reap());

  const late = granted(
    await after(reaper, "commits", b.start("b", { takeover })),
  );

  assert.equal(late.previous_session_id, null);
  await scene.leaves({ live: "b", history: { a: "expired" } });
});

race(
  "R17 a takeover after a reaper that rolls back: it moves the stale session itself",
  async (scene) => {
    const [a, b, reaper] = [...await scene.tabs(2), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    await reaper.begin();
    granted(await reaper.reap());

    const late = granted(
      await after(reaper, "rolls back", b.start("b", { takeover })),
    );

    assert.equal(late.previous_session_id, null);
    await scene.leaves({ live: "b", history: { a: "expired" } });
  },
);

race(
  "C7 takeover is refused by the settings: PT409 says so, and an end makes room",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    await refuseTakeovers(scene);
    granted(await a.start("a"));

    const { refusal } = await b.start("b", { takeover });
    assert.equal(refusal?.code, "PT409");
    assert.match(refusal.hint ?? "", /Takeover is not allowed/);
    await a.begin();
    granted(await a.end("a"));

    granted(await after(a, "commits", b.start("b", { takeover })));

    await scene.leaves({ live: "b", history: { a: "disconnected" } });
  },
);

race(
  "C7 takeover is refused, and the lease runs out while it waits: granted",
  async (scene) => {
    const [a, b, owner] = [...await scene.tabs(2), await scene.owner()];
    await refuseTakeovers(scene);
    granted(await a.start("a"));
    await owner.begin();
    await lockRow(owner, scene.user);
    const late = b.start("b", { takeover });
    await late.waitsFor(owner);
    await endLeaseNow(owner, scene.user);

    const row = granted(await after(owner, "commits", late));

    assert.equal(row.previous_session_id, null);
    await scene.leaves({ live: "b", history: { a: "expired" } });
  },
);

race(
  "C7 takeover is refused, and a heartbeat renews the lease while it waits: refused",
  async (scene) => {
    const [a, b, owner] = [...await scene.tabs(2), await scene.owner()];
    await refuseTakeovers(scene);
    granted(await a.start("a"));
    await scene.letExpire();
    await owner.begin();
    await renewInTime(owner, scene.user);

    const late = await after(owner, "commits", b.start("b", { takeover }));

    assert.equal(refused(late, "PT409").session_id, "a");
    await scene.leaves({ live: "a" });
  },
);

race(
  "C7 takeover is refused, and the session is revoked while it waits: granted",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    const operator = await scene.operator();
    await refuseTakeovers(scene);
    granted(await a.start("a"));
    await operator.begin();
    granted(await operator.revoke(scene.user));

    granted(await after(operator, "commits", b.start("b", { takeover })));

    await scene.leaves({ live: "b", history: { a: "revoked" } });
  },
);

race(
  "C7 takeover is refused, and the reaper moves the stale session: granted in either order",
  async (scene) => {
    const [a, b, c] = await scene.tabs(3);
    const reaper = await scene.operator();
    await refuseTakeovers(scene);
    granted(await a.start("a"));
    await scene.letExpire();
    await reaper.begin();
    granted(await reaper.reap());
    granted(await after(reaper, "commits", b.start("b", { takeover })));
    await scene.letExpire();

    await c.begin();
    granted(await c.start("c", { takeover }));
    assert.deepEqual(answered(await reaper.reap().passes(c)), []);

    await c.commit();
    await scene.leaves({
      live: "c",
      history: { a: "expired", b: "expired" },
    });
  },
);

async function refuseTakeovers(scene: Scene) {
  answered(
    await (await scene.owner()).query(
      "update sessions.settings set takeover = 'refused'",
    ),
  );
}
