// What the client does with the answers of a server, and without them. The clock,
// the server and the network are the test's; real ones are in real_api.test.ts.
import assert from "node:assert/strict";
import type { SessionState } from "../../../client/state.ts";
import type { SupabaseLike } from "../../../client/supabase.ts";
import {
  createSession,
  type Fate,
  makeWorld,
  shown,
  tokenFor,
  told,
} from "./world.ts";

const { test } = Deno;

test("an idle client has no effect: no call, no timer, no listener", async () => {
  const world = makeWorld();
  const page = world.page();

  await world.advance(3600);

  assert.deepEqual(page.calls, []);
  assert.equal(world.timers(), 0);
  assert.equal(page.listener(), undefined);
  page.is("idle");
});

test("M2 a start that nobody answers stops nothing: it is reported, and tried again", async () => {
  const world = makeWorld();
  const page = world.page();
  world.fate = () => "lost";

  const starting = page.session.start();
  await world.advance(10);

  const { state, error } = await starting;
  assert.equal(state.name, "unregistered");
  assert.equal(error?.kind, "unreachable");
  world.fate = () => "answered";
  await world.advance(10);
  page.is("live");
  assert(page.calls.every(({ name }) => name === "start_session"));
  // B6: whichever of them had arrived, it is one session
  assert.equal(new Set(page.calls.map((call) => call.session_id)).size, 1);
  assert.deepEqual(told(page), ["trouble", "started", "recovered"]);
});

test("M2 a start that is answered with a mistake stops nothing either", async () => {
  const world = makeWorld();
  const page = world.page();
  world.fate = () => ({
    status: 404,
    error: { code: "PGRST202", message: "Could not find the function" },
  });

  const { state, error } = await page.session.start();

  assert.equal(state.name, "unregistered");
  assert.equal(error?.kind, "wrong-call");
  world.fate = () => "answered";
  await world.advance(60);
  page.is("live");
});

test("M4 completing is said again until it was heard", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  world.fate = () => "lost";
  const completing = page.session.complete();
  await world.advance(10);
  const { state, error } = await completing;
  assert(state.name === "live" && state.trouble);
  assert.equal(error?.kind, "unreachable");

  world.fate = () => "answered";
  await world.advance(10);

  page.is("completing");
});

test("M9 what ran out goes on under a new id, and says so", async () => {
  const world = makeWorld();
  const page = world.page();
  const { state } = await page.session.start();
  assert(state.name === "live");
  const first = state.session.session_id;
  world.fate = () => "hangs";
  await world.advance(400);
  page.is("unregistered");

  world.fate = () => "answered";
  await world.advance(20);

  page.is("live");
  assert.notEqual(world.live()?.session_id, first);
  assert.deepEqual(told(page), ["started", "trouble", "resumed", "recovered"]);
  const { event } = page.events[2];
  assert.deepEqual(event, {
    session: world.live(),
    previous_session_id: first,
  });
});

test("M9 a network drop of 30 seconds ends nothing", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const { session_id } = world.live()!;
  world.fate = () => "lost";
  await world.advance(30);
  const state = page.session.state();
  assert(state.name === "live" && state.trouble?.kind === "unreachable");

  world.fate = () => "answered";
  await world.advance(10);

  assert.equal(world.live()?.session_id, session_id);
  assert(!("trouble" in page.session.state()));
});

test("C9 live is not shown once the lease has run out", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  world.fate = () => "lost";

  await world.advance(301);

  page.is("unregistered");
});

test("B4 what was taken over does not come back by itself, and says why", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  await world.page().session.start({ takeover: true });

  await world.advance(60);

  const state = page.session.state();
  assert(state.name === "over");
  assert.equal(state.reason, "taken_over");
  assert.equal(state.isFinal, false);
  assert.deepEqual(told(page), ["started", "lost"]);
  assert.equal(
    page.calls.filter(({ name }) => name === "start_session").length,
    1,
  );
  assert.equal(page.listener(), undefined);
});

test("M5 M6 a start that is refused shows the holder; one with takeover goes on", async () => {
  const world = makeWorld();
  await world.page({ device: "Phone" }).session.start();
  const page = world.page();

  const { state, error } = await page.session.start();
  assert(state.name === "held" && error?.kind === "held");
  assert.equal(state.holder.device, "Phone");

  const taken = await page.session.start({ takeover: true });
  assert.equal(taken.error, null);
  page.is("live");
});

