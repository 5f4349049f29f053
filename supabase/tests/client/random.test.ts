// The client under random commands, answers, losses, sign-ins and jumps of the
// server's clock. Whatever happens, it says nothing that the server has not said,
// and finds a way on when the world is well again.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Call,
  type Fate,
  makeWorld,
  type Page,
  type World,
} from "./world.ts";

/** How many sequences; each is a world of its own. */
const runs = Number(Deno.env.get("CLIENT_RUNS") ?? 400);

/** Seconds that one call may take, and between two while there is trouble. */
const callLimit = 8;
const troubledEvery = 5;

interface Scene {
  world: World;
  page: Page;
  commands: Promise<unknown>[];
}

/** One thing that happens; its name is printed with a counterexample. */
interface Step {
  run(scene: Scene): unknown;
  [fc.toStringMethod](): string;
}

const fates: Fate[] = [
  "answered",
  "answered",
  "answered",
  "lost",
  "unheard",
  "hangs",
  "hangs unheard",
  { status: 404, error: { message: "not found", code: "PGRST202" } },
  { status: 403, error: { message: "<html>" } },
  { status: 200, data: null },
  { status: 200, data: { session_id: "id-1" } },
  { status: 401, error: { message: "JWT expired" } },
  { status: 503, error: { message: "PGRST001", code: "PGRST001" } },
];

/** Something that happens, with one of these values. */
function step<T>(
  name: string,
  values: readonly T[],
  run: (scene: Scene, value: T) => unknown,
): fc.Arbitrary<Step> {
  return fc.constantFrom(...values).map((value) => ({
    run: (scene) => run(scene, value),
    [fc.toStringMethod]: () => `${name}(${value ?? ""})`,
  }));
}

/** A command of the app's, whose outcome is awaited at the end. */
function command<T>(
  name: string,
  values: readonly T[],
  run: (scene: Scene, value: T) => Promise<unknown>,
): fc.Arbitrary<Step> {
  return step(name, values, (scene, value) => {
    scene.commands.push(run(scene, value));
  });
}

const once = [undefined];
const reasons = [undefined, "cleared", "disconnected", "completed"] as const;
const start = command(
  "start",
  [false, true],
  ({ page }, takeover) => page.session.start({ takeover }),
);
const pass = step(
  "pass",
  [0, 1, 7, 31, 310, 1000],
  ({ world }, seconds) => world.advance(seconds),
);
/** One fate for each of the next calls, and the last for all that follow. */
const network = fc.array(fc.constantFrom(...fates), {
  minLength: 1,
  maxLength: 4,
}).map((next): Step => ({
  run({ world }) {
    const rest = [...next];
    world.fate = () => rest.length > 1 ? rest.shift()! : rest[0];
  },
  [fc.toStringMethod]: () => `network(${JSON.stringify(next)})`,
}));

/** What the user, the app, the server and others do. */
const steps: fc.Arbitrary<Step>[] = [
  command("complete", once, ({ page }) => page.session.complete()),
  command("end", reasons, ({ page }, reason) => page.session.end(reason)),
  command(
    "submit",
    [0, 30, 400],
    ({ page, world }, seconds) =>
      page.session.submit(() => later(world, seconds)),
  ),
  command(
    "submitInVain",
    once,
    ({ page }) => page.session.submit(() => Promise.reject("no")),
  ),
  step("check", once, ({ page }) => page.session.check()),
  step("wake", once, ({ page }) => page.listener()?.wake()),
  step("leave", once, ({ page }) => page.listener()?.leave()),
  step("authChanged", once, ({ page }) => page.listener()?.authChanged()),
  step("signOut", once, ({ page }) => void (page.signedIn = null)),
  step("signIn", ["ada", "bob"], ({ page }, user) => {
    page.signedIn = { user, exp: Infinity };
  }),
  step("tokenLapses", once, ({ page }) => {
    if (page.signedIn) page.signedIn.exp = 0;
  }),
  step("tokensHang", once, ({ page }) => {
    page.tokens = () => new Promise(() => {});
  }),
  step("tokensFail", once, ({ page }) => {
    page.tokens = () => Promise.reject(new Error("no"));
  }),
  step("tokensWork", once, ({ page }) => void (page.tokens = undefined)),
  step("revoke", once, ({ world }) => world.revoke()),
  step("forget", once, ({ world }) => world.forget()),
  step("extend", once, ({ world }) => world.extend(300)),
  step("elsewhere", [false, true], ({ world }, takeover) => {
    const session_id = `other-${world.now()}`;
    world.rpc("ada", "start_session", { session_id, takeover });
  }),
  step("policy", ["allowed", "refused"] as const, ({ world }, takeover) => {
    world.settings.takeover = takeover;
  }),
  step("serverClock", [-3600, -1, 1, 400], ({ world }, seconds) => {
    world.serverAhead += seconds;
  }),
];

