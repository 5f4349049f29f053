// The reaper beside other calls: it takes stale sessions that nobody has locked, waits
// for no lock, and two reapers do not block each other.
import assert from "node:assert/strict";
import {
  after,
  answered,
  type Client,
  type Ended,
  granted,
  over,
  race,
  renewInTime,
  type Scene,
} from "./harness.ts";

race(
  "R6 a heartbeat holds a row that looks stale: the reaper skips it",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    const [owner, other] = [await scene.owner(), await scene.newUser()];
    granted(await a.start("a"));
    granted(await (await scene.tab(other)).start("other"));
    await scene.letExpire();
    await scene.letExpire(other);
    await owner.begin();
    await renewInTime(owner, scene.user);

    const reaped = granted(await reaper.reap().passes(owner));

    assert.equal(reaped.session_id, "other");
    await owner.commit();
    assert.deepEqual(answered(await reaper.reap()), []);
    await scene.leaves({ live: "a" });
    await scene.leaves({ history: { other: "expired" } }, other);
  },
);

race(
  "R6 a heartbeat holds a row that looks stale, and rolls back: the next run reaps it",
  async (scene) => {
    const [a, reaper] = [await scene.tab(), await scene.operator()];
    const owner = await scene.owner();
    granted(await a.start("a"));
    await scene.letExpire();
    await owner.begin();
    await renewInTime(owner, scene.user);
    assert.deepEqual(answered(await reaper.reap().passes(owner)), []);
    await owner.rollback();

    assert.equal(granted(await reaper.reap()).session_id, "a");

    await scene.leaves({ history: { a: "expired" } });
  },
);

race(
  "R6 a heartbeat commits between the reaper's scan and its lock: the session is checked again and left",
  async (scene) => {
    const { reaper, owner, first, second } = await twoStaleSessions(scene);
    const gate = await scene.gate("in the reaper's scan", "first");
    const late = reaper.reap();
    await late.waitsFor(gate);
    await owner.begin();
    await renewInTime(owner, second);
    await owner.commit();
    await gate.open();

    assert.equal(granted(await late).session_id, "first");

    await scene.leaves({ live: "second" }, second);
    await scene.leaves({ history: { first: "expired" } }, first);
  },
);

race(
  "R6 a heartbeat comes while the reaper goes one by one: it waits, and is told the reason",
  async (scene) => {
    const { reaper, owner, first, second } = await twoStaleSessions(scene, {
      afterOneThatCannotBeReaped: true,
    });
    const gate = await scene.gate("before insert on history", "first");
    const reaped = reaper.reap();
    await reaped.waitsFor(gate);
    const heartbeat = (await scene.tab(second)).heartbeat("second");
    await heartbeat.waitsFor(reaper);
    await gate.open();

    assert.deepEqual(ids(answered(await reaped)), ["first", "second"]);
    over(await heartbeat, "expired");

    assert.deepEqual(
      answered(
        await owner.query("select reaped, failed from sessions.reaper_runs"),
      ),
      [{ reaped: 2, failed: 1 }],
    );
    await scene.leaves({ history: { second: "expired" } }, second);
    await scene.leaves({ history: { first: "expired" } }, first);
  },
);

race(
  "R6 a heartbeat holds a row while the reaper goes one by one: skipped",
  async (scene) => {
    const { reaper, owner, first, second } = await twoStaleSessions(scene, {
      afterOneThatCannotBeReaped: true,
    });
    await owner.begin();
    await renewInTime(owner, second);

    const reaped = granted(await reaper.reap().passes(owner));

    assert.equal(reaped.session_id, "first");
    await owner.commit();
    await scene.leaves({ live: "second" }, second);
    await scene.leaves({ history: { first: "expired" } }, first);
  },
);

race(
  "R23 a user is locked while the reaper goes one by one: skipped, no deadlock",
  async (scene) => {
    const { reaper, first, second } = await twoStaleSessions(scene, {
      afterOneThatCannotBeReaped: true,
    });
    const auth = await scene.auth();
    await auth.begin();
    answered(
      await auth.query(
        "select from auth.users where id = $1 for update",
        second,
      ),
    );

    const reaped = granted(await reaper.reap().passes(auth));

    assert.equal(reaped.session_id, "first");
    answered(
      await auth.query("delete from auth.users where id = $1", second),
    );
    answered(await auth.commit());
    await scene.leaves({}, second);
    await scene.leaves({ history: { first: "expired" } }, first);
  },
);

