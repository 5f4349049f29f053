// The user is deleted, as the Auth server does it, while a call of theirs runs: no
// deadlock, and no client sees a foreign key error.
import assert from "node:assert/strict";
import {
  after,
  answered,
  type Call,
  type Client,
  granted,
  race,
  refused,
  replaceUser,
  type Scene,
} from "./harness.ts";

const interview = "i";
const deletion = "delete from auth.users where id = $1";

/** The calls of a client or about one. */
const calls: {
  name: string;
  send(client: Client, scene: Scene): Call<unknown>;
  operator?: true;
}[] = [
  { name: "start", send: (client) => client.start("b") },
  {
    name: "takeover",
    send: (client) => client.start("b", { takeover: true }),
  },
  { name: "heartbeat", send: (client) => client.heartbeat("a") },
  { name: "complete", send: (client) => client.complete("a") },
  { name: "end", send: (client) => client.end("a") },
  {
    name: "submission",
    send: (client) => client.end("a", "completed"),
  },
  {
    name: "revocation",
    send: (client, scene) => client.revoke(scene.user),
    operator: true,
  },
  {
    name: "extension",
    send: (client, scene) => client.extend(scene.user, interview, "1 hour"),
    operator: true,
  },
];

for (const { name, send, operator } of calls) {
  const clientIn = (scene: Scene) => operator ? scene.operator() : scene.tab();
  const assertGone = (answer: Awaited<Call<unknown>>) => {
    if (operator) assert.deepEqual(answered(answer), []);
    else refused(answer, "PT401");
  };

  race(
    `R23 the user is deleted first, then comes a ${name}: no such user`,
    async (scene) => {
      const [a, auth] = [await scene.tab(), await scene.auth()];
      const client = await clientIn(scene);
      granted(await a.start("a", { interview }));
      await auth.begin();
      answered(await auth.query(deletion, scene.user));

      assertGone(await after(auth, "commits", send(client, scene)));
      assertGone(await send(client, scene));

      await scene.leaves({});
    },
  );

  race(
    `R23 the deletion rolls back before a ${name}: as if it had never been`,
    async (scene) => {
      const [a, auth] = [await scene.tab(), await scene.auth()];
      const client = await clientIn(scene);
      granted(await a.start("a", { interview }));
      await auth.begin();
      answered(await auth.query(deletion, scene.user));

      const answer = await after(auth, "rolls back", send(client, scene));

      if (name === "start") refused(answer, "PT409");
      else granted(answer);
    },
  );

  if (name === "start") continue;

  for (const ends of ["commits", "rolls back"] as const) {
    race(
      `R23 a ${name} ${ends} before the deletion: it waits, and deletes all`,
      async (scene) => {
        const [a, auth] = [await scene.tab(), await scene.auth()];
        const client = await clientIn(scene);
        granted(await a.start("a", { interview }));
        await client.begin();
        granted(await send(client, scene));

        answered(await after(client, ends, auth.query(deletion, scene.user)));

        await scene.leaves({});
      },
    );
  }

  race(
    `R23 the user is locked and then deleted, with a ${name} in between: no deadlock`,
    async (scene) => {
      const [a, auth] = [await scene.tab(), await scene.auth()];
      const client = await clientIn(scene);
      granted(await a.start("a", { interview }));
      await auth.begin();
      await lockUser(auth, scene.user);
      const late = send(client, scene);
      if (["heartbeat", "complete"].includes(name)) {
        granted(await late.passes(auth));
      } else {
        await late.waitsFor(auth);
      }

      answered(await auth.query(deletion, scene.user));
      answered(await auth.commit());

      if (!["heartbeat", "complete"].includes(name)) assertGone(await late);
      await scene.leaves({});
    },
  );
}

race(
  "R23 the user is deleted, created again and starts while a revocation waits: the new session stays",
  async (scene) => {
    const [a, auth] = [await scene.tab(), await scene.superuser()];
    const operator = await scene.operator();
    granted(await a.start("a"));
    await replaceUser(auth, scene.user);
    granted(await auth.start("b"));

    const answer = await after(auth, "commits", operator.revoke(scene.user));

    assert.deepEqual(answered(answer), []);
    await scene.leaves({ live: "b" });
  },
);

race(
  "R23 the first start of a user waits for their deletion: no such user",
  async (scene) => {
    const [a, auth] = [await scene.tab(), await scene.auth()];
    await auth.begin();
    answered(await auth.query(deletion, scene.user));

    refused(await after(auth, "commits", a.start("a")), "PT401");

    await scene.leaves({});
  },
);

race(
  "S19 R23 the user is deleted, then comes an early end: no such user",
  async (scene) => {
    const [a, auth] = [await scene.tab(), await scene.auth()];
    await auth.begin();
    answered(await auth.query(deletion, scene.user));

    refused(await after(auth, "commits", a.end("a")), "PT401");
  },
);

race(
  "S19 R23 an early end before the deletion: it waits, and deletes all",
  async (scene) => {
    const [a, auth] = [await scene.tab(), await scene.auth()];
    await a.begin();
    assert.deepEqual(answered(await a.end("a")), []);

    answered(await after(a, "commits", auth.query(deletion, scene.user)));

    const rows = await (await scene.owner()).query(
      "select from sessions.early_ends",
    );
    assert.deepEqual(answered(rows), []);
  },
);

race(
  "R23 the user is deleted while the reaper holds their session: the deletion waits, and deletes all",
  async (scene) => {
    const [a, auth] = [await scene.tab(), await scene.auth()];
    const reaper = await scene.operator();
    granted(await a.start("a", { interview }));
    await scene.letExpire();
    await reaper.begin();
    granted(await reaper.reap());

    answered(await after(reaper, "commits", auth.query(deletion, scene.user)));

    await scene.leaves({});
  },
);

race(
  "R23 the reaper comes while the user is deleted: it skips them, and reaps the others",
  async (scene) => {
    const [a, auth] = [await scene.tab(), await scene.auth()];
    const reaper = await scene.operator();
    const other = await scene.newUser();
    granted(await a.start("a", { interview }));
    granted(await (await scene.tab(other)).start("other"));
    await scene.letExpire();
    await scene.letExpire(other);
    await auth.begin();
    answered(await auth.query(deletion, scene.user));

    const reaped = granted(await reaper.reap().passes(auth));

    assert.equal(reaped.session_id, "other");
    await auth.commit();
    await scene.leaves({});
    await scene.leaves({ history: { other: "expired" } }, other);
  },
);

race(
  "R23 the user is locked and then deleted, with the reaper in between: no deadlock",
  async (scene) => {
    const [a, auth] = [await scene.tab(), await scene.auth()];
    const reaper = await scene.operator();
    granted(await a.start("a", { interview }));
    await scene.letExpire();
    await auth.begin();
    await lockUser(auth, scene.user);
    await reaper.begin();
    assert.deepEqual(answered(await reaper.reap().passes(auth)), []);

    // The reaper has locked the session, but waits for no user.
    answered(
      await after(reaper, "commits", auth.query(deletion, scene.user)),
    );
    answered(await auth.commit());
    await scene.leaves({});
  },
);

/** As a transaction does that deletes more than the user. */
async function lockUser(auth: Client, user: string) {
  const rows = await auth.query(
    "select from auth.users where id = $1 for update",
    user,
  );
  assert.equal(answered(rows).length, 1);
}
