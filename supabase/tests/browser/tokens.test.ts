// Access tokens expire, and the refresh token that would renew one may be gone as
// well. No test waits for a token to expire: the network replaces it by one that
// has, on its way to the API.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { speaksPlainly } from "./inspect.ts";
import {
  checkNow,
  type Device,
  inAnInterview,
  isKept,
  isSaved,
  keys,
  onAComputer,
  type Person,
  recordMessages,
  type Scene,
  stopClock,
  storiesOfThisFile,
  type Tab,
  triesToSave,
  until,
} from "./support.ts";

const story = storiesOfThisFile({ atOnce: 4 });

interface InAnInterview extends Pick<Device, "tab" | "newTab"> {
  scene: Scene;
  person: Person;
}

/** All that a page says while nothing is wrong. */
const nothingWrong = ["Connected"];

/** The page's current access token. */
function tokenOf({ page }: Tab): Promise<string> {
  return page.evaluate(() =>
    JSON.parse(
      Object.entries(localStorage)
        .find(([name]) => name.endsWith("-auth-token"))![1],
    ).access_token
  );
}

/** Replaces the page's token by one that expired an hour ago. */
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

/** Lets the token expire, for the API; it was good before. */
async function expire(token: string, { network, project }: Scene) {
  const statusOfARead = async () => {
    const url = `${network.url}/rest/v1/active_interview_sessions`;
    const headers = {
      apikey: keys.publishable,
      authorization: `Bearer ${token}`,
    };
    const response = await fetch(url, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await statusOfARead(), 200);
  // a token issued in the same second would be the same token
  const { iat } = JSON.parse(
    `${Buffer.from(token.split(".")[1], "base64url")}`,
  );
  await until("a second has passed", () => Date.now() >= (iat + 1) * 1000);
  network.replaceToken(token, project.expiredToken(token));
  assert.equal(await statusOfARead(), 401);
}

/** The interview continues: a heartbeat is answered, an answer is saved. */
async function continues(scene: Scene, tab: Tab, person: Person) {
  const before = (await scene.live(person))!;
  await checkNow(tab);
  await until(
    "a heartbeat is answered",
    async () => (await scene.live(person))!.updated_at > before.updated_at,
  );
  await tab.write(1, "Continued");
  await tab.answerIs(1, isSaved);
  assert.deepEqual(await scene.saved(person), ["Continued"]);
  const after = await scene.live(person);
  assert.equal(after?.session_id, before.session_id);
  assert.equal(after?.fence, before.fence);
  await speaksPlainly(tab);
}

/** The statuses with which heartbeats were answered. */
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
      title: "an interview longer than its access token",
    },
    {
      isAsleep: true,
      title: "the access token expires while the laptop sleeps",
    },
  ]
) {
  story(
    `${title}: heartbeats are answered, answers are saved, and the candidate notices nothing`,
    async (scene) => {
      // supabase-js renews a token whose last minute and a half has begun
      await scene.ownApi({ tokensLast: 60 });
      const { tab, person, sleep, wake } = await onAComputer(scene);
      const session = await scene.live(person);
      const messages = await recordMessages(tab);
      const token = await tokenOf(tab);

      if (isAsleep) sleep();
      await expire(token, scene);
      if (isAsleep) wake();

      await continues(scene, tab, person);
      assert.equal((await scene.live(person))?.session_id, session?.session_id);
      assert.notEqual(await tokenOf(tab), token);
      assert.deepEqual(heartbeats(scene), new Set([200]));
      assert.deepEqual(await messages(), nothingWrong);
      await tab.submit();
    },
  );
}

for (
  const { pageKnows, title } of [
    { pageKnows: true, title: "the access token expires in mid-interview" },
    {
      pageKnows: false,
      title: "the access token expires before the page's slow clock says so",
    },
  ]
) {
  story(
    `${title}: it is renewed, and the candidate notices nothing`,
    async (scene) => {
      const { tab, person } = await inAnInterview(scene);
      const messages = await recordMessages(tab);
      const renewals = () =>
        scene.network.calls.filter(({ name, status }) =>
          name === "POST /auth/v1/token" && status === 200
        ).length;
      assert.equal(renewals(), 0);

      await spoilToken(tab, scene, { pageKnows });

      await until("it is renewed", () => renewals() > 0);
      await continues(scene, tab, person);
      // the client reads the server's clock, not the page's
      assert.deepEqual(heartbeats(scene), new Set([200]));
      assert.deepEqual(await messages(), nothingWrong);
    },
  );
}

/** Ten seconds pass for the page. */
async function triesAtMostOnceASecond(tab: Tab) {
  await stopClock(tab);
  const tries = await triesToSave(10, tab);
  assert(tries.length > 1, `${tries.length} tries`);
  const pauses = tries.slice(1).map((at, i) => at - tries[i]);
  assert(pauses.every((ms) => ms > 1_000), `tried after ${pauses} ms`);
  await tab.page.clock.resume();
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
        // nobody notices as long as the access token is good
        await tab.write(2, "Still heard");
        await tab.answerIs(2, isSaved);
        await spoilToken(tab, scene, { pageKnows: true });
      },
    },
  ]
) {
  story(
    `${title}, in mid-interview: the page says so, keeps the answers, and saves them after signing in again`,
    async (scene) => {
      const { tab, newTab, person } = await inAnInterview(scene, {
        hasTestClock: true,
      });
      await tab.write(1, "Before");
      await tab.answerIs(1, isSaved);
      const session = await scene.live(person);

      await signOut({ scene, tab, newTab, person });

      await tab.sees(
        "You have been signed out",
        "Continue. Sign in again to save your answers.",
      );
      await tab.write(3, "Written while signed out");
      await tab.answerIs(3, isKept);
      await tab.connectionIs("Signed out");
      await speaksPlainly(tab);
      const before = await scene.saved(person);
      assert(!before.includes("Written while signed out"));
      await triesAtMostOnceASecond(tab);
      await tab.signIn(person);

      await tab.connectionIs("Connected");
      await tab.seesNoMore("You have been signed out");
      await tab.answerIs(3, isSaved);
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