race(
  "R25 two reapers at once: disjoint batches, nobody waits, nothing twice",
  async (scene) => {
    const users = await staleSessions(scene, 5);
    const [one, other] = [await scene.operator(), await scene.operator()];
    await one.begin();
    const firstBatch = ids(answered(await one.reap(2)));
    const secondBatch = ids(answered(await other.reap(2).passes(one)));
    await one.commit();
    const third = ids(answered(await other.reap(2)));

    assert.deepEqual([firstBatch, secondBatch, third].map((b) => b.length), [
      2,
      2,
      1,
    ]);
    assert.deepEqual(
      [...firstBatch, ...secondBatch, ...third].sort(),
      [...users.keys()].sort(),
    );
    await allReapedOnce(scene, users);
  },
);

race(
  "R25 two reapers at once, the first rolls back: its batch is the next one's",
  async (scene) => {
    const users = await staleSessions(scene, 4);
    const [one, other] = [await scene.operator(), await scene.operator()];
    await one.begin();
    const firstBatch = ids(answered(await one.reap(2)));
    const secondBatch = ids(answered(await other.reap(2).passes(one)));
    await one.rollback();

    assert.deepEqual(
      ids(answered(await other.reap(4))).sort(),
      firstBatch.sort(),
    );

    assert.equal(new Set([...firstBatch, ...secondBatch]).size, 4);
    await allReapedOnce(scene, users);
  },
);

race("R25 two reapers prune at once: nobody waits", async (scene) => {
  const [one, other] = [await scene.operator(), await scene.operator()];
  const [a, owner] = [await scene.tab(), await scene.owner()];
  for (const id of ["a", "b"]) {
    granted(await a.start(id, { interview: id }));
    granted(await a.end(id));
  }
  answered(
    await owner.query(`
      update public.interview_session_history
      set ended_at = now() - interval '91 days'`),
  );
  answered(
    await owner.query(`
      update public.interviews
      set deadline_at = now() - interval '91 days'`),
  );
  answered(
    await owner.query(`
      insert into sessions.reaper_runs
        (ran_at, ran_by, reaped, failed, pruned, took)
      select now() - interval '8 days', 'postgres', 0, 0, 0, interval '0'
      from generate_series(1, 2)
      union all
      -- without a run of the last day nothing is pruned
      select now(), 'postgres', 0, 0, 0, interval '0'`),
  );
  await one.begin();
  answered(await one.reap(1));
  answered(await other.reap(1).passes(one));
  await one.commit();

  await scene.leaves({});
  const runs = answered(
    await owner.query<{ pruned: number }>(
      "select pruned from sessions.reaper_runs order by id",
    ),
  );
  assert.deepEqual(runs, [{ pruned: 0 }, { pruned: 2 }, { pruned: 2 }]);
});

race(
  "R25 a reaper is terminated in mid-batch: no lock left, the next reaps all, nothing twice",
  async (scene) => {
    const users = await staleSessions(scene, 3);
    const [killed, next] = [await scene.operator(), await scene.operator()];
    const owner = await scene.owner();
    const gate = await scene.gate("before delete on active", "stale 1");
    const late = killed.reap();
    await late.waitsFor(gate);
    answered(await owner.query("select pg_terminate_backend($1)", killed.pid));
    assert((await late).refusal);
    await gate.open();
    await gone(owner, killed.pid);

    assert.deepEqual(
      ids(answered(await next.reap())).sort(),
      [...users.keys()].sort(),
    );

    await allReapedOnce(scene, users);
  },
);

race(
  "R25 a reaper's client is gone in mid-batch: no lock left, the next reaps all, nothing twice",
  async (scene) => {
    const users = await staleSessions(scene, 3);
    const [next, owner] = [await scene.operator(), await scene.owner()];
    const cut = await scene.operator();
    const gate = await scene.gate("before delete on active", "stale 1");
    await cut.begin();
    const late = cut.reap();
    await late.waitsFor(gate);
    cut.cut();
    assert((await late).refusal);
    await gate.open();
    await gone(owner, cut.pid);

    assert.deepEqual(
      ids(answered(await next.reap())).sort(),
      [...users.keys()].sort(),
    );

    await allReapedOnce(scene, users);
  },
);

race(
  "R24 a batch is bounded, and a short one is the last",
  async (scene) => {
    const users = await staleSessions(scene, 5);
    const reaper = await scene.operator();

    const sizes = [];
    for (let batch = 0; batch < 4; batch++) {
      sizes.push(answered(await reaper.reap(2)).length);
    }

    assert.deepEqual(sizes, [2, 2, 1, 0]);
    await allReapedOnce(scene, users);
  },
);

