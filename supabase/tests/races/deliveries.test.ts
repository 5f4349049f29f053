// An endpoint changes while a session ends: no end fails, and none waits for ever.
import assert from "node:assert/strict";
import { after, answered, granted, race, type Scene } from "./harness.ts";

const add = `
  insert into sessions.endpoints (name, url)
  values ('meter', 'https://a.example.com/'), ('rooms', 'https://b.example.com/')`;

/** Runs with two endpoints, and leaves none. */
function raceWithEndpoints(
  name: string,
  work: (scene: Scene) => Promise<void>,
) {
  race(name, async (scene) => {
    const superuser = await scene.superuser();
    answered(await superuser.query(add));
    try {
      await work(scene);
    } finally {
      answered(await superuser.query("delete from sessions.endpoints"));
    }
  });
}

async function recordedFor(scene: Scene): Promise<string[]> {
  const rows = answered(
    await (await scene.superuser()).query<{ endpoint: string }>(
      "select endpoint from sessions.deliveries order by endpoint",
    ),
  );
  return rows.map(({ endpoint }) => endpoint);
}

for (
  const { which, statement, left } of [
    {
      which: "one endpoint",
      statement: "delete from sessions.endpoints where name = 'meter'",
      left: ["rooms"],
    },
    {
      which: "the last endpoint",
      statement: "delete from sessions.endpoints where true",
      left: [],
    },
  ]
) {
  raceWithEndpoints(
    `C3 ${which} is deleted, then a session ends: it ends, and is recorded for those that are left`,
    async (scene) => {
      const [tab, owner] = [await scene.tab(), await scene.owner()];
      granted(await tab.start("a"));
      await owner.begin();
      answered(await owner.query(statement));

      answered(await after(owner, "commits", tab.end("a")));

      assert.deepEqual(await recordedFor(scene), left);
      await scene.leaves({ history: { a: "disconnected" } });
    },
  );

  raceWithEndpoints(
    `C3 a session ends, then ${which} is deleted: no deadlock`,
    async (scene) => {
      const [tab, owner] = [await scene.tab(), await scene.owner()];
      granted(await tab.start("a"));
      await tab.begin();
      answered(await tab.end("a"));

      answered(await after(tab, "commits", owner.query(statement)));

      assert.deepEqual(await recordedFor(scene), left);
      await scene.leaves({ history: { a: "disconnected" } });
    },
  );
}

raceWithEndpoints(
  "C3 an endpoint is renamed, then a session ends: it is recorded under the new name",
  async (scene) => {
    const [tab, owner] = [await scene.tab(), await scene.owner()];
    granted(await tab.start("a"));
    await owner.begin();
    answered(
      await owner.query(
        "update sessions.endpoints set name = 'timer' where name = 'meter'",
      ),
    );

    answered(await after(owner, "commits", tab.end("a")));

    assert.deepEqual(await recordedFor(scene), ["rooms", "timer"]);
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

raceWithEndpoints(
  "C3 an end does not wait for results that are being recorded",
  async (scene) => {
    const [tab, operator] = [await scene.tab(), await scene.operator()];
    const other = await scene.tab(await scene.newUser());
    granted(await other.start("b"));
    answered(await other.end("b"));
    granted(await tab.start("a"));
    await operator.begin();
    answered(
      await operator.query(`
        select public.settle_deliveries(
          (
            select jsonb_agg(jsonb_build_object('id', c.id, 'attempt', c.attempt, 'outcome', 'gone', 'error', '410'))
            from public.claim_deliveries() c
          )
        )`),
    );

    answered(await tab.end("a").passes(operator));

    await operator.commit();
    await scene.leaves({ history: { a: "disconnected" } });
  },
);
