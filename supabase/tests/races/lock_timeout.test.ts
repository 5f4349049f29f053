// No call waits for long: each lock is given up after a while, and all of them together
// are given up before the API ends the statement. The call can then be sent again.
import assert from "node:assert/strict";
import {
  answered,
  type Call,
  type Client,
  granted,
  lockRow,
  race,
  refused,
  type Scene,
} from "./harness.ts";
import { ceilingMs } from "../waiting.ts";

const interview = "i";

/** Calls that may wait for the row of a live session "a". */
const calls: ((client: Client, user: string) => Call<unknown>)[] = [
  (client) => client.start("a"),
  (client) => client.heartbeat("a"),
  (client) => client.complete("a"),
  (client) => client.end("a"),
];

race(
  "B6 each call gives up a lock that it cannot have, and may then be sent again",
  async (scene) => {
    await scene.limitWaits();
    const owner = await scene.owner();
    const revocation = (client: Client, user: string) => client.revoke(user);
    const waiting = [
      ...await Promise.all(calls.map((send) => withASession(scene, send))),
      await withASession(scene, revocation, await scene.operator()),
    ];
    const reaper = await scene.operator();
    letOnlyTheFunctionLimitTheWait(reaper);
    await owner.begin();
    answered(
      await owner.query(
        "select from public.active_interview_sessions for update",
      ),
    );
    answered(await owner.query("lock table sessions.reaper_runs"));

    const [reaped, ...answers] = await Promise.all([
      reaper.reap(),
      ...waiting.map(({ send }) => send()),
    ]);

    refused(reaped, "55P03");
    for (const answer of answers) refused(answer, "55P03");
    await owner.rollback();
    for (const { send } of waiting) granted(await send());
    assert.deepEqual(answered(await reaper.reap()), []);
  },
);

/** The four locks in their order, each with a client that takes it. */
const locks: Record<string, (scene: Scene, user: string) => Promise<Client>> = {
  async user(scene, user) {
    const auth = await scene.auth();
    await auth.begin();
    answered(
      await auth.query(
        "select from auth.users where id = $1 for update",
        user,
      ),
    );
    return auth;
  },
  async starts(scene, user) {
    const owner = await scene.owner();
    await owner.begin();
    answered(
      await owner.query(
        "select pg_advisory_xact_lock(hashtextextended('start_session ' || $1::uuid, 0))",
        user,
      ),
    );
    return owner;
  },
  async session(scene, user) {
    const owner = await scene.owner();
    await owner.begin();
    await lockRow(owner, user);
    return owner;
  },
  async interview(scene, user) {
    const owner = await scene.owner();
    await owner.begin();
    answered(
      await owner.query(
        "select from public.interviews where user_id = $1 for update",
        user,
      ),
    );
    return owner;
  },
};

/** Calls about a live session "a" of an interview, and the locks that each waits for. */
const waiting: {
  name: string;
  locks: string[];
  operator?: true;
  inApp?: true;
  send(client: Client, user: string): Call<unknown>;
}[] = [
  {
    name: "start_session",
    locks: ["user", "starts", "session", "interview"],
    send: (client) => client.start("b", { interview, takeover: true }),
  },
  {
    name: "end_session",
    locks: ["user", "starts", "session", "interview"],
    send: (client) => client.end("a", "completed"),
  },
  {
    name: "extend_interview",
    locks: ["user", "starts", "session", "interview"],
    operator: true,
    send: (client, user) => client.extend(user, interview, "1 hour"),
  },
  {
    name: "revoke_session",
    locks: ["user", "session"],
    operator: true,
    send: (client, user) => client.revoke(user),
  },
  {
    name: "heartbeat_session",
    locks: ["session"],
    send: (client) => client.heartbeat("a"),
  },
  {
    name: "complete_session",
    locks: ["session"],
    send: (client) => client.complete("a"),
  },
  {
    name: "heartbeat_session",
    locks: ["user", "starts", "session"],
    inApp: true,
    send: (client) => client.heartbeat("a"),
  },
  {
    name: "complete_session",
    locks: ["user", "starts", "session"],
    inApp: true,
    send: (client) => client.complete("a"),
  },
];

for (const { name, locks: wanted, operator, inApp, send } of waiting) {
  const where = inApp ? " in a transaction of the app" : "";

  race(
    `B6 S5 ${name}${where} waits for ${
      wanted.join(", ")
    }, in this order, and for less than the API allows`,
    async (scene) => {
      const tab = await scene.tab();
      granted(await tab.start("a", { interview }));
      const holders: Client[] = [];
      for (const lock of Object.keys(locks)) {
        if (wanted.includes(lock)) {
          holders.push(await locks[lock](scene, scene.user));
        }
      }
      const client = operator ? await scene.operator() : tab;
      if (inApp) await client.beginInApp();
      const call = send(client, scene.user);
      for (const holder of holders) {
        await call.waitsFor(holder);
        answered(await holder.commit());
      }

      granted(await call);

      if (inApp) answered(await client.commit());
      const { own, allowed } = await timeouts(scene, name);
      assert(own > 0 && holders.length * own < allowed);
    },
  );
}

