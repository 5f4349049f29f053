// The same under REPEATABLE READ and SERIALIZABLE, where a call may look at a
// snapshot that is older than its locks: it is answered rightly or with 40001,
// which a client may retry.
import assert from "node:assert/strict";
import {
  after,
  type Answer,
  answered,
  type Call,
  type Client,
  granted,
  over,
  race,
  refused,
  renewInTime,
} from "./harness.ts";

for (const isolation of ["repeatable read", "serializable"] as const) {
  const under = `under ${isolation.toUpperCase()}`;

  /** A transaction that begins, and so sees nothing of what `meanwhile` does. */
  const beginsBefore = async (
    client: Client,
    meanwhile: () => Promise<unknown>,
  ) => {
    await client.begin(isolation);
    await meanwhile();
  };
  const mustRetry = async (client: Client, answer: Promise<Answer>) => {
    refused(await answer, "40001");
    await client.rollback();
  };

  race(
    `R1 ${under} a start with nobody in its way: granted, without a trace in the history`,
    async (scene) => {
      const a = await scene.tab();
      await a.begin(isolation);
      granted(await a.start("a"));
      answered(await a.commit());

      await scene.leaves({ live: "a" });
    },
  );

  race(
    `R2 ${under} another has started since: 40001, and PT409 on the retry`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await beginsBefore(b, async () => granted(await a.start("a")));

      await mustRetry(b, b.start("b"));

      assert.equal(refused(await b.start("b"), "PT409").session_id, "a");
      await scene.leaves({ live: "a" });
    },
  );

  race(
    `R2 ${under} another starts while it waits: 40001, and PT409 on the retry`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await b.begin(isolation);
      await a.begin(isolation);
      granted(await a.start("a"));

      await mustRetry(b, after(a, "commits", b.start("b")));

      assert.equal(refused(await b.start("b"), "PT409").session_id, "a");
      await scene.leaves({ live: "a" });
    },
  );

  race(
    `R2 ${under} another's start rolls back while it waits: granted`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await b.begin(isolation);
      await a.begin(isolation);
      granted(await a.start("a"));

      granted(await after(a, "rolls back", b.start("b")));

      answered(await b.commit());
      await scene.leaves({ live: "b" });
    },
  );

  race(
    `R3 ${under} the same start has gone through since: 40001, and the same row on the retry`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await b.begin(isolation);
      const { fence } = granted(await a.start("a"));

      await mustRetry(b, b.start("a"));

      assert.equal(granted(await b.start("a")).fence, fence);
      await scene.leaves({ live: "a" });
    },
  );

  for (
    const { name, end, reason } of [
      {
        name: "has ended",
        end: async (a: Client) => granted(await a.end("a")),
        reason: "disconnected",
      },
      {
        name: "has been taken over and ended",
        end: async (a: Client) => {
          granted(await a.start("c", { takeover: true }));
          granted(await a.end("c"));
        },
        reason: "taken_over",
      },
    ]
  ) {
    race(
      `R3 ${under} the id ${name} since: 40001, and PT410 on the retry`,
      async (scene) => {
        const [a, b] = await scene.tabs(2);
        await beginsBefore(b, async () => {
          granted(await a.start("a"));
          await end(a);
        });

        await mustRetry(b, b.start("a"));

        over(await b.start("a"), reason);
        assert.equal(await scene.row(), undefined);
      },
    );
  }

  race(
    `R3 ${under} the id has expired and been reaped since: 40001, and PT410 on the retry`,
    async (scene) => {
      const [a, b, reaper] = [...await scene.tabs(2), await scene.operator()];
      await beginsBefore(b, async () => {
        granted(await a.start("a"));
        await scene.letExpire();
        granted(await reaper.reap());
      });

      await mustRetry(b, b.start("a", { takeover: true }));

      over(await b.start("a", { takeover: true }), "expired");
      await scene.leaves({ history: { a: "expired" } });
    },
  );

  race(`R3 ${under} the id had ended before: PT410`, async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    granted(await a.end("a"));
    await b.begin(isolation);

    over(await b.start("a"), "disconnected");

    await b.rollback();
    await scene.leaves({ history: { a: "disconnected" } });
  });

  race(
    `S19 ${under} the id has ended early since: 40001, and PT410 on the retry`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await beginsBefore(b, async () => {
        assert.deepEqual(answered(await a.end("a")), []);
      });

      await mustRetry(b, b.start("a"));

      over(await b.start("a"), "disconnected");
      await scene.leaves({});
    },
  );

  race(
    `S19 ${under} the end waits for its start: 40001, and it ends on the retry`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await b.begin(isolation);
      await a.begin();
      granted(await a.start("a"));

      await mustRetry(b, after(a, "commits", b.end("a")));

      granted(await b.end("a"));
      await scene.leaves({ history: { a: "disconnected" } });
    },
  );

  race(
    `S19 ${under} the start that the end waits for rolls back: never known`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      await b.begin(isolation);
      await a.begin();
      granted(await a.start("a"));

      const ended = await after(a, "rolls back", b.end("a"));

      assert.deepEqual(answered(ended), []);
      answered(await b.commit());
      over(await a.start("a"), "disconnected");
    },
  );

  race(
    `S19 ${under} another id has ended early before: granted`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      assert.deepEqual(answered(await a.end("a")), []);
      await b.begin(isolation);

      granted(await b.start("b"));

      answered(await b.commit());
      over(await a.start("a"), "disconnected");
      await scene.leaves({ live: "b" });
    },
  );

  race(
    `R3 ${under} the session has started since: 40001 for a heartbeat and a complete, and renewed on the retry`,
    async (scene) => {
      const [a, b, c] = await scene.tabs(3);
      await c.begin(isolation);
      await beginsBefore(b, async () => granted(await a.start("a")));

      await mustRetry(b, b.heartbeat("a"));
      await mustRetry(c, c.complete("a"));

      granted(await b.heartbeat("a"));
      await scene.leaves({ live: "a" });
    },
  );

  race(
    `R13 ${under} the session has started since: 40001 for a revocation, and revoked on the retry`,
    async (scene) => {
      const [a, operator] = [await scene.tab(), await scene.operator()];
      await beginsBefore(operator, async () => granted(await a.start("a")));

      await mustRetry(operator, operator.revoke(scene.user));

      granted(await operator.revoke(scene.user));
      await scene.leaves({ history: { a: "revoked" } });
    },
  );

  race(
    `C1 ${under} the interview has started since: 40001 for an extension, and extended on the retry`,
    async (scene) => {
      const [a, operator] = [await scene.tab(), await scene.operator()];
      const interview = "i";
      await beginsBefore(operator, async () => {
        granted(await a.start("a", { interview }));
        granted(await a.end("a"));
      });

      await mustRetry(operator, operator.extend(scene.user, "i", "1 hour"));

      granted(await operator.extend(scene.user, "i", "1 hour"));
      await scene.leaves({ history: { a: "disconnected" } });
    },
  );

  race(
    `R13 ${under} there is no session and no interview: no row, and nothing is left behind`,
    async (scene) => {
      const operator = await scene.operator();
      await operator.begin(isolation);

      assert.deepEqual(answered(await operator.revoke(scene.user)), []);
      assert.deepEqual(
        answered(await operator.extend(scene.user, "i", "1 hour")),
        [],
      );

      answered(await operator.commit());
      assert.equal(await scene.interview("-"), undefined);
      await scene.leaves({});
    },
  );

  race(
    `C1 ${under} another has started the interview since and left: 40001, and one clock on the retry`,
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      const interview = "i";
      let deadline: string | undefined;
      await beginsBefore(b, async () => {
        deadline = granted(await a.start("a", { interview })).deadline_at;
        granted(await a.end("a"));
      });

      await mustRetry(b, b.start("b", { interview }));

      const retried = granted(await b.start("b", { interview }));
      assert.equal(retried.deadline_at, deadline);
      assert.equal(retried.previous_session_id, "a");
    },
  );

  for (
    const { name, change } of [
      {
        name: "submitted",
        change: async (a: Client) => granted(await a.end("a", "completed")),
      },
      {
        name: "extended",
        change: async (_: Client, operator: Client, user: string) =>
          granted(await operator.extend(user, "i", "1 hour")),
      },
    ]
  ) {
    race(
      `C1 ${under} the interview has been ${name} since: 40001 for a start and an extension`,
      async (scene) => {
        const [a, b] = await scene.tabs(2);
        const [one, other] = [await scene.operator(), await scene.operator()];
        granted(await a.start("a", { interview: "i" }));
        await one.begin(isolation);
        await b.begin(isolation);
        await change(a, other, scene.user);

        await mustRetry(b, b.start("b", { interview: "i", takeover: true }));
        await mustRetry(one, one.extend(scene.user, "i", "1 hour"));
      },
    );
  }

  race(`R3 ${under} another id has ended since: granted`, async (scene) => {
    const [a, b] = await scene.tabs(2);
    await beginsBefore(b, async () => {
      granted(await a.start("a"));
      granted(await a.end("a"));
    });

    granted(await b.start("b"));

    answered(await b.commit());
    await scene.leaves({ live: "b", history: { a: "disconnected" } });
  });

  for (
    const { name, change } of [
      {
        name: "been renewed",
        change: async (a: Client) => granted(await a.heartbeat("a")),
      },
      {
        name: "been completed",
        change: async (a: Client) => granted(await a.complete("a")),
      },
      {
        name: "ended",
        change: async (a: Client) => granted(await a.end("a")),
      },
      {
        name: "been taken over",
        change: async (a: Client) =>
          granted(await a.start("c", { takeover: true })),
      },
    ]
  ) {
    race(
      `R2 ${under} the session has ${name} since: 40001 for every call about it`,
      async (scene) => {
        const [a, ...others] = await scene.tabs(7);
        const operator = await scene.operator();
        granted(await a.start("a"));
        for (const client of [...others, operator]) {
          await client.begin(isolation);
        }
        await change(a);
        const before = await scene.row();

        const calls: [Client, Call][] = [
          [others[0], others[0].start("a")],
          [others[1], others[1].start("b")],
          [others[2], others[2].start("b", { takeover: true })],
          [others[3], others[3].heartbeat("a")],
          [others[4], others[4].complete("a")],
          [others[5], others[5].end("a")],
          [operator, operator.revoke(scene.user)],
        ];
        for (const [client, call] of calls) await mustRetry(client, call);

        assert.deepEqual(await scene.row(), before);
      },
    );
  }

  race(
    `R25 ${under} another reaper has been by since: 40001, and nothing twice`,
    async (scene) => {
      const a = await scene.tab();
      const [one, other] = [await scene.operator(), await scene.operator()];
      granted(await a.start("a"));
      await scene.letExpire();
      await beginsBefore(one, async () => granted(await other.reap()));

      await mustRetry(one, one.reap());

      assert.deepEqual(answered(await one.reap()), []);
      await scene.leaves({ history: { a: "expired" } });
    },
  );

  race(
    `R6 ${under} a heartbeat has renewed since what the reaper sees as stale: 40001, and it lives`,
    async (scene) => {
      const [a, reaper] = [await scene.tab(), await scene.operator()];
      const owner = await scene.owner();
      granted(await a.start("a"));
      await scene.letExpire();
      await beginsBefore(reaper, () => renewInTime(owner, scene.user));

      await mustRetry(reaper, reaper.reap());

      assert.deepEqual(answered(await reaper.reap()), []);
      await scene.leaves({ live: "a" });
    },
  );

  race(
    `R23 ${under} the user has been deleted since: 40001, and PT401 on the retry`,
    async (scene) => {
      const [a, b, c] = await scene.tabs(3);
      const [auth, operator] = [await scene.auth(), await scene.operator()];
      granted(await a.start("a"));
      for (const client of [a, b, c, operator]) await client.begin(isolation);
      answered(
        await auth.query("delete from auth.users where id = $1", scene.user),
      );

      await mustRetry(a, a.heartbeat("a"));
      await mustRetry(b, b.start("b"));
      await mustRetry(c, c.end("a"));
      await mustRetry(operator, operator.revoke(scene.user));

      refused(await a.heartbeat("a"), "PT401");
      refused(await b.start("b"), "PT401");
      refused(await c.end("a"), "PT401");
      assert.deepEqual(answered(await operator.revoke(scene.user)), []);
      await scene.leaves({});
    },
  );

  race(
    `R1 ${under} twenty tabs start at once, and retry what may be retried: one has the session`,
    async (scene) => {
      const tabs = await scene.tabs(20);
      const answers = await Promise.all(tabs.map(async (tab, number) => {
        for (;;) {
          await tab.begin(isolation);
          const answer = await tab.start(`tab ${number}`);
          if (answer.rows) {
            const committed = await tab.commit();
            if (committed.rows) return answer;
            refused(committed, "40001");
          } else {
            await tab.rollback();
            if (answer.refusal.code !== "40001") return answer;
          }
        }
      }));

      const winner = granted(answers.find(({ rows }) => rows)!);
      for (const answer of answers.filter(({ refusal }) => refusal)) {
        assert.equal(refused(answer, "PT409").session_id, winner.session_id);
      }
      assert.equal(answers.filter(({ rows }) => rows).length, 1);
      await scene.leaves({ live: winner.session_id });
    },
  );
}