test("subscribe calls back at once; on() and subscribe() can be undone", async () => {
  const world = makeWorld();
  const { session } = world.page();
  const seen: SessionState[] = [];
  let started = 0;
  const stop = session.subscribe((state) => seen.push(state));
  const off = session.on("started", () => started++);
  assert.deepEqual(seen, [{ name: "idle" }]);
  stop();
  off();

  await session.start();

  assert.equal(seen.length, 1);
  assert.equal(started, 0);
});

const stray: Record<string, Fate> = {
  "404": { status: 404, error: { message: "not found", code: "PGRST202" } },
  "403": { status: 403, error: { message: "forbidden", code: "42501" } },
  "400 with 22023": {
    status: 400,
    error: {
      message: "bad argument",
      code: "22023",
      details: '{"argument":"session_id"}',
    },
  },
  "200 with a page of HTML": {
    status: 200,
    error: { message: "<!doctype html>" },
  },
  "200 with JSON of somebody else": { status: 200, data: { ok: true } },
  "200 with nothing": { status: 200, data: null },
  "410 of a proxy": { status: 410, error: { message: "Gone" } },
  "410 with our code and no details": {
    status: 410,
    error: { message: "Gone", code: "PT410", details: "<html>" },
  },
  "500": { status: 500, error: { message: "oops" } },
};

for (const [what, answer] of Object.entries(stray)) {
  test(`W2 a heartbeat that is answered with ${what} ends nothing: the next one is sent`, async () => {
    const world = makeWorld();
    const page = world.page();
    await page.session.start();
    const { session_id } = world.live()!;
    world.fate = () => answer;
    await world.advance(31);
    const state = page.session.state();
    assert(state.name === "live" && state.trouble);

    world.fate = () => "answered";
    await world.advance(31);

    page.is("live");
    assert(!("trouble" in page.session.state()));
    assert.equal(world.live()?.session_id, session_id);
    assert.deepEqual(told(page), ["started", "trouble", "recovered"]);
  });
}

test("W2 a start that is refused by something else than the database is tried again", async () => {
  const world = makeWorld();
  const page = world.page();
  world.fate = () => ({
    status: 409,
    error: { code: "PT409", message: "Conflict", details: "<html>" },
  });

  const { state, error } = await page.session.start();

  assert.equal(state.name, "unregistered");
  assert.equal(error?.kind, "wrong-call");
});

test("W6 submit says that it is done only when the server has said so", async () => {
  const world = makeWorld();
  const page = world.page({ interviewId: "attempt" });
  await page.session.start();
  world.fate = ({ name }) => name === "end_session" ? "lost" : "answered";

  const failing = page.session.submit();
  await world.advance(60);
  const { state, error } = await failing;
  assert.equal(error?.kind, "unreachable");
  assert.equal(state.name, "completing");
  const tried = page.calls.filter(({ name }) => name === "end_session");
  assert(tried.length > 3, "is tried again");

  world.fate = () => "answered";
  const again = await page.session.submit();
  assert.equal(again.error, null);
  assert(again.state.name === "over");
  assert.equal(again.state.reason, "completed");
  assert.equal(again.state.isFinal, true);
  assert.equal(again.state.endedAt !== null, true);
});

test("W6 an end_session that hangs is given up, and tried again", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  let isFirst = true;
  world.fate = ({ name }) => {
    if (name !== "end_session" || !isFirst) return "answered";
    isFirst = false;
    return "hangs";
  };

  const submitting = page.session.submit();
  await world.advance(30);

  const { error, state } = await submitting;
  assert.equal(error, null);
  assert(state.name === "over" && state.reason === "completed");
});

test("B6 W6 an end whose answer was lost is asked for again, and counts", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  let isFirst = true;
  world.fate = ({ name }) => {
    if (name !== "end_session" || !isFirst) return "answered";
    isFirst = false;
    return "unheard";
  };

  const submitting = page.session.submit();
  await world.advance(10);

  assert.equal((await submitting).error, null);
  assert.deepEqual(told(page), ["started", "ended"]);
});

test("W6 submit of a session that was taken over meanwhile is no success", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();

  const { error, state } = await page.session.submit(async () => {
    await world.page().session.start({ takeover: true });
  });

  assert(error?.kind === "over");
  assert.equal(error.reason, "taken_over");
  assert.match(error.message, /continued elsewhere/);
  assert(state.name === "over" && state.reason === "taken_over");
  assert.deepEqual(told(page), ["started", "lost"]);
});