race(
  "B6 S5 each lock is held for longer than a call waits: 55P03, nothing is changed, and the call may be sent again",
  async (scene) => {
    await scene.limitWaits();
    const attempts = waiting.flatMap((one) =>
      one.locks.map((lock) => ({ ...one, lock }))
    );
    // A few at a time: each has two connections, and others use the server, too.
    for (let i = 0; i < attempts.length; i += 7) {
      await giveUp(scene, attempts.slice(i, i + 7));
    }
  },
);

async function giveUp(
  scene: Scene,
  attempts: (typeof waiting[number] & { lock: string })[],
) {
  const ready = await Promise.all(
    attempts.map(async ({ lock, operator, inApp, send }) => {
      const user = await scene.newUser();
      const tab = await scene.tab(user);
      granted(await tab.start("a", { interview }));
      const client = operator ? await scene.operator() : tab;
      letOnlyTheFunctionLimitTheWait(client);
      return { lock, inApp, send, user, client };
    }),
  );
  const before = await everything(scene);
  const holders = await Promise.all(
    ready.map(({ lock, user }) => locks[lock](scene, user)),
  );

  await Promise.all(ready.map(async ({ inApp, send, user, client }) => {
    if (inApp) await client.beginInApp();
    refused(await send(client, user), "55P03");
    if (inApp) await client.rollback();
  }));

  for (const holder of holders) answered(await holder.commit());
  assert.deepEqual(await everything(scene), before);
  for (const { send, user, client } of ready) {
    granted(await send(client, user));
  }
}

race(
  "B6 S5 every lock is held for as long as a call may wait for one: it succeeds, or 55P03",
  async (scene) => {
    await scene.limitWaits();
    const tab = await scene.tab();
    granted(await tab.start("a", { interview }));
    const holders: Client[] = [];
    for (const lock of Object.values(locks)) {
      holders.push(await lock(scene, scene.user));
    }

    const call = tab.start("b", { interview, takeover: true });
    for (const holder of holders) {
      // On a slow machine the call gives up before the lock is released.
      await call.waitsFor(holder).catch(() => {});
      answered(await holder.commit());
    }

    const answer = await call;
    if (answer.refusal) refused(answer, "55P03");
    else assert.equal(granted(answer).session_id, "b");
  },
);

race(
  "B6 S5 every function that may wait for a lock limits the wait",
  async (scene) => {
    const functions = answered(
      await (await scene.owner()).query<{ name: string; limit: string }>(
        `select p.proname as name, split_part(c, '=', 1) as limit
        from pg_proc p
        left join unnest(p.proconfig) c on c ^@ 'lock_timeout='
        where p.pronamespace = 'sessions'::regnamespace
          and p.prosecdef
          and p.provolatile = 'v'`,
      ),
    );
    assert(functions.length >= 8);
    for (const { name, limit } of functions) {
      assert.equal(limit, "lock_timeout", name);
    }
  },
);

/** The wait for one lock that the function allows, and the time that the API allows for
 * a statement, in milliseconds. */
async function timeouts(scene: Scene, name: string) {
  await scene.limitWaits();
  const rows = await (await scene.owner()).query<
    { own: number; allowed: number }
  >(
    `select
      (
        select extract(epoch from split_part(c, '=', 2)::interval) * 1000
        from pg_proc p
        cross join unnest(p.proconfig) c
        where p.pronamespace = 'sessions'::regnamespace
          and p.proname = $1
          and c ^@ 'lock_timeout='
      )::integer as own,
      (
        select extract(epoch from split_part(c, '=', 2)::interval) * 1000
        from pg_roles r
        cross join unnest(r.rolconfig) c
        where r.rolname = 'authenticator' and c ^@ 'statement_timeout='
      )::integer as allowed`,
    name,
  );
  return answered(rows)[0];
}

/** All rows that a call may change. */
async function everything(scene: Scene) {
  const rows = await (await scene.owner()).query(
    `select to_jsonb(a) as row from public.active_interview_sessions a
    union all select to_jsonb(h) from public.interview_session_history h
    union all select to_jsonb(i) from public.interviews i
    union all select to_jsonb(e) from sessions.early_ends e
    order by 1`,
  );
  return answered(rows);
}

/** Another user with a live session "a", and one call about it. */
async function withASession(
  scene: Scene,
  send: (client: Client, user: string) => Call<unknown>,
  operator?: Client,
) {
  const user = await scene.newUser();
  const tab = await scene.tab(user);
  granted(await tab.start("a"));
  const client = operator ?? tab;
  letOnlyTheFunctionLimitTheWait(client);
  return { send: () => send(client, user) };
}

/** Lifts the limits of the role, which would end the wait, too. */
function letOnlyTheFunctionLimitTheWait(client: Client) {
  client.set("lock_timeout", "0");
  client.set("statement_timeout", `${ceilingMs}ms`);
}
