// Calls enter through any node, whichever has the rows of the user.
import assert from "node:assert/strict";
import { until } from "../waiting.ts";
import { clusterOfThisFile, granted, type Node, refused } from "./support.ts";

const cluster = clusterOfThisFile();

Deno.test("C6 M1 M4 M6 each call of a story enters through another node", async () => {
  for (const user of await cluster.usersOnEachWorker()) {
    for (const first of [0, 1, 2]) {
      const [a, b, c] = [0, 1, 2].map((at) => cluster.nodes[(first + at) % 3]);
      const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
      const start = "select * from start_session($1, $2)";

      const session = granted(await a.call(user, start, [one, false]));
      granted(await b.call(user, "select * from heartbeat_session($1)", [one]));
      refused(await c.call(user, start, [two, false]), "PT409");
      const next = granted(await c.call(user, start, [two, true]));
      assert.equal(next.previous_session_id, one);
      assert(BigInt(String(next.fence)) > BigInt(String(session.fence)));
      refused(
        await a.call(user, "select * from heartbeat_session($1)", [one]),
        "PT410",
      );
      const [{ holds_session }] = await b.call(
        user,
        "select holds_session($1, $2)",
        [two, next.fence],
      );
      assert.equal(holds_session, true);
      granted(await b.call(user, "select * from complete_session($1)", [two]));
      const ended = granted(
        await a.call(user, "select * from end_session($1)", [two]),
      );
      assert.equal(ended.end_reason, "completed");
      assert.deepEqual(
        await c.call(user, "select * from end_session($1)", [
          two,
        ]),
        [ended],
      );
    }
  }
  assert.deepEqual([
    ...await cluster.superuser`select * from sessions.overlapping_sessions()`,
  ], []);
});

Deno.test("C6 R1 two starts through two nodes: the second waits, and is refused", async () => {
  const [coordinator, one, two] = cluster.nodes;
  for (const [a, b] of [[one, two], [two, one], [one, coordinator]]) {
    const user = await cluster.newUser();
    const first = await a.begin(user, "select * from start_session('a')");
    const second = b.call(user, "select * from start_session('b')");
    await until("the second waits", async () => {
      const waits = await cluster.superuser`
        select from citus_internal.global_blocked_processes()`;
      return waits.length > 0;
    });
    await first`commit`;
    first.release();

    refused(await second, "PT409");
  }
});

Deno.test("C6 B6 a lock that is held on a worker is given up after a while, through each node", async () => {
  const user = await cluster.newUser();
  const [coordinator] = cluster.nodes;
  granted(await coordinator.call(user, "select * from start_session('a')"));
  const holder = await coordinator.begin(
    user,
    "select * from end_session('unknown')",
  );
  try {
    const calls = cluster.nodes.map((node) =>
      node.call(user, "select * from start_session('b')")
    );
    for (const answer of await Promise.all(calls)) refused(answer, "55P03");
  } finally {
    await holder`rollback`;
    holder.release();
  }
});

Deno.test("C6 a user reads their own rows through each node, and only with the claims passed on", async () => {
  const user = await cluster.newUser();
  const other = await cluster.newUser();
  for (const someone of [user, other]) {
    granted(
      await cluster.nodes[0].call(
        someone,
        "select * from start_session($1, interview_id => 'i')",
        [`of ${someone}`],
      ),
    );
  }
  const tables = [
    "public.active_interview_sessions",
    "public.interviews",
  ];
  for (const node of cluster.nodes) {
    for (const table of tables) {
      const query = `select user_id from ${table}`;
      assert.deepEqual(await node.read(user, query), [{ user_id: user }]);
      refused(await node.call(user, query), "55000");
    }
  }
});

Deno.test("C6 on each node the API roles have the grants of the contract and no more", async () => {
  const functionsOf = async ({ superuser }: Node) => {
    const rows = await superuser`
      select p.oid::regprocedure::text as signature, r.rolname
      from pg_proc p
      cross join pg_roles r
      where p.pronamespace in ('sessions'::regnamespace, 'public'::regnamespace)
        and r.rolname in ('anon', 'authenticated', 'service_role')
        and has_function_privilege(r.oid, p.oid, 'execute')
        -- of extensions, and of Citus
        and not exists (
          select from pg_depend d where d.objid = p.oid and d.deptype = 'e'
        )`;
    return rows.map(({ signature, rolname }) => `${rolname}: ${signature}`)
      .sort();
  };
  const [coordinator, ...workers] = cluster.nodes;
  const expected = await functionsOf(coordinator);
  assert(expected.length > 20);

  for (const node of cluster.nodes) {
    const [{ unexpected_grants }] = await node.superuser`
      select sessions.unexpected_grants()`;
    assert.equal(unexpected_grants, null, node.name);
  }
  for (const worker of workers) {
    assert.deepEqual(await functionsOf(worker), expected, worker.name);
  }
});
