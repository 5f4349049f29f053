// One statement of an operator about thousands of users: it takes a bounded number of
// entries in the server's lock table, and others go on meanwhile (S8).
import assert from "node:assert/strict";
import {
  after,
  answered,
  type Client,
  granted,
  over,
  race,
  refused,
  type Scene,
} from "./harness.ts";

const revokeAll = `
  select count(*)::integer as count
  from public.active_interview_sessions a
  cross join lateral public.revoke_session(a.user_id, 'maintenance') r`;

const extendAll = `
  select count(*)::integer as count
  from public.interviews i
  cross join lateral public.extend_interview(i.user_id, i.interview_id, '1 hour') r`;

race(
  "S8 3000 sessions are revoked in one statement: few lock table entries, others start meanwhile",
  async (scene) => {
    await manySessions(scene, 3000);
    const [a, operator] = [await scene.tab(), await scene.operator()];
    await operator.begin();
    assert.equal(await countOf(operator, revokeAll), 3000);

    const watcher = await scene.superuser();
    assert(await lockTableEntries(watcher, operator) < 100);
    granted(await a.start("a").passes(operator));

    answered(await operator.commit());
    assert.equal(await countOf(watcher, countReason("revoked")), 3000);
    await scene.leaves({ live: "a" });
  },
);

race(
  "S8 many are revoked while one of them takes over: the new session is revoked, too",
  async (scene) => {
    await manySessions(scene, 100);
    const [a, b] = await scene.tabs(2);
    const operator = await scene.operator();
    granted(await a.start("a"));
    await b.begin();
    granted(await b.start("b", { takeover: true }));

    const late = operator.query<{ count: number }>(revokeAll);
    const [{ count }] = answered(await after(b, "commits", late));

    assert.equal(count, 101);
    over(await b.heartbeat("b"), "revoked");
    await scene.leaves({ history: { a: "taken_over", b: "revoked" } });
  },
);

race(
  "S8 a heartbeat comes while many are revoked: it waits, and is told",
  async (scene) => {
    await manySessions(scene, 100);
    const [a, operator] = [await scene.tab(), await scene.operator()];
    granted(await a.start("a"));
    await operator.begin();
    assert.equal(await countOf(operator, revokeAll), 101);

    over(await after(operator, "commits", a.heartbeat("a")), "revoked");

    await scene.leaves({ history: { a: "revoked" } });
  },
);

race(
  "S8 500 interviews are extended in one transaction: others start meanwhile",
  async (scene) => {
    await manySessions(scene, 500);
    const [a, operator] = [await scene.tab(), await scene.operator()];
    await operator.begin();
    assert.equal(await countOf(operator, extendAll), 500);

    const watcher = await scene.superuser();
    assert(await lockTableEntries(watcher, operator) < 600);
    granted(await a.start("a").passes(operator));

    answered(await operator.commit());
    await scene.leaves({ live: "a" });
  },
);

race(
  "S8 more than 500 interviews in one transaction: refused, and none is extended",
  async (scene) => {
    await manySessions(scene, 501);
    const operator = await scene.operator();

    refused(await operator.query(extendAll), "54000");

    const extended = await countOf(
      await scene.superuser(),
      "select count(*)::integer as count from sessions.extensions",
    );
    assert.equal(extended, 0);
    await scene.leaves({});
  },
);

/** Users who each have a live session of an interview. */
async function manySessions(scene: Scene, count: number) {
  const superuser = await scene.superuser();
  answered(
    await superuser.query(
      `with u as (
        insert into auth.users (id)
        select gen_random_uuid() from generate_series(1, $1::integer)
        returning id
      ),
      i as (
        insert into public.interviews
          (user_id, interview_id, started_at, deadline_at, last_session_id)
        select u.id, 'many', now(), now() + interval '15 minutes', 'many'
        from u
      )
      insert into public.active_interview_sessions
        (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at, interview_id)
      select
        u.id, 'many', nextval('sessions.fence'), now(), now(),
        now() + interval '15 minutes', now() + interval '5 minutes', 'many'
      from u`,
      count,
    ),
  );
}

async function countOf(client: Client, query: string): Promise<number> {
  return answered(await client.query<{ count: number }>(query))[0].count;
}

function countReason(reason: string): string {
  return `
    select count(*)::integer as count
    from public.interview_session_history
    where end_reason = '${reason}'`;
}

/** How many entries of the lock table a client has. Row locks are in the rows. */
async function lockTableEntries(watcher: Client, { pid }: Client) {
  const rows = await watcher.query<{ count: number }>(
    "select count(*)::integer as count from pg_locks where pid = $1",
    pid,
  );
  return answered(rows)[0].count;
}
