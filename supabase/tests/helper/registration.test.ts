// What the session helper does when it cannot be heard: without a browser, with
// a database that answers as it is told. Real browsers are elsewhere.
import assert from "node:assert/strict";
import type { SessionEvent, SessionState } from "../../../client/state.ts";
import { awaited } from "../waiting.ts";

interface Helper {
  state(): SessionState;
  subscribe(listener: () => void): () => void;
  start(o?: { takeover?: boolean }): Promise<SessionState>;
  complete(): Promise<SessionState>;
  end(): Promise<SessionState>;
  dispose(): void;
}

type Answer = { data: unknown; error: unknown; status: number };
interface Call {
  name: string;
  session_id: string;
}

// what a page has and Deno has not
Object.assign(globalThis, {
  document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
});
// not by its name: the compiler is to check it with a browser's types
const module = "../../../client/index.ts";
const { createSession } = await import(module);

/** A helper, whose calls are answered by `answer`. */
async function withHelper(
  answer: (call: Call, calls: Call[]) => Answer,
  work: (helper: Helper, seen: {
    calls: Call[];
    events: SessionEvent[];
  }) => Promise<void>,
) {
  const calls: Call[] = [];
  const events: SessionEvent[] = [];
  const rpc = (name: string, { session_id }: { session_id: string }) => ({
    abortSignal: () => {
      const call = { name, session_id };
      calls.push(call);
      return Promise.resolve(answer(call, calls));
    },
  });
  const supabase = {
    schema: () => ({ rpc }),
    auth: {
      onAuthStateChange: () => ({
        data: { subscription: { unsubscribe: () => {} } },
      }),
    },
  };
  const helper: Helper = createSession({
    supabase,
    url: "http://api.example",
    key: "a key",
    heartbeatEvery: 50,
    onEvent: (event: SessionEvent) => events.push(event),
  });
  try {
    await work(helper, { calls, events });
  } finally {
    helper.dispose();
  }
}

const noAnswer: Answer = {
  data: null,
  error: { message: "TypeError: fetch failed" },
  status: 0,
};

function granted(session_id: string, status = "active"): Answer {
  const at = (seconds: number) =>
    new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
  return {
    data: {
      session_id,
      status,
      fence: 1,
      device: null,
      created_at: at(0),
      updated_at: at(0),
      deadline_at: at(900),
      expires_at: at(300),
      previous_session_id: null,
    },
    error: null,
    status: 200,
  };
}

function over(session_id: string, end_reason: string | null): Answer {
  return {
    data: null,
    error: {
      code: "PT410",
      message: "This interview is over.",
      details: JSON.stringify({ session_id, end_reason, ended_at: null }),
    },
    status: 410,
  };
}

/** Resolves once the helper is in this state. */
async function until(helper: Helper, name: SessionState["name"]) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = helper.subscribe(() => {
    if (helper.state().name === name) resolve();
  });
  try {
    await awaited(`the helper is ${name}`, promise);
  } finally {
    stop();
  }
}

Deno.test("M2 a start that nobody answers stops nothing: it is reported, and tried again", async () => {
  let isDown = true;
  await withHelper(
    ({ session_id }) => isDown ? noAnswer : granted(session_id),
    async (helper, { calls }) => {
      const state = await helper.start();

      assert.equal(state.name, "unregistered");
      assert(state.name === "unregistered");
      assert.equal(state.trouble.kind, "unreachable");

      isDown = false;
      await until(helper, "live");
      assert(calls.every(({ name }) => name === "start_session"));
      // B6: whichever of them had arrived, it is one session
      assert.equal(new Set(calls.map(({ session_id }) => session_id)).size, 1);
    },
  );
});

Deno.test("M2 a start that is answered with a mistake stops nothing either", async () => {
  const answer: Answer = {
    data: null,
    error: { code: "PGRST202", message: "Could not find the function" },
    status: 404,
  };
  await withHelper(() => answer, async (helper) => {
    const state = await helper.start();

    assert(state.name === "unregistered");
    assert.equal(state.trouble.kind, "wrong-call");
  });
});

Deno.test("M4 handing in is said again until it was heard", async () => {
  let isDown = false;
  await withHelper(
    ({ name, session_id }) => {
      if (isDown) return noAnswer;
      const isHandingIn = name === "complete_session";
      return granted(session_id, isHandingIn ? "completing" : "active");
    },
    async (helper) => {
      await helper.start();
      isDown = true;
      const state = await helper.complete();
      assert(state.name === "live" && state.trouble);

      isDown = false;
      await until(helper, "completing");
    },
  );
});

Deno.test("M9 what merely ran out goes on under a new id, and says so", async () => {
  let first: string | undefined;
  await withHelper(
    ({ name, session_id }) => {
      first ??= session_id;
      return name === "heartbeat_session" && session_id === first
        ? over(session_id, "expired")
        : granted(session_id);
    },
    async (helper, { events }) => {
      await helper.start();
      await until(helper, "starting");
      await until(helper, "live");

      const state = helper.state();
      assert(state.name === "live" && state.session.session_id !== first);
      // told in the same turn as the state
      await Promise.resolve();
      assert.deepEqual(
        events.map((event) => event.type === "resumed" && event),
        [{
          type: "resumed",
          previous_session_id: first,
          session: state.session,
        }],
      );
    },
  );
});

Deno.test("B4 what was taken over does not come back by itself, and says why", async () => {
  await withHelper(
    ({ name, session_id }) =>
      name === "heartbeat_session"
        ? over(session_id, "taken_over")
        : granted(session_id),
    async (helper, { calls }) => {
      await helper.start();
      await until(helper, "over");

      const state = helper.state();
      assert(state.name === "over");
      assert.equal(state.reason, "taken_over");
      const starts = calls.filter(({ name }) => name === "start_session");
      assert.equal(starts.length, 1);
    },
  );
});