async function later(world: World, seconds: number) {
  const { promise, resolve } = Promise.withResolvers<void>();
  world.after(seconds, resolve);
  await promise;
}

/** What starts, passes and fails has a heavier weight: it moves the rest. */
const anyStep = fc.oneof(
  { arbitrary: start, weight: 4 },
  { arbitrary: pass, weight: 8 },
  { arbitrary: network, weight: 4 },
  ...steps.map((arbitrary) => ({ arbitrary, weight: 1 })),
);

/** Checks what must hold at every moment; called at each call and state. */
function watch({ world, page }: Scene) {
  let isDisposed = false;
  const given = new Map<string, number>();
  const { session } = page;

  world.onCall = (call: Call) => {
    if (!page.calls.includes(call)) return;
    assert(!isDisposed, "sent after dispose");
    assert.equal(call.user, page.calls[0].user, "sent as another user");
    const open = page.calls.filter(({ isOpen }) => isOpen);
    assert.deepEqual(open, [call], "one call at a time");
  };
  // what the server has answered to this page, and until when
  world.onGrant = (call, lease) => {
    if (page.calls.includes(call)) {
      given.set(call.session_id, world.now() + lease);
    }
  };
  session.subscribe((state) => {
    if (!("session" in state)) return;
    const until = given.get(state.session.session_id);
    // a listener may not throw: the client would report it and go on
    if (isDisposed) world.problems.push("a state after dispose");
    if (until === undefined) world.problems.push("live without a lease");
    else if (world.now() > until + callLimit) {
      world.problems.push("live after the lease");
    }
  });
  const dispose = session.dispose;
  session.dispose = () => {
    dispose();
    isDisposed = true;
  };
  return {
    still() {
      const state = session.state();
      if (!("session" in state) || isDisposed) return;
      const until = given.get(state.session.session_id)!;
      assert(
        world.now() <= until + callLimit + troubledEvery,
        "live is shown after the lease",
      );
    },
  };
}

Deno.test("B4 C9 W2 W7 W8 under random commands and answers the client is never stuck, never live without a lease, never another user", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { maxLength: 25 }),
      fc.option(fc.constant("attempt"), { nil: undefined }),
      async (sequence, interviewId) => {
        const world = makeWorld();
        const page = world.page({ interviewId });
        const scene: Scene = { world, page, commands: [] };
        const { still } = watch(scene);
        for (const step of sequence) {
          await step.run(scene);
          await world.settle();
          still();
        }
        assert.deepEqual(world.problems, []);
        await makeWell(scene);
        assert.deepEqual(world.problems, []);
        checkEvents(page);
        checkOutcomes(await Promise.all(scene.commands));

        page.session.dispose();
        const sent = page.calls.length;
        page.session.check();
        const state = page.session.state();
        await page.session.start();
        await world.advance(1000);
        assert.equal(page.session.state(), state, "a state after dispose");
        assert.equal(page.calls.length, sent, "sent after dispose");
        assert.equal(world.timers(), 0, "a timer is left");
      },
    ),
    { numRuns: runs },
  );
});

/** The world is well again: the client gets somewhere. */
async function makeWell({ world, page, commands }: Scene) {
  world.fate = () => "answered";
  page.tokens = undefined;
  // the user comes back, unless somebody else is there
  page.signedIn ??= { user: page.calls[0]?.user ?? "ada", exp: Infinity };
  await world.advance(600);
  await Promise.all(commands);
  await world.advance(60);
  const { name } = page.session.state();
  const isFine = ["idle", "live", "completing", "held", "over"].includes(name);
  assert(isFine, `still ${name}`);
  if (name === "live" || name === "completing") {
    const { session_id, user } = page.calls.at(-1)!;
    assert.equal(world.live(user)?.session_id, session_id);
    assert(!("trouble" in page.session.state()), "still in trouble");
  }
}

/** Trouble and recovery alternate; a session starts before anything else. */
function checkEvents({ events }: Page) {
  let isTroubled = false;
  for (const { name } of events) {
    if (name === "trouble") {
      assert(!isTroubled, "trouble twice");
      isTroubled = true;
    }
    if (name === "recovered") {
      assert(isTroubled, "recovered from nothing");
      isTroubled = false;
    }
    if (name === "lost" || name === "ended") isTroubled = false;
  }
}

/** No command says that it succeeded where the state says otherwise. */
function checkOutcomes(outcomes: unknown[]) {
  for (const outcome of outcomes) {
    const { state, error } = outcome as Awaited<
      ReturnType<Page["session"]["start"]>
    >;
    if (error) continue;
    assert(["live", "completing", "over"].includes(state.name), state.name);
  }
}
