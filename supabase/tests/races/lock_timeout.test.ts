// Nobody waits for ever: each function gives up a lock by itself, whatever the
// role allows, and the call may be sent again.
import assert from "node:assert/strict";
import {
  answered,
  type Call,
  type Client,
  granted,
  race,
  refused,
  type Scene,
} from "./harness.ts";

/** What may wait for the row of a live session "a". */
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

/** The role's own limits would end the wait, too. */
function letOnlyTheFunctionLimitTheWait(client: Client) {
  client.set("lock_timeout", "0");
  client.set("statement_timeout", "0");
}
