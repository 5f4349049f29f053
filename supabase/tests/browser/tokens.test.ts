// What shows who somebody is does not last for ever: an access token runs out, and
// the refresh token that would renew it may be gone as well.
import assert from "node:assert/strict";
import { speaksPlainly } from "./inspect.ts";
import {
  type Device,
  failedSaves,
  inAnInterview,
  keys,
  onAComputer,
  type Person,
  recordMessages,
  type Scene,
  storiesOfThisFile,
  type Tab,
  until,
} from "./support.ts";

const story = storiesOfThisFile({
  times: { lease: "60 s", heartbeat_every: "20 s" },
  atOnce: 4,
});

interface InAnInterview extends Pick<Device, "tab" | "newTab"> {
  scene: Scene;
  person: Person;
}

/** All that a page says of itself while nothing is wrong. */
const nothingWrong = ["Connected Your answers are saved while you write."];

/** The access token that the page has now. */
function tokenOf({ page }: Tab): Promise<string> {
  return page.evaluate(() =>
    JSON.parse(
      Object.entries(localStorage)
        .find(([name]) => name.endsWith("-auth-token"))![1],
    ).access_token
  );
}

/** Puts a token in place of the page's that has been of no use for an hour. */
async function spoilToken(
  tab: Tab,
  { project }: Scene,
  o: { pageKnows: boolean },
) {
  const token = project.expiredToken(await tokenOf(tab));
  await tab.page.evaluate(([token, pageKnows]) => {
    const key = Object.keys(localStorage)
      .find((name) => name.endsWith("-auth-token"))!;
    const session = JSON.parse(localStorage.getItem(key)!);
    session.access_token = token;
    if (pageKnows) session.expires_at = Math.floor(Date.now() / 1000) - 3600;
    localStorage.setItem(key, JSON.stringify(session));
    dispatchEvent(new Event("online"));
  }, [token, o.pageKnows] as const);
}

/** Waits until the API takes this token no longer, as it did at first. */
async function untilRefused({ network }: Scene, token: string) {
  const ask = async () => {
    const url = `${network.url}/rest/v1/active_interview_sessions`;
    const headers = {
      apikey: keys.publishable,
      authorization: `Bearer ${token}`,
    };
    const response = await fetch(url, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await ask(), 200);
  await until("the token is refused", async () => await ask() === 401);
}

/** The interview goes on as if nothing had been: heard from, saved, handed in. */
async function goesOn(scene: Scene, tab: Tab, person: Person) {
  const before = (await scene.live(person))!;
  await until(
    "it is heard from",
    async () => (await scene.live(person))!.updated_at > before.updated_at,
  );
  await tab.write(1, "Goes on");
  await tab.answerIs(1, "Saved");
  assert.deepEqual(await scene.saved(person), ["Goes on"]);
  const after = await scene.live(person);
  assert.equal(after?.session_id, before.session_id);
  assert.equal(after?.fence, before.fence);
  await speaksPlainly(tab);
}

/** How heartbeats were answered. */
function heartbeats({ network }: Scene): Set<number> {
  return new Set(
    network.calls
      .filter(({ name }) => name === "POST /rest/v1/rpc/heartbeat_session")
      .map(({ status }) => status),
  );
}

for (
  const { isAsleep, title } of [
    {
      isAsleep: false,
      title: "an interview that is longer than its access token",
    },
    {
      isAsleep: true,
      title: "the access token runs out while the laptop sleeps",
    },
  ]
) {
  story(
    `${title}: heartbeats are answered, answers are saved, and the candidate notices nothing`,
    async (scene) => {
      await scene.ownApi({ tokensLast: 5 });
      const { tab, person, sleep, wake } = await onAComputer(scene);
      const session = await scene.live(person);
      const sayings = await recordMessages(tab);
      const token = await tokenOf(tab);

      if (isAsleep) sleep();
      await untilRefused(scene, token);
      if (isAsleep) wake();

      await goesOn(scene, tab, person);
      assert.equal((await scene.live(person))?.session_id, session?.session_id);
      assert.notEqual(await tokenOf(tab), token);
      assert.deepEqual(heartbeats(scene), new Set([200]));
      assert.deepEqual(await sayings(), nothingWrong);
      await tab.submit();
    },
  );
}

for (
  const { pageKnows, title } of [
    { pageKnows: true, title: "the access token runs out in mid-interview" },
    {
      pageKnows: false,
      title: "the access token runs out before the page's slow clock says so",
    },
  ]
) {
  story(
    `${title}: it is renewed, and the candidate notices nothing`,
    async (scene) => {
      const { tab, person } = await inAnInterview(scene);
      const sayings = await recordMessages(tab);
      const renewals = () =>
        scene.network.calls.filter(({ name, status }) =>
          name === "POST /auth/v1/token" && status === 200
        ).length;
      assert.equal(renewals(), 0);

      await spoilToken(tab, scene, { pageKnows });

      await until("it is renewed", () => renewals() > 0);
      await goesOn(scene, tab, person);
      // who believes that the token is good finds out by being refused
      assert.equal(heartbeats(scene).has(401), !pageKnows);
      assert.deepEqual(await sayings(), nothingWrong);
    },
  );
}

for (
  const { title, signOut } of [
    {
      title: "signed out in another window",
      async signOut({ newTab }: InAnInterview) {
        const other = await newTab();
        await other.open();
        await other.press("Sign out");
      },
    },
    {
      title: "signed out of every device, elsewhere",
      async signOut({ scene, tab, person }: InAnInterview) {
        const client = await scene.project.signIn(person);
        const { error } = await client.auth.signOut({ scope: "global" });
        assert.equal(error, null);
        // nobody can tell as long as the access token is good
        await tab.write(2, "Still heard");
        await tab.answerIs(2, "Saved");
        await spoilToken(tab, scene, { pageKnows: true });
      },
    },
  ]
) {
  story(
    `${title}, in mid-interview: the page says so, keeps the answers, and saves them after signing in again`,
    async (scene) => {
      const { tab, newTab, person } = await inAnInterview(scene);
      await tab.write(1, "Before");
      await tab.answerIs(1, "Saved");
      const session = await scene.live(person);

      await signOut({ scene, tab, newTab, person });

      await tab.sees(
        "You have been signed out",
        "Go on; your answers are kept on this page. Sign in again to have them saved.",
      );
      await tab.write(3, "Written while signed out");
      await tab.answerIs(3, "Kept on this page");
      await tab.connectionIs("Signed out");
      await speaksPlainly(tab);
      const before = await scene.saved(person);
      assert(!before.includes("Written while signed out"));
      await tab.signIn(person);

      await tab.connectionIs("Connected");
      const tries = failedSaves(scene).length;
      assert(tries < 10, `${tries} tries to save it`);
      await tab.seesNoMore("You have been signed out");
      await tab.answerIs(3, "Saved");
      assert.deepEqual(await scene.saved(person), [
        ...before,
        "Written while signed out",
      ]);
      assert.equal((await scene.live(person))?.session_id, session?.session_id);
      await tab.submit();
      assert.deepEqual(await scene.ended(person), [{
        session_id: session!.session_id,
        end_reason: "completed",
      }]);
    },
  );
}
