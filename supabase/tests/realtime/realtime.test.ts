// `interview-sessions/realtime` with supabase-js, the real API and the real SQL: only
// Realtime's server is a small one of the tests. No session here sends a heartbeat
// unless something asks for it.
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { hearNotification } from "../../../client/realtime.ts";
import type { InterviewSession } from "../../../client/interview_session.ts";
import type { SessionOptions } from "../../../client/interview_session.ts";
import {
  keys,
  projectOfThisFile,
  type User,
} from "../../../scripts/test/api_fixture.ts";
import { createSession } from "../client/world.ts";
import { until } from "../waiting.ts";
import { addRealtime, type Realtime, startRealtime } from "./server.ts";

const project = projectOfThisFile();
let realtime: Realtime;

Deno.test.beforeAll(async () => {
  await addRealtime(project);
  realtime = await startRealtime(project);
});
Deno.test.afterAll(() => realtime.stop());

/** Longer than any test. */
const never = 86_400;

interface Scene {
  user: User;
  supabase: ReturnType<typeof clientOf>;
  /** A session of the user on this device, which hears. */
  session(o?: SessionOptions): InterviewSession;
  /** Starts a session on another device. */
  takeOver(): Promise<void>;
}

function clientOf({ token }: User, url: string) {
  return createClient(url, keys.publishable, {
    accessToken: () => Promise.resolve(token),
    realtime: { heartbeatIntervalMs: 50 },
  });
}

function story(
  name: string,
  work: (scene: Scene) => Promise<void>,
  url = () => realtime.url,
) {
  Deno.test(name, async () => {
    const [user] = await project.newUsers(1);
    const supabase = clientOf(user, url());
    const undo: (() => void)[] = [];
    try {
      await work({
        user,
        supabase,
        session(o) {
          const session = createSession(supabase, {
            heartbeatEvery: never,
            ...o,
          });
          const stop = hearNotification(supabase, session);
          undo.push(stop, session.dispose);
          return session;
        },
        async takeOver() {
          const { error } = await user.client.rpc("start_session", {
            session_id: crypto.randomUUID(),
            takeover: true,
          });
          assert.equal(error, null);
        },
      });
    } finally {
      for (const one of undo) one();
      await supabase.removeAllChannels();
      realtime.mend();
      await until("nobody is connected", () => realtime.joined().length === 0);
    }
  });
}

/** It listens, and the heartbeat that follows has been answered. */
async function hears(user: User) {
  const before = heartbeats();
  await until(
    "it has joined",
    () => realtime.joined().includes(`realtime:sessions:${user.id}`),
  );
  await until("it has asked once", () => heartbeats() > before);
}

const heartbeats = () =>
  realtime.calls.filter((path) => path.endsWith("heartbeat_session")).length;

const isOver = (session: InterviewSession, reason: string) =>
  until(`over: ${reason}`, () => {
    const state = session.state();
    return state.name === "over" && state.reason === reason;
  });

story(
  "C4 a device learns at once that another one has taken over",
  async ({ session, user, takeOver }) => {
    const mine = session();
    const hearing = hears(user);
    await mine.start();
    await hearing;

    await takeOver();

    await isOver(mine, "taken_over");
    await until("it has left", () => realtime.joined().length === 0);
  },
);

story(
  "C4 a device learns at once that an operator has revoked its session, also after many heartbeats of the connection",
  async ({ session, user }) => {
    const mine = session();
    const hearing = hears(user);
    await mine.start();
    await hearing;
    const before = realtime.heartbeats();
    await until("heartbeats", () => realtime.heartbeats() > before + 3);

    await project.service.rpc("revoke_session", { user_id: user.id });

    await isOver(mine, "revoked");
  },
);

story(
  "C1 C4 a device learns at once that its interview was extended, and goes on",
  async ({ session, user }) => {
    const mine = session({ interviewId: "one" });
    const extended = Promise.withResolvers<string>();
    mine.on("extended", ({ deadlineAt }) => extended.resolve(deadlineAt));
    const hearing = hears(user);
    await mine.start();
    await hearing;

    const { data } = await project.service.rpc("extend_interview", {
      user_id: user.id,
      interview_id: "one",
      by: "10 minutes",
    });

    assert.equal(
      Date.parse(await extended.promise),
      Date.parse(data![0].deadline_at),
    );
    assert.equal(mine.state().name, "live");
  },
);