race(
  "R24 S2 a batch is bounded also where one session cannot be reaped, and that one comes last",
  async (scene) => {
    const { reaper, first, second } = await twoStaleSessions(scene, {
      afterOneThatCannotBeReaped: true,
    });

    const batches = [];
    for (let batch = 0; batch < 4; batch++) {
      batches.push(ids(answered(await reaper.reap(1))));
    }

    // whichever comes first, the one that failed is not tried a second time
    assert(batches.every((batch) => batch.length <= 1));
    assert.deepEqual(batches.flat().sort(), ["first", "second"]);
    assert.deepEqual(batches.at(-1), []);
    await scene.leaves({ history: { first: "expired" } }, first);
    await scene.leaves({ history: { second: "expired" } }, second);
  },
);

race(
  "S2 R25 two reapers at once, and two sessions that cannot be moved: the others are moved, nobody waits",
  async (scene) => {
    const users = await staleSessions(scene, 6);
    const [one, other] = [await scene.operator(), await scene.operator()];
    const owner = await scene.owner();
    const stuck = ["stale 1", "stale 4"];
    for (const session of stuck) {
      await makeUnmovable(owner, users.get(session)!);
    }
    await one.begin();
    const first = ids(answered(await one.reap(3)));
    const second = ids(answered(await other.reap(3).passes(one)));
    await one.commit();

    assert.deepEqual(
      [...first, ...second].sort(),
      ["stale 2", "stale 3", "stale 5", "stale 6"],
    );
    assert.deepEqual(await postponed(owner), stuck);
    assert.deepEqual(answered(await other.reap()), []);
    // which of them picks which is the planner's choice
    assert.deepEqual(
      answered(
        await owner.query(
          "select failed from sessions.reaper_runs order by id",
        ),
      ),
      [{ failed: 3 - first.length }, { failed: 3 - second.length }, {
        failed: 0,
      }],
    );
  },
);

race(
  "S2 R25 the first of two reapers rolls back: what it could not move is the next one's, and fails once",
  async (scene) => {
    const users = await staleSessions(scene, 2);
    const [one, other] = [await scene.operator(), await scene.operator()];
    const owner = await scene.owner();
    await makeUnmovable(owner, users.get("stale 1")!);
    await one.begin();
    assert.deepEqual(ids(answered(await one.reap())), ["stale 2"]);
    assert.deepEqual(answered(await other.reap().passes(one)), []);
    await one.rollback();
    assert.deepEqual(await postponed(owner), []);

    assert.deepEqual(ids(answered(await other.reap())), ["stale 2"]);

    assert.deepEqual(await postponed(owner), ["stale 1"]);
  },
);

race(
  "S2 R25 a lock of the app holds one session off: the others are reaped, and it is tried again later",
  async (scene) => {
    await staleSessions(scene, 3);
    const [reaper, owner] = [await scene.operator(), await scene.owner()];
    const gate = await scene.gate("before insert on history", "stale 2");
    await scene.limitWaits();

    const reaped = ids(answered(await reaper.reap()));

    assert.deepEqual(reaped.sort(), ["stale 1", "stale 3"]);
    assert.deepEqual(await postponed(owner), ["stale 2"]);
    await gate.open();
  },
);

race(
  "S2 R24 sessions that cannot be moved do not hold up those that come later",
  async (scene) => {
    const stuck = await staleSessions(scene, 3);
    const [reaper, owner] = [await scene.operator(), await scene.owner()];
    for (const user of stuck.values()) await makeUnmovable(owner, user);
    assert.deepEqual(answered(await reaper.reap(3)), []);
    granted(await (await scene.tab()).start("later"));
    await scene.letExpire();
    answered(
      await owner.query(
        "update sessions.reap_failures set retry_at = now()",
      ),
    );

    assert.deepEqual(ids(answered(await reaper.reap(2))), ["later"]);

    const [{ failed }] = answered(
      await owner.query<{ failed: number }>(
        "select failed from sessions.reaper_runs order by id desc limit 1",
      ),
    );
    assert.equal(failed, 1);
    await scene.leaves({ history: { later: "expired" } });
  },
);

for (const ends of ["commits", "rolls back"] as const) {
  race(
    `S21 R23 the reaper comes while a deletion without triggers is under way, which ${ends}: skipped, and ${
      ends === "commits" ? "removed" : "reaped"
    } by the next run`,
    async (scene) => {
      const [a, reaper] = [await scene.tab(), await scene.operator()];
      const superuser = await scene.superuser();
      granted(await a.start("a"));
      await scene.letExpire();
      superuser.set("session_replication_role", "replica");
      await superuser.begin();
      answered(await superuser.query(deletion, scene.user));

      assert.deepEqual(answered(await reaper.reap().passes(superuser)), []);
      if (ends === "commits") await superuser.commit();
      else await superuser.rollback();
      const reaped = ids(answered(await reaper.reap()));

      const isRemoved = ends === "commits";
      assert.deepEqual(reaped, isRemoved ? [] : ["a"]);
      const runs = await (await scene.owner()).query(
        "select orphaned, failed from sessions.reaper_runs order by id",
      );
      assert.deepEqual(answered(runs), [
        { orphaned: 0, failed: 0 },
        { orphaned: isRemoved ? 1 : 0, failed: 0 },
      ]);
      await scene.leaves(isRemoved ? {} : { history: { a: "expired" } });
    },
  );
}