test("W6 submit of a session whose lease ran out during the upload goes on with another one", async () => {
  const world = makeWorld();
  const page = world.page({ interviewId: "attempt" });
  await page.session.start();

  const submitting = page.session.submit(async () => {
    world.fate = () => "hangs";
    await world.advance(400);
    world.fate = () => "answered";
  });
  await world.settle();
  const { error, state } = await submitting;

  assert.equal(error, null);
  assert(state.name === "over" && state.reason === "completed");
  assert.equal(told(page).includes("resumed"), true);
});

test("W6 submit whose lease is found to have run out at its very end goes on with another session", async () => {
  const world = makeWorld();
  const page = world.page({ interviewId: "attempt" });
  await page.session.start();

  const { error, state } = await page.session.submit(() => {
    world.serverAhead += 400;
    return Promise.resolve();
  });

  assert.equal(error, null);
  assert(state.name === "over" && state.reason === "completed");
  assert.deepEqual(told(page), ["started", "resumed", "ended"]);
});

test("W6 submit of a session that is not registered again yet registers it first", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();

  const { error, state } = await page.session.submit(async () => {
    world.serverAhead += 400;
    world.fate = ({ name }) => name === "start_session" ? "lost" : "answered";
    await world.advance(40);
    page.is("unregistered");
    world.fate = () => "answered";
  });

  assert.equal(error, null);
  assert(state.name === "over" && state.reason === "completed");
});

test("M4 completing before the session is registered: registered, then completing", async () => {
  const world = makeWorld();
  const page = world.page();
  world.fate = () => "lost";
  const starting = page.session.start();
  await world.advance(10);
  await starting;
  world.fate = () => "answered";

  assert.equal((await page.session.complete()).error, null);

  page.is("completing");
});

test("a session that is started after a submission is not completing", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  await page.session.submit();

  await page.session.start();
  await world.advance(60);

  page.is("live");
});

test("M9 a start that was granted unheard, and ran out, is started, not resumed", async () => {
  const world = makeWorld();
  const page = world.page();
  world.fate = () => "unheard";
  const starting = page.session.start();
  await world.advance(5);
  await starting;
  world.fate = () => "lost";
  await world.advance(400);
  world.fate = () => "answered";

  await world.advance(10);

  page.is("live");
  assert.deepEqual(told(page), ["trouble", "started", "recovered"]);
});

test("a server that calls every session expired is not asked without a pause", async () => {
  const world = makeWorld();
  const page = world.page();
  world.fate = ({ session_id }) => ({
    status: 410,
    error: {
      code: "PT410",
      message: "expired",
      details: JSON.stringify({ session_id, end_reason: "expired" }),
    },
  });

  void page.session.start();
  await world.advance(60);

  assert(page.calls.length < 40, `${page.calls.length} calls`);
  page.is("unregistered");
});

test("check() called many times sends one heartbeat", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();

  for (let i = 0; i < 10; i++) page.session.check();
  await world.settle();

  assert.equal(page.calls.length, 2);
});

test("W6 work that fails is reported; the session stays completing, alive, and can be submitted again", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const cause = new Error("disk full");

  const { error, state } = await page.session.submit(() =>
    Promise.reject(cause)
  );
  assert(error?.kind === "work-failed");
  assert.equal(error.cause, cause);
  assert.equal(state.name, "completing");
  await world.advance(400);
  page.is("completing");

  assert.equal((await page.session.submit()).error, null);
});

test("W6 heartbeats go on during the work of submit", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();

  const submitting = page.session.submit(() => world.advance(800));

  assert.equal((await submitting).error, null);
});

test("C9 W6 work of a submission that the session did not survive does not submit the next one", async () => {
  const world = makeWorld();
  const page = world.page({ interviewId: "attempt" });
  await page.session.start();
  const upload = Promise.withResolvers<void>();
  const submitting = page.session.submit(() => upload.promise);
  await world.settle();
  await world.page({ interviewId: "attempt" }).session.start({
    takeover: true,
  });
  await world.advance(30);
  page.is("over");
  await page.session.start({ takeover: true });

  upload.resolve();

  assert.notEqual((await submitting).error, null);
  page.is("live");
  assert.equal(world.live()?.status, "active");
});

