// Many clients share a few connections to the server, transaction by transaction:
// calls work on any of them, and nothing of one client is left for the next.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { losses, newLedger, startLoad } from "../faults/load.ts";
import {
  type Active,
  asUser,
  type Call,
  codeOf,
  connected,
  connectTo,
  damages,
  type Ended,
  newUsers,
  report,
  tablesOf,
  testUnless,
  textOf,
  until,
} from "../faults/support.ts";
import { liftTimeouts } from "../timeouts.ts";
import { obstacle } from "./pgbouncer.ts";
import { pooledDatabase } from "./support.ts";

const poolSize = 3;
const database = pooledDatabase({ poolSize });

testUnless(
  obstacle,
  "R27, M8: users whose transactions alternate on few connections are never taken for one another, and each session goes on wherever it is served",
  async (t) => {
    const users = await beside((sql) => newUsers(sql, 16));
    const backendsOf = await Promise.all(users.map(async (user) => {
      const client = connectTo(database.through("authenticator"));
      const backends = new Set<number>();
      try {
        for (let round = 0; round < 5; round++) {
          await aWholeSession(client, user, backends);
        }
      } finally {
        await client.end();
      }
      return backends;
    }));
    // the witness: they did share, and did not stay where they were
    const all = backendsOf.flatMap((backends) => [...backends]);
    assert.equal(new Set(all).size, poolSize);
    assert(backendsOf.some((backends) => backends.size > 1));
    report({
      test: t.name,
      produced: `16 users at once on ${poolSize} connections of PgBouncer in ` +
        "transaction mode, five sessions each",
      times: users.length * 5,
      lost: "nothing",
    });
  },
);

testUnless(
  obstacle,
  "R27: no role, no claims, no setting and no lock of one client is left for the next on the same connection",
  async () => {
    const [user] = await beside((sql) => newUsers(sql, 1));
    const session = randomUUID();
    const first = connectTo(database.through("authenticator"));
    const next = connectTo(database.through("authenticator"));
    try {
      const untouched = await traces(next);
      assert.deepEqual(untouched, {
        role: "none",
        claims: "",
        synchronous_commit: "on",
        lock_timeout: "8s",
        advisory_locks: 0,
        path: "",
      });
      const calls: [call: Call, during: Partial<Traces>][] = [
        [start(session), { advisory_locks: 1 }],
        [
          { name: "heartbeat_session", session },
          { synchronous_commit: "off" },
        ],
        [{ name: "complete_session", session }, {}],
        [{ name: "end_session", session }, { advisory_locks: 1 }],
      ];
      for (const [call, during] of calls) {
        const backend = await asUser(first, user, async (transaction) => {
          await transaction`
            select set_config('request.path', ${`/rpc/${call.name}`}, true)`;
          await transaction.unsafe(textOf(call));
          // The call has these while its transaction lasts.
          const { claims, ...others } = await traces(transaction);
          assert.match(claims, new RegExp(user));
          assert.deepEqual(others, {
            role: "authenticated",
            synchronous_commit: "on",
            lock_timeout: "8s",
            advisory_locks: 0,
            path: `/rpc/${call.name}`,
            ...during,
          });
          return await backendOf(transaction);
        });
        await onBackend(next, backend, async (transaction) => {
          assert.deepEqual(await traces(transaction), untouched);
        });
      }
    } finally {
      await Promise.all([first.end(), next.end()]);
    }
  },
);

testUnless(
  obstacle,
  "R27: nothing is left of a call that was refused, either, nor of a client that goes away in mid-transaction",
  async () => {
    const [user] = await beside((sql) => newUsers(sql, 1));
    const next = connectTo(database.through("authenticator"));
    const first = connectTo(database.through("authenticator"));
    try {
      const untouched = await traces(next);
      const session = randomUUID();
      await asUser(first, user, (tx) => tx.unsafe(textOf(start(session))));
      let backend = 0;
      const refused = asUser(first, user, async (transaction) => {
        backend = await backendOf(transaction);
        await transaction.unsafe(textOf(start(randomUUID())));
      });
      assert.equal(await codeOf(refused), "PT409");
      await onBackend(next, backend, async (transaction) => {
        assert.deepEqual(await traces(transaction), untouched);
      });

      const leaving = connectTo(database.through("authenticator"));
      const left = codeOf(asUser(leaving, user, async (transaction) => {
        await transaction.unsafe(
          textOf({ name: "end_session", session }),
        );
        backend = await backendOf(transaction);
        await leaving.end({ timeout: 0 });
        await transaction`select`;
      }));
      assert.match(await left, /^CONNECTION_/);
      await until(
        "the connection it left is closed",
        () =>
          beside(async (sql) =>
            (await sql`select from pg_stat_activity where pid = ${backend}`)
              .length === 0
          ),
      );
      // what it had done in that transaction was not done
      const live = await beside(tablesOf);
      assert(live.active.has(session));
      assert.deepEqual(await traces(next), untouched);
    } finally {
      await Promise.all([first.end(), next.end()]);
    }
  },
);