race(
  "S21 R25 two reapers at once and a session without a user: removed once, nobody waits",
  async (scene) => {
    const [a, superuser] = [await scene.tab(), await scene.superuser()];
    const [one, other] = [await scene.operator(), await scene.operator()];
    granted(await a.start("a"));
    await scene.letExpire();
    superuser.set("session_replication_role", "replica");
    answered(await superuser.query(deletion, scene.user));
    await one.begin();
    assert.deepEqual(answered(await one.reap()), []);
    assert.deepEqual(answered(await other.reap().passes(one)), []);
    await one.commit();

    const runs = await (await scene.owner()).query(
      "select orphaned from sessions.reaper_runs order by id",
    );
    assert.deepEqual(answered(runs), [{ orphaned: 1 }, { orphaned: 0 }]);
    await scene.leaves({});
  },
);

race(
  "R24 three days without a reaper: a session ended when its lease did",
  async (scene) => {
    const [a, b, reaper] = [...await scene.tabs(2), await scene.operator()];
    granted(await a.start("a"));
    const owner = await scene.owner();
    answered(
      await owner.query(`
      update public.active_interview_sessions
      set
        created_at = created_at - interval '3 days',
        updated_at = updated_at - interval '3 days',
        deadline_at = deadline_at - interval '3 days',
        expires_at = expires_at - interval '3 days'`),
    );
    const { expires_at } = (await scene.row())!;
    await reaper.begin();
    const reaped = granted(await reaper.reap());

    granted(await after(reaper, "commits", b.start("b")));

    assert.equal(reaped.ended_at, expires_at);
    await scene.leaves({ live: "b", history: { a: "expired" } });
  },
);

const deletion = "delete from auth.users where id = $1";

/** Leaves a row in the history with which the user's session collides. */
async function makeUnmovable(owner: Client, user: string) {
  answered(
    await owner.query(
      `insert into public.interview_session_history (
        user_id, session_id, fence, started_at, last_seen_at, ended_at,
        end_reason, status
      )
      select
        user_id, session_id, fence, created_at, updated_at, created_at,
        'cleared', 'active'
      from public.active_interview_sessions
      where user_id = $1`,
      user,
    ),
  );
}

/** The sessions that the reaper tries again later. */
async function postponed(owner: Client): Promise<string[]> {
  const rows = await owner.query<Ended>(
    `select a.session_id
    from public.active_interview_sessions a
    join sessions.reap_failures f on f.fence = a.fence
    where f.retry_at > now()
    order by a.session_id`,
  );
  return ids(answered(rows));
}

async function twoStaleSessions(
  scene: Scene,
  o: { afterOneThatCannotBeReaped?: boolean } = {},
) {
  const owner = await scene.owner();
  if (o.afterOneThatCannotBeReaped) {
    const stuck = await scene.newUser();
    granted(await (await scene.tab(stuck)).start("stuck"));
    await scene.letExpire(stuck);
    await makeUnmovable(owner, stuck);
  }
  const [first, second] = [scene.user, await scene.newUser()];
  granted(await (await scene.tab(first)).start("first"));
  await scene.letExpire(first);
  granted(await (await scene.tab(second)).start("second"));
  await scene.letExpire(second);
  return { reaper: await scene.operator(), owner, first, second };
}

/** Stale sessions, each of another user: the users by session id. */
async function staleSessions(
  scene: Scene,
  count: number,
): Promise<Map<string, string>> {
  const users = new Map<string, string>();
  for (let number = 1; number <= count; number++) {
    const user = await scene.newUser();
    granted(await (await scene.tab(user)).start(`stale ${number}`));
    await scene.letExpire(user);
    users.set(`stale ${number}`, user);
  }
  return users;
}

async function allReapedOnce(scene: Scene, users: Map<string, string>) {
  for (const [id, user] of users) {
    await scene.leaves({ history: { [id]: "expired" } }, user);
  }
}

function ids(rows: Ended[]): string[] {
  return rows.map(({ session_id }) => session_id);
}

async function gone(watcher: Client, pid: number) {
  const alive = () =>
    watcher.query("select from pg_stat_activity where pid = $1", pid);
  while (answered(await alive()).length > 0);
}