test("W6 a submission after a start does its own work, though that of an earlier one hangs", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const upload = Promise.withResolvers<void>();
  const first = page.session.submit(() => upload.promise);
  await world.settle();
  world.revoke();
  await world.advance(30);
  await page.session.start();

  const again = Promise.withResolvers<void>();
  let isBegun = false;
  const second = page.session.submit(() => {
    isBegun = true;
    return again.promise;
  });
  await world.settle();

  assert.equal(isBegun, true);
  upload.resolve();
  assert.notEqual((await first).error, null);
  page.is("completing");
  again.resolve();
  assert.equal((await second).error, null);
  page.is("over");
});

for (const heartbeatEvery of [0, -1, NaN, Infinity]) {
  test(`a heartbeat every ${heartbeatEvery} seconds is neither a storm nor silence`, async () => {
    const world = makeWorld();
    const page = world.page({ heartbeatEvery });
    await page.session.start();

    await world.settle();
    let sent = 0;
    world.onCall = () => {
      sent++;
      if (sent > 1000) throw new Error("a storm");
    };
    const clock = world.advance(200);
    await clock;

    assert(sent >= 1 && sent <= 200, `${sent}`);
  });
}

test("M2 a name of the device that is too long for the server does not stop the start", async () => {
  const world = makeWorld();
  const page = world.page({ device: "Mozilla/5.0 ".repeat(50) });

  await page.session.start();

  const device = String(page.calls[0]?.args.device);
  assert.equal(device, "Mozilla/5.0 ".repeat(50).slice(0, 200));
});

test("M2 an environment that throws during a start does not leave it starting: it is tried again", async () => {
  const world = makeWorld();
  const tab = { text: null };
  let isBroken = true;
  Object.defineProperty(tab, "text", {
    get: () => null,
    set() {
      if (isBroken) throw new Error("no storage");
    },
  });
  const page = world.page({ tab });

  const { state } = await page.session.start();
  isBroken = false;
  await world.advance(10);

  assert.equal(state.name, "unregistered");
  page.is("live");
});

test("an empty interviewId is not left out: the server refuses it", async () => {
  const world = makeWorld();
  const page = world.page({ interviewId: "" });

  await page.session.start();

  assert.equal(page.calls[0]?.args.interview_id, "");
});

test("submit called twice does the work once", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  let times = 0;
  const work = () => Promise.resolve(times++);

  const [first, second] = await Promise.all([
    page.session.submit(work),
    page.session.submit(work),
  ]);

  assert.equal(times, 1);
  assert.deepEqual([first.error, second.error], [null, null]);
  // and once more, as after a click that was late
  assert.equal((await page.session.submit(work)).error, null);
  assert.equal(times, 1);
});

test("W6 end() reports that the server did not confirm it", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  world.fate = () => "lost";

  const ending = page.session.end();
  await world.advance(20);

  const { error, state } = await ending;
  assert.equal(error?.kind, "unreachable");
  assert.equal(state.name, "live");
  world.fate = () => "answered";
  assert.equal((await page.session.end()).error, null);
  assert.equal((await page.session.end()).error, null);
});

test("W6 end() of a session that was taken over is no success", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  await world.page().session.start({ takeover: true });

  const { error } = await page.session.end();

  assert(error?.kind === "over" && error.reason === "taken_over");
});

test("end() of an interview that was not started, or is held, is an error", async () => {
  const world = makeWorld();
  const page = world.page();
  assert.equal((await page.session.end()).error?.kind, "wrong-call");
  await world.page().session.start();
  await page.session.start();

  assert.equal((await page.session.end()).error?.kind, "held");
  assert.equal((await page.session.submit()).error?.kind, "held");
});

test("W7 another user signs in: the client stops, and ends the session of the first", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const { session_id } = world.live()!;
  page.signedIn = { user: "bob", exp: Infinity };

  page.listener()!.authChanged();
  await world.settle();

  const state = page.session.state();
  assert(state.name === "over" && state.reason === "user_changed");
  assert(page.calls.every(({ user }) => user === "ada"));
  const [{ init }] = page.last;
  assert.equal(
    init.headers.authorization,
    `Bearer ${tokenFor("ada", Infinity)}`,
  );
  assert.deepEqual(JSON.parse(init.body), {
    session_id,
    reason: "disconnected",
  });
  assert.deepEqual(told(page), ["started", "lost"]);
  const { error } = await page.session.start();
  assert.equal(error?.kind, "user-changed");
  await world.advance(600);
  assert.equal(world.live("bob"), undefined);
  assert(page.calls.every(({ user }) => user === "ada"));
  // the first user comes back, and starts again
  page.signedIn = { user: "ada", exp: Infinity };
  assert.equal((await page.session.start()).error, null);
});

