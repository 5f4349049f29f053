// Several calls in one transaction of the app's own: locks are taken in one order across
// them, so nobody deadlocks (S6).
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
  replaceUser,
  type Scene,
} from "./harness.ts";

const interview = "i";
const deletion = "delete from auth.users where id = $1";

/** What the app may call for the user whose live session is "a". */
const calls: { name: string; send(client: Client): Call<unknown> }[] = [
  { name: "heartbeat", send: (client) => client.heartbeat("a") },
  { name: "complete", send: (client) => client.complete("a") },
  { name: "end", send: (client) => client.end("a") },
  { name: "start", send: (client) => client.start("a", { interview }) },
  {
    name: "takeover",
    send: (client) => client.start("b", { interview, takeover: true }),
  },
];

for (const first of calls) {
  for (const second of calls) {
    const canFollow = !["end", "takeover"].includes(first.name) ||
      ["end", "takeover"].includes(second.name);
    if (!canFollow) continue;

    race(
      `S6 R23 ${first.name}, then ${second.name} in one transaction while the user is deleted: no deadlock`,
      async (scene) => {
        const [a, auth] = [await scene.tab(), await scene.auth()];
        granted(await a.start("a", { interview }));
        await a.beginInApp();
        granted(await first.send(a));
        const late = auth.query(deletion, scene.user);
        await late.waitsFor(a);

        granted(await second.send(a).passes(auth));

        answered(await a.commit());
        answered(await late);
        await scene.leaves({});
      },
    );
  }

  race(
    `S6 R23 the user is deleted before ${first.name} in a transaction of the app: no such user`,
    async (scene) => {
      const [a, auth] = [await scene.tab(), await scene.auth()];
      granted(await a.start("a", { interview }));
      await auth.begin();
      answered(await auth.query(deletion, scene.user));
      await a.beginInApp();

      refused(await after(auth, "commits", first.send(a)), "PT401");

      await a.rollback();
      await scene.leaves({});
    },
  );

  race(
    `S6 R23 the user is deleted, created again and starts while ${first.name} in a transaction of the app waits: no such user`,
    async (scene) => {
      const [a, auth] = [await scene.tab(), await scene.superuser()];
      granted(await a.start("a", { interview }));
      await replaceUser(auth, scene.user);
      granted(await auth.start("a", { interview }));
      await a.beginInApp();

      // The user that it waited for is gone, so it holds no lock of a user and must
      // not lock the session: a later call would deadlock with a takeover.
      refused(await after(auth, "commits", first.send(a)), "PT401");

      await a.rollback();
      await scene.leaves({ live: "a" });
    },
  );

  race(
    `S6 R23 a deletion rolls back before ${first.name} and another call in one transaction: both are answered`,
    async (scene) => {
      const [a, auth] = [await scene.tab(), await scene.auth()];
      granted(await a.start("a", { interview }));
      await auth.begin();
      answered(await auth.query(deletion, scene.user));
      await a.beginInApp();

      granted(await after(auth, "rolls back", first.send(a)));
      granted(await a.end("a"));

      answered(await a.commit());
      assert.equal((await scene.history())[0].session_id, "a");
    },
  );
}