story(
  "C4 a message of another user reaches nobody else",
  async ({ session, user, takeOver }) => {
    const mine = session();
    const hearing = hears(user);
    await mine.start();
    await hearing;
    const [other] = await project.newUsers(1);
    const topic = `sessions:${user.id}`;
    const theirs = clientOf(other, realtime.url);
    const refusal = Promise.withResolvers<string>();
    const heard: unknown[] = [];
    const before = realtime.refused();
    theirs.channel(topic, { config: { private: true } })
      .on("broadcast", { event: "*" }, (message) => heard.push(message))
      .subscribe((status) => refusal.resolve(status));

    assert.equal(await refusal.promise, "CHANNEL_ERROR");
    await takeOver();
    await isOver(mine, "taken_over");

    assert(realtime.refused() > before);
    assert.deepEqual(heard, []);
    await theirs.removeAllChannels();
  },
);

story(
  "C4 a connection that drops is made again, and what was sent meanwhile is learnt then",
  async ({ session, user, takeOver }) => {
    const mine = session();
    const hearing = hears(user);
    await mine.start();
    await hearing;
    realtime.cut();
    await until("it is cut off", () => realtime.joined().length === 0);
    await takeOver();
    assert.equal(mine.state().name, "live", "it cannot know yet");

    realtime.mend();

    await isOver(mine, "taken_over");
  },
);

story(
  "C4 a join that is refused is silent: the session goes on, and learns by its heartbeat",
  async ({ session, takeOver }) => {
    await project.sql.unsafe(
      `drop policy "a user hears of their own interview sessions" on realtime.messages`,
    );
    try {
      const troubles: unknown[] = [];
      const before = realtime.refused();
      const mine = session();
      mine.on("trouble", (trouble) => troubles.push(trouble));
      await mine.start();
      await until("a refusal", () => realtime.refused() > before);
      await takeOver();
      assert.equal(mine.state().name, "live");

      mine.check();

      await isOver(mine, "taken_over");
      assert.deepEqual(troubles, []);
    } finally {
      await project.sql`select sessions.allow_notification()`;
    }
  },
);

story(
  "C4 after it is over, another start listens again",
  async ({ session, user, takeOver }) => {
    const mine = session();
    for (const _ of [1, 2]) {
      const hearing = hears(user);
      await mine.start({ takeover: true });
      await hearing;
      await takeOver();
      await isOver(mine, "taken_over");
      await until("it has left", () => realtime.joined().length === 0);
    }
  },
);

story(
  "C4 two sessions of one client share the channel: the second hears on after the first is over",
  async ({ session, user }) => {
    const [first, second] = [session(), session()];
    const hearing = hears(user);
    await first.start();
    await hearing;
    await second.start({ takeover: true });
    await isOver(first, "taken_over");
    // the first may have left before the second was told that it has started
    await until("it listens", () => realtime.joined().length === 1);

    await project.service.rpc("revoke_session", { user_id: user.id });

    await isOver(second, "revoked");
  },
);

story(
  "C4 stopped and begun again at once, as React's StrictMode does, it hears",
  async ({ session, supabase, user, takeOver }) => {
    const mine = createSession(supabase, { heartbeatEvery: never });
    const hearing = hears(user);
    hearNotification(supabase, mine)();
    const stop = hearNotification(supabase, mine);
    await mine.start();
    await hearing;
    stop();
    const again = hearNotification(supabase, mine);
    await until("joined", () => realtime.joined().length === 1);

    await takeOver();

    await isOver(mine, "taken_over");
    again();
    mine.dispose();
    // of the scene, which has none here
    void session;
  },
);

story(
  "C4 without Realtime everything works, and nothing is said",
  async ({ session }) => {
    const said: unknown[] = [];
    const mine = session();
    mine.on("trouble", (trouble) => said.push(trouble));
    assert.equal((await mine.start()).error, null);

    const { error } = await mine.submit();

    assert.equal(error, null);
    assert.deepEqual(said, []);
  },
  () => project.url,
);

Deno.test("C4 with a client that has no Realtime at all nothing throws", async () => {
  const [user] = await project.newUsers(1);
  const session = createSession(user.client, { heartbeatEvery: never });
  const broken = () => {
    throw new Error("no WebSocket");
  };
  const stop = hearNotification({
    channel: broken,
    removeChannel: broken,
    realtime: { setAuth: broken },
  }, session);

  assert.equal((await session.start()).error, null);
  assert.equal((await session.end()).error, null);

  stop();
  session.dispose();
});

Deno.test("C4 with a user who signed in with supabase-js, the token of the sign-in is sent", async () => {
  const user = await project.newUser();
  const { data: { session: signedIn } } = await user.client.auth.getSession();
  const supabase = createClient(realtime.url, keys.publishable, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  await supabase.auth.setSession(signedIn!);
  const session = createSession(supabase, { heartbeatEvery: never });
  const stop = hearNotification(supabase, session);
  try {
    const hearing = hears(user);
    await session.start();
    await hearing;

    await project.service.rpc("revoke_session", { user_id: user.id });

    await isOver(session, "revoked");
  } finally {
    stop();
    session.dispose();
    await supabase.removeAllChannels();
  }
});