test("W7 another user between two attempts of a start: none is sent as the second", async () => {
  const world = makeWorld();
  const page = world.page();
  world.fate = () => "lost";
  const starting = page.session.start();
  await world.advance(10);
  page.signedIn = { user: "bob", exp: Infinity };
  world.fate = () => "answered";

  await world.advance(60);

  await starting;
  assert(page.calls.every(({ user }) => user === "ada"));
  const state = page.session.state();
  assert(state.name === "over" && state.reason === "user_changed");
});

test("W7 a session that the server does not know is over, and never resumed", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  world.forget();

  await world.advance(60);

  const state = page.session.state();
  assert(state.name === "over" && state.reason === "unknown");
  assert.equal(world.live(), undefined);
});

test("W7 the same user signs out and in again: the session goes on", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const { session_id } = world.live()!;
  page.signedIn = null;
  page.listener()!.authChanged();
  await world.settle();
  const state = page.session.state();
  assert(state.name === "live" && state.trouble?.kind === "signed-out");

  page.signedIn = { user: "ada", exp: Infinity };
  page.listener()!.authChanged();
  await world.settle();

  assert(!("trouble" in page.session.state()));
  assert.equal(world.live()?.session_id, session_id);
});

test("W8 a token that never comes: heartbeats are given up and tried again, end() reports", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const before = page.calls.length;
  page.tokens = () => new Promise(() => {});
  await world.advance(40);
  const state = page.session.state();
  assert(state.name === "live" && state.trouble?.kind === "unreachable");
  const ending = page.session.end();
  await world.advance(30);
  assert.equal((await ending).error?.kind, "unreachable");
  assert.equal(page.calls.length, before);

  page.tokens = undefined;
  await world.advance(20);

  assert(!("trouble" in page.session.state()));
});

test("W8 a token that comes after its call was given up sends nothing", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const before = page.calls.length;
  const { promise, resolve } = Promise.withResolvers<string | null>();
  page.tokens = () => promise;
  await world.advance(31);
  page.session.dispose();

  resolve(tokenFor("ada", Infinity));
  await world.settle();

  assert.equal(page.calls.length, before);
});

test("W8 W10 a call that was given up, and settles late, does not keep dispose() from stopping the next one", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const late = Promise.withResolvers<string | null>();
  page.tokens = () => late.promise;
  await world.advance(39);
  page.tokens = undefined;
  world.fate = () => "hangs";
  const ending = page.session.end();
  await world.settle();
  late.resolve(tokenFor("ada", Infinity));
  await world.settle();

  page.session.dispose();

  await world.settle();
  assert.equal((await ending).error?.kind, "disposed");
  assert.equal(world.timers(), 0);
});

test("W11 a page that tries to register for long does not forget its predecessor", async () => {
  const world = makeWorld();
  const tab = { text: null };
  const browser = new Set<never>();
  await world.page({ tab, browser }).session.start();
  browser.clear();
  const page = world.page({ tab, browser });
  world.fate = () => "lost";
  const starting = page.session.start();
  await world.advance(100);
  await starting;
  world.fate = () => "answered";

  await world.advance(10);

  page.is("live");
});

test("W10 commands run in the order of the calls: end, then start", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const { session_id } = world.live()!;

  const ending = page.session.end();
  const { state, error } = await page.session.start();

  assert.equal((await ending).error, null);
  assert.equal((await ending).state.name, "over");
  assert.equal(error, null);
  assert.equal(state.name, "live");
  assert.equal(world.endOf(session_id), "disconnected");
  assert.notEqual(world.live()?.session_id, session_id);
  assert.deepEqual(shown(page), [
    "idle",
    "starting",
    "live",
    "over",
    "starting",
    "live",
  ]);
});

test("W10 after dispose nothing is sent; commands say so; no timer or listener is left", async () => {
  const world = makeWorld();
  const page = world.page();
  world.fate = () => "hangs";
  const starting = page.session.start();
  const queued = page.session.complete();
  await world.settle();
  page.session.dispose();

  assert.equal((await starting).error?.kind, "disposed");
  assert.equal((await queued).error?.kind, "disposed");
  assert.equal((await page.session.start()).error?.kind, "disposed");
  assert.deepEqual(page.session.state(), { name: "starting" });
  page.session.check();
  await world.advance(600);
  assert.equal(page.calls.length, 1);
  assert.equal(world.timers(), 0);
  assert.equal(page.listener(), undefined);
});