/** What may meet a restart, which ends "a" and starts "b". */
const others: {
  name: string;
  operator?: true;
  send(client: Client, scene: Scene): Call<unknown>;
  /** Checks the answer after the restart. */
  afterwards(answer: Answer, scene: Scene): Promise<void>;
  /** Checks the restart after it: the answers of the end and of the start. Absent if
   * the call is refused while "a" is live. */
  before?(ended: Answer, started: Answer, scene: Scene): Promise<void>;
}[] = [
  {
    name: "a start",
    send: (client) => client.start("c"),
    async afterwards(answer, scene) {
      assert.equal(refused(answer, "PT409").session_id, "b");
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
  },
  {
    name: "a retry of its start",
    send: (client) => client.start("a", { interview }),
    async afterwards(answer, scene) {
      over(answer, "disconnected");
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
    async before(ended, started, scene) {
      granted(ended);
      granted(started);
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
  },
  {
    name: "a takeover",
    send: (client) => client.start("c", { takeover: true }),
    async afterwards(answer, scene) {
      granted(answer);
      await scene.leaves({
        live: "c",
        history: { a: "disconnected", b: "taken_over" },
      });
    },
    async before(ended, started, scene) {
      assert.equal(reasonOf(ended), "taken_over");
      assert.equal(refused(started, "PT409").session_id, "c");
      await scene.leaves({ live: "c", history: { a: "taken_over" } });
    },
  },
  {
    name: "a revocation",
    operator: true,
    send: (client, scene) => client.revoke(scene.user),
    async afterwards(answer, scene) {
      granted(answer);
      await scene.leaves({ history: { a: "disconnected", b: "revoked" } });
    },
    async before(ended, started, scene) {
      assert.equal(reasonOf(ended), "revoked");
      granted(started);
      await scene.leaves({ live: "b", history: { a: "revoked" } });
    },
  },
  {
    name: "an extension",
    operator: true,
    send: (client, scene) => client.extend(scene.user, interview, "1 hour"),
    async afterwards(answer, scene) {
      granted(answer);
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
    async before(ended, started, scene) {
      granted(ended);
      granted(started);
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
  },
  {
    name: "a heartbeat",
    send: (client) => client.heartbeat("a"),
    async afterwards(answer, scene) {
      over(answer, "disconnected");
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
    async before(ended, started, scene) {
      granted(ended);
      granted(started);
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
  },
  {
    name: "complete",
    send: (client) => client.complete("a"),
    async afterwards(answer, scene) {
      over(answer, "disconnected");
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
    async before(ended, started, scene) {
      assert.equal(reasonOf(ended), "completed");
      // Submitted: this interview cannot be started again.
      assert.equal(refused(started, "PT410").end_reason, "completed");
      await scene.leaves({ history: { a: "completed" } });
    },
  },
  {
    name: "an end",
    send: (client) => client.end("a", "cleared"),
    async afterwards(answer, scene) {
      assert.equal(reasonOf(answer), "disconnected");
      await scene.leaves({ live: "b", history: { a: "disconnected" } });
    },
    async before(ended, started, scene) {
      assert.equal(reasonOf(ended), "cleared");
      granted(started);
      await scene.leaves({ live: "b", history: { a: "cleared" } });
    },
  },
];

for (const { name, operator, send, afterwards, before } of others) {
  const clientIn = (scene: Scene) => operator ? scene.operator() : scene.tab();

  race(
    `S6 R17 ${name} comes in the middle of a restart: it waits, no deadlock`,
    async (scene) => {
      const [a, other] = [await scene.tab(), await clientIn(scene)];
      granted(await a.start("a", { interview }));
      await a.beginInApp();
      granted(await a.end("a"));
      const late = send(other, scene);
      await late.waitsFor(a);

      granted(await a.start("b", { interview }).passes(other));

      answered(await a.commit());
      await afterwards(await late, scene);
    },
  );

  if (!before) continue;

  race(
    `S6 R17 a restart comes while ${name} is under way: it waits, no deadlock`,
    async (scene) => {
      const [a, other] = [await scene.tab(), await clientIn(scene)];
      granted(await a.start("a", { interview }));
      await other.begin();
      granted(await send(other, scene));
      await a.beginInApp();

      const ended = await after(other, "commits", a.end("a"));
      const started = await a.start("b", { interview });

      if (started.refusal) {
        await a.rollback();
        // Nothing of the restart is left: the end was part of it.
        granted(await a.end("a"));
      } else answered(await a.commit());
      await before(ended, started, scene);
    },
  );
}

race("S6 R16 two restarts at once: no deadlock, one session", async (scene) => {
  const [a, b] = await scene.tabs(2);
  granted(await a.start("a", { interview }));
  await a.beginInApp();
  await b.beginInApp();
  granted(await a.end("a"));
  const late = b.end("a");
  await late.waitsFor(a);
  granted(await a.start("b", { interview }));

  assert.equal(reasonOf(await after(a, "commits", late)), "disconnected");
  assert.equal(
    refused(await b.start("c", { interview }), "PT409").session_id,
    "b",
  );

  await b.rollback();
  await scene.leaves({ live: "b", history: { a: "disconnected" } });
});

for (const { name, send } of calls.slice(0, 3)) {
  race(
    `S6 a start comes between ${name} and a restart in one transaction: no deadlock`,
    async (scene) => {
      const [a, other] = await scene.tabs(2);
      granted(await a.start("a", { interview }));
      await a.beginInApp();
      granted(await send(a));
      const late = other.start("c", { takeover: true });
      await late.waitsFor(a);

      granted(await a.end("a", "cleared").passes(other));
      granted(await a.start("b", { interview }).passes(other));

      answered(await a.commit());
      granted(await late);
      assert.equal((await scene.row())?.session_id, "c");
    },
  );
}

function reasonOf(answer: Answer): unknown {
  return granted(answer as Answer<{ end_reason: string }>).end_reason;
}