testUnless(
  obstacle,
  "R27, R1: a start waits for another of the same user on another connection, and is answered by what becomes of that",
  async () => {
    for (const outcome of ["commits", "is undone"] as const) {
      const [user] = await beside((sql) => newUsers(sql, 1));
      const [first, second] = [randomUUID(), randomUUID()];
      const clients = [1, 2].map(() =>
        connectTo(database.through("authenticator"))
      );
      try {
        await beside(liftTimeouts);
        let answer: Promise<string> | undefined;
        const undone = codeOf(asUser(clients[0], user, async (transaction) => {
          await transaction.unsafe(textOf(start(first)));
          answer = codeOf(asUser(
            clients[1],
            user,
            (transaction) => transaction.unsafe(textOf(start(second))),
          ));
          await until(
            "the second waits",
            () =>
              beside(async (sql) =>
                (await sql`
                select from pg_stat_activity
                where datname = current_database()
                  and wait_event_type = 'Lock' and wait_event = 'advisory'`)
                  .length === 1
              ),
          );
          if (outcome === "is undone") throw { code: "changed its mind" };
        }));

        const isUndone = outcome === "is undone";
        assert.equal(await undone, isUndone ? "changed its mind" : "no error");
        assert.equal(await answer, isUndone ? "no error" : "PT409");
        const { active } = await beside(tablesOf);
        assert.equal(active.has(first), !isUndone);
        assert.equal(active.has(second), isUndone);
      } finally {
        await Promise.all(clients.map((client) => client.end()));
      }
    }
  },
);

testUnless(
  obstacle,
  "R27, B6, B7: under load through the pooler all that is acknowledged is there, and no session overlaps another",
  async (t) => {
    // the ledger must know of every session that there is
    await beside((sql) =>
      sql`truncate public.active_interview_sessions, public.interview_session_history, sessions.revocations`
    );
    const users = await beside((sql) => newUsers(sql, 8));
    const ledger = newLedger();
    const load = startLoad(database.through("authenticator"), users, ledger);
    await load.untilAnswered(30);
    await load.end();

    await beside(async (sql) => {
      const { lost, heartbeats } = losses(ledger, await tablesOf(sql));
      assert.deepEqual(lost, []);
      assert.equal(heartbeats, 0);
      assert.deepEqual(await damages(sql), []);
    });
    report({
      test: t.name,
      produced: `12 clients on ${poolSize} connections, starting, beating, ` +
        "completing, ending and taking over for 8 users, until each kind of " +
        "call was answered 30 times",
      times: 1,
      lost: "nothing",
    });
  },
);

/** Each call a transaction of its own, which looks around before and after. */
async function aWholeSession(
  client: postgres.Sql,
  user: string,
  backends: Set<number>,
) {
  const session = randomUUID();
  let fence: number | undefined;
  const asked = async (call: Call) =>
    await asUser(client, user, async (transaction) => {
      backends.add(await backendOf(transaction));
      const [{ answer }] = await transaction.unsafe<
        { answer: Active | Ended }[]
      >(textOf(call));
      assert.equal(answer.user_id, user);
      assert.equal(answer.session_id, session);
      fence ??= answer.fence;
      assert.equal(answer.fence, fence);
      assert.equal(await whoseSession(transaction), user);
      const seen = await transaction<{ user_id: string }[]>`
        select a.user_id from public.active_interview_sessions a
        union
        select h.user_id from public.interview_session_history h`;
      assert.deepEqual([...seen], [{ user_id: user }]);
      return answer;
    });
  await asked(start(session));
  await asked({ name: "heartbeat_session", session });
  const [{ holds }] = await asUser(
    client,
    user,
    (transaction) =>
      transaction<{ holds: boolean }[]>`
        select public.holds_session(${session}, ${fence!}) as holds`,
  );
  assert.equal(holds, true);
  const completing = await asked({ name: "complete_session", session });
  assert.equal(completing.status, "completing");
  const ended = await asked({ name: "end_session", session }) as Ended;
  assert.equal(ended.end_reason, "completed");
}

interface Traces {
  role: string;
  claims: string;
  path: string;
  synchronous_commit: string;
  lock_timeout: string;
  advisory_locks: number;
}

/** What a client might leave behind on a connection. */
async function traces(
  sql: postgres.Sql | postgres.TransactionSql,
): Promise<Traces> {
  const [found] = await sql<Traces[]>`
    select
      current_setting('role') as role,
      coalesce(current_setting('request.jwt.claims', true), '') as claims,
      coalesce(current_setting('request.path', true), '') as path,
      current_setting('synchronous_commit') as synchronous_commit,
      current_setting('lock_timeout') as lock_timeout,
      (
        select count(*)::integer
        from pg_locks l
        where l.pid = pg_backend_pid() and l.locktype = 'advisory'
      ) as advisory_locks`;
  return { ...found };
}

async function backendOf(transaction: postgres.TransactionSql) {
  const [{ pid }] = await transaction<{ pid: number }[]>`
    select pg_backend_pid() as pid`;
  return pid;
}

/** Has `work` done in a transaction on that very connection of the server's. */
async function onBackend(
  sql: postgres.Sql,
  backend: number,
  work: (transaction: postgres.TransactionSql) => Promise<void>,
) {
  let isDone = false;
  await until("the pooler gives that connection", async () => {
    await sql.begin(async (transaction) => {
      if (await backendOf(transaction) !== backend) return;
      await work(transaction);
      isDone = true;
    });
    return isDone;
  });
}

async function whoseSession(
  transaction: postgres.TransactionSql,
): Promise<string | undefined> {
  const [row] = await transaction<{ user_id: string }[]>`
    select auth.uid() as user_id`;
  return row.user_id;
}

function start(session: string): Call {
  return { name: "start_session", session, takeover: false };
}

async function beside<T>(
  work: (superuser: postgres.Sql) => Promise<T>,
): Promise<T> {
  return await connected(database.beside("supabase_admin"), work);
}