test("W10 after dispose a live session sends no heartbeat, not even when one is asked for", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  page.session.check();

  page.session.dispose();
  page.session.check();
  await world.advance(600);

  assert.deepEqual(page.calls.map(({ name }) => name), ["start_session"]);
  assert.equal(world.timers(), 0);
});

test("W10 a remount is not refused by its own predecessor", async () => {
  const world = makeWorld();
  const tab = { text: null };
  const browser = new Set<never>();
  const first = world.page({ tab, browser });
  await first.session.start();
  first.session.dispose();

  const second = world.page({ tab, browser });
  const starting = second.session.start();
  await world.advance(5);

  assert.equal((await starting).error, null);
  second.is("live");
  assert(!shown(second).includes("held"));
});

test("W11 a reload takes over the page that it was, though its goodbye is late", async () => {
  const world = makeWorld();
  const tab = { text: null };
  const browser = new Set<never>();
  const old = world.page({ tab, browser });
  await old.session.start();
  browser.clear();

  const page = world.page({ tab, browser });
  const starting = page.session.start();
  await world.advance(2);

  assert.equal((await starting).error, null);
  // the goodbye arrives at last
  world.rpc("ada", "end_session", { session_id: old.calls[0].session_id });
  await world.advance(60);
  page.is("live");
});

test("W11 a duplicated tab does not take over from the tab that it was copied from", async () => {
  const world = makeWorld();
  const tab = { text: null };
  const browser = new Set<never>();
  const original = world.page({ tab, browser });
  await original.session.start();

  const copy = world.page({ tab: { ...tab }, browser });
  const starting = copy.session.start();
  await world.advance(5);

  assert.equal((await starting).error?.kind, "held");
  original.is("live");
});

test("W11 C7 where takeover is refused, a reload asks again until the goodbye has arrived", async () => {
  const world = makeWorld();
  world.settings.takeover = "refused";
  const tab = { text: null };
  const browser = new Set<never>();
  const old = world.page({ tab, browser });
  await old.session.start();
  browser.clear();
  const page = world.page({ tab, browser });
  const starting = page.session.start();
  await world.advance(2);
  page.is("starting");

  world.rpc("ada", "end_session", { session_id: old.calls[0].session_id });
  await world.advance(2);

  assert.equal((await starting).error, null);
});

test("W11 C7 where takeover is refused and no goodbye comes, a reload is held", async () => {
  const world = makeWorld();
  world.settings.takeover = "refused";
  const tab = { text: null };
  const browser = new Set<never>();
  await world.page({ tab, browser }).session.start();
  browser.clear();
  const page = world.page({ tab, browser });

  const starting = page.session.start();
  await world.advance(10);

  assert.equal((await starting).error?.kind, "held");
});

test("C4 a tab of the same browser learns at once that it was taken over", async () => {
  const world = makeWorld();
  const browser = new Set<never>();
  const first = world.page({ browser });
  await first.session.start();
  await world.page({ browser }).session.start({ takeover: true });

  await world.settle();

  first.is("over");
});

test("W12 a listener that throws is reported, and nothing else", async () => {
  const world = makeWorld();
  const { session } = world.page();
  const reported: unknown[] = [];
  const listen = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  addEventListener("error", listen);
  const seen: string[] = [];
  try {
    session.subscribe(({ name }) => {
      if (name !== "idle") throw new Error(`state ${name}`);
    });
    session.on("started", () => {
      throw new Error("started");
    });
    session.on("started", () => Promise.reject(new Error("rejected")));
    session.subscribe(({ name }) => seen.push(name));

    const { error, state } = await session.start();

    assert.equal(error, null);
    assert.equal(state.name, "live");
    assert(!("trouble" in state));
    assert.deepEqual(seen, ["idle", "starting", "live"]);
    assert.deepEqual(
      reported.map((error) => (error as Error).message),
      ["state starting", "state live", "started", "rejected"],
    );
  } finally {
    removeEventListener("error", listen);
  }
});

test("a listener may dispose of the session", async () => {
  const world = makeWorld();
  const { session } = world.page();
  session.subscribe(({ name }) => {
    if (name === "live") session.dispose();
  });

  await session.start();

  assert.equal(world.timers(), 0);
});

test("M3 W13 a page that closes says goodbye: to the client's URL, with its key, its headers and the user's token", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  const { session_id } = world.live()!;

  page.listener()!.leave();

  assert.deepEqual(page.last, [{
    url: "http://api.example/rest/v1/rpc/end_session",
    init: {
      method: "POST",
      headers: {
        "x-app": "yes",
        apikey: "a key",
        authorization: `Bearer ${tokenFor("ada", Infinity)}`,
        "content-type": "application/json",
        "content-profile": "public",
      },
      body: JSON.stringify({ session_id, reason: "disconnected" }),
    },
  }]);
});

test("W13 a token is renewed before the server would refuse it, whatever this machine's clock says", async () => {
  const world = makeWorld();
  // this machine's clock does not know that the token is about to lapse
  const page = world.page({ heartbeatEvery: 30 });
  page.signedIn!.exp = 1_700_000_000 + 1000 + 100;
  await page.session.start();
  assert.equal(page.renewals, 0);

  await world.advance(61);

  assert.equal(page.renewals, 1);
  page.is("live");
  assert.deepEqual(told(page), ["started"]);
});

test("W13 a token that the server refuses is renewed at once, once", async () => {
  const world = makeWorld();
  const page = world.page();
  page.signedIn!.exp = 0;

  const { error } = await page.session.start();

  assert.equal(error, null);
  assert.equal(page.renewals, 1);
});

test("W13 the goodbye has the token that was renewed last", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  page.signedIn!.exp = 0;
  page.session.check();
  await world.settle();
  assert.equal(page.renewals, 1);

  page.listener()!.leave();

  assert.equal(
    page.last[0]?.init.headers.authorization,
    `Bearer ${tokenFor("ada", page.signedIn!.exp)}`,
  );
});

test("W14 a deadline in 30 days, and a lease of 9: no timer overflows", async () => {
  const world = makeWorld();
  world.settings.maxDuration = 30 * 86_400;
  world.settings.lease = 9 * 86_400;
  const page = world.page({ heartbeatEvery: 40 * 86_400 });
  await page.session.start();

  await world.advance(30 * 86_400 - 59);

  assert.deepEqual(told(page), ["started", "deadline"]);
  assert(page.calls.length < 40, `${page.calls.length} calls`);
});

test("C1 warnings come once for each time and deadline; an extension is told, and warned of again", async () => {
  const world = makeWorld();
  const page = world.page({ warnAt: [300, 60] });
  await page.session.start();
  await world.advance(845);
  assert.deepEqual(told(page), ["started", "deadline", "deadline"]);
  assert.deepEqual(page.events[1].event, { secondsLeft: 300 });

  world.extend(600);
  await world.advance(30);
  assert.deepEqual(told(page).slice(3), ["extended"]);
  assert(page.session.secondsLeft()! > 600);
  await world.advance(600);
  assert.deepEqual(told(page).slice(4), ["deadline", "deadline"]);
  // this moves the deadline, too, but nobody has extended it
  await page.session.complete();
  assert(page.session.secondsLeft()! > 600);
  assert.equal(told(page).length, 6);
});

test("C1 at the deadline the session is over, finally if it is of an interview", async () => {
  const world = makeWorld();
  const page = world.page({ interviewId: "attempt" });
  await page.session.start();
  assert.equal(page.session.secondsLeft(), 900);

  await world.advance(901);

  const state = page.session.state();
  assert(state.name === "over" && state.reason === "timed_out");
  assert.equal(state.isFinal, true);
  assert.equal(page.session.secondsLeft(), undefined);
  const again = await page.session.start();
  assert(again.error?.kind === "over" && again.error.isFinal);
});

test("the page wakes: a heartbeat that hangs is given up for one that is sent now", async () => {
  const world = makeWorld();
  const page = world.page();
  await page.session.start();
  world.fate = () => "hangs";
  await world.advance(31);
  world.fate = () => "answered";

  page.listener()!.wake();
  await world.settle();

  assert.equal(page.calls.length, 3);
  assert.deepEqual(told(page), ["started"]);
});

test("a client that is not one of supabase-js is refused when it is created", () => {
  const builder = { url: "http://api.example", headers: {} };
  const supabase = { schema: () => ({ rpc: () => builder }) };

  assert.throws(
    () => createSession(supabase as unknown as SupabaseLike, {}),
    /a client of supabase-js 2.46/,
  );
});
