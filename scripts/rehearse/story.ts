// The story: Ada's browser crashes and she comes back; Ben's crashes and nobody
// does. Two real users, a real API, and every answer held against the contract.
import { randomUUID } from "node:crypto";
import type { ActiveSession } from "./database.ts";
import {
  type Client,
  type Person,
  type Scene,
  sceneOn,
  type Stage,
} from "./scene.ts";
import {
  type Answer,
  duration,
  secondsFrom,
  short,
  type Telling,
} from "./telling.ts";

/** Plays it from the first step to the last. Throws where it goes wrong. */
export async function playStory(stage: Stage, telling: Telling) {
  const scene = sceneOn(stage, telling);
  scene.step("Two people sign up");
  const ada = await scene.signUp("Ada");
  const ben = await scene.signUp("Ben");
  await crashAndRecovery(scene, ada, ben);
  await crashAndNobody(scene, ben, stage);
}

/** Ada's part, with Ben beside her. */
async function crashAndRecovery(scene: Scene, ada: Person, ben: Person) {
  const { step, expect, say, granted } = scene;

  step("Ada starts an interview, in Chrome on Windows");
  const chrome = await scene.openBrowser(ada);
  const first = await scene.start(chrome, "Chrome on Windows");
  expect(
    `the session is hers; its grant has the fence ${first.fence}`,
    first.user_id === ada.id && first.status === "active",
  );
  const beat = await granted(
    `heartbeat_session  session ${short(first.session_id)}`,
    () => chrome.rpc("heartbeat_session", { session_id: first.session_id }),
  );
  expect(
    "a heartbeat renews the lease, and nothing else",
    beat.session_id === first.session_id && beat.fence === first.fence &&
      Date.parse(beat.expires_at) >= Date.parse(first.expires_at),
  );

  step("Her browser crashes");
  say("Nothing is asked and nothing answered: a crash tells nobody.");

  step("She opens the page again, in Firefox on Linux");
  const firefox = await scene.openBrowser(ada);
  const leftOver = await scene.ownSession(firefox);
  expect(
    "it is the session that she left",
    JSON.stringify(leftOver) === JSON.stringify(beat),
  );
  const age = duration(
    secondsFrom(first.created_at, new Date().toISOString()),
  );
  say(
    `The page says: Previous session detected. You began an interview on ` +
      `${first.device}, ${age} ago.`,
  );

  step("She starts without a word about the other session");
  const wanted = {
    session_id: randomUUID(),
    device: "Firefox on Linux",
  };
  await isRefusedAsHeld(scene, firefox, wanted, first);

  step("One click: she takes over");
  const taken = await granted(
    `start_session  session ${short(wanted.session_id)}, takeover`,
    () => firefox.rpc("start_session", { ...wanted, takeover: true }),
  );
  expect(
    `it is granted, with a higher fence: ${taken.fence}`,
    taken.session_id === wanted.session_id && taken.fence > first.fence,
  );
  expect(
    "it knows which session it took over",
    taken.previous_session_id === first.session_id,
  );

  step("The zombie: Chrome had only been asleep, and goes on");
  await isTurnedAway(scene, chrome, first);
  const untouched = await scene.ownSession(firefox);
  expect(
    "its successor is untouched, to the microsecond",
    JSON.stringify(untouched) === JSON.stringify(taken),
  );

  step("Ben starts an interview, in Safari on a Mac");
  const safari = await scene.openBrowser(ben);
  const bens = await scene.start(safari, "Safari on Mac");
  expect("nobody is in his way", bens.user_id === ben.id);
  const seen = await scene.ownSession(safari);
  expect("he sees his own session", seen?.session_id === bens.session_id);
  await cannotEnd(scene, firefox, bens);
  const isHeld = await granted(
    `holds_session  session ${short(bens.session_id)}, fence ${bens.fence}`,
    () =>
      safari.rpc("holds_session", {
        session_id: bens.session_id,
        fence: bens.fence,
      }),
  );
  expect("Ben holds it as before", isHeld === true);

  step("Ada submits her interview");
  await submit(scene, firefox, taken);
  await scene.end(safari, bens);
}

async function isRefusedAsHeld(
  { ask, expect }: Scene,
  client: Client,
  wanted: { session_id: string; device: string },
  holder: ActiveSession,
) {
  const answer = await ask(
    `start_session  session ${short(wanted.session_id)}, ` +
      `device "${wanted.device}"`,
    () => client.rpc("start_session", wanted),
  );
  const told = factsOf(answer);
  expect("it is refused with 409", isRefused(answer, 409));
  expect(
    "she is told which session holds, and on which device",
    told.session_id === holder.session_id && told.device === holder.device &&
      told.created_at === holder.created_at,
  );
  expect("and for how many seconds more", Number(told.expires_in) > 0);
}

/** Whatever the zombie tries. */
async function isTurnedAway(
  { ask, expect, granted }: Scene,
  zombie: Client,
  { session_id, fence }: ActiveSession,
) {
  for (const call of ["heartbeat_session", "complete_session"] as const) {
    const answer = await ask(
      `${call}  session ${short(session_id)}`,
      () => zombie.rpc(call, { session_id }),
    );
    expect(
      "it is refused with 410, and told that it was taken over",
      isRefused(answer, 410) && factsOf(answer).end_reason === "taken_over",
    );
  }
  const [ended] = await granted(
    `end_session  session ${short(session_id)}`,
    () => zombie.rpc("end_session", { session_id }),
  );
  expect(
    "it learns how it ended, and ends nothing",
    ended?.session_id === session_id && ended.end_reason === "taken_over",
  );
  const isHeld = await granted(
    `holds_session  session ${short(session_id)}, fence ${fence}`,
    () => zombie.rpc("holds_session", { session_id, fence }),
  );
  expect("the guard of the app's own tables keeps it out", isHeld === false);
}

async function cannotEnd(
  { expect, granted }: Scene,
  stranger: Client,
  { session_id }: ActiveSession,
) {
  const rows = await granted(
    `end_session  session ${short(session_id)}, asked by Ada`,
    () => stranger.rpc("end_session", { session_id }),
  );
  expect("somebody else's session she cannot end", rows.length === 0);
}

async function submit(
  { expect, granted }: Scene,
  client: Client,
  { session_id }: ActiveSession,
) {
  const completing = await granted(
    `complete_session  session ${short(session_id)}`,
    () => client.rpc("complete_session", { session_id }),
  );
  expect("the session is completing", completing.status === "completing");
  const [done] = await granted(
    `end_session  session ${short(session_id)}`,
    () => client.rpc("end_session", { session_id }),
  );
  expect("it ended as completed", done?.end_reason === "completed");
  const history = await granted(
    "select from interview_session_history",
    () => client.from("interview_session_history").select().order("fence"),
  );
  expect(
    "her history says how both of her sessions ended",
    history.map(({ end_reason }) => end_reason).join() ===
      "taken_over,completed",
  );
  expect(
    "they did not overlap",
    Date.parse(history[0].ended_at) <= Date.parse(history[1].started_at),
  );
}

/** Ben's part: the lease and the schedule do what nobody else does. */
async function crashAndNobody(
  scene: Scene,
  ben: Person,
  { shortLease }: Stage,
) {
  const { step, expect, say } = scene;

  step("Ben starts again, his browser crashes, and nobody comes back");
  const safari = await scene.openBrowser(ben);
  // for this session alone: on a slow machine another would run out between steps
  await shortLease.use();
  const left = await scene.start(safari, "Safari on Mac");
  const leaseMs = secondsFrom(left.updated_at, left.expires_at) * 1000;
  const leaseEnds = performance.now() + leaseMs;
  say("Nothing runs in his browser any more. The lease runs out by itself.");
  await scene.waitUntil(leaseEnds, "the end of the lease");
  const live = await scene.ownSession(safari);
  expect("the session is over, reaped or not", live === undefined);

  step("The scheduled reaper comes by");
  const swept = await scene.sweptBySchedule(safari, left);
  expect("the session has expired", swept.end_reason === "expired");
  expect(
    "it ended when its lease ran out, not when it was reaped",
    swept.ended_at === left.expires_at,
  );

  step("Ben starts at once");
  await shortLease.putBack();
  const again = await scene.start(safari, "Safari on Mac");
  expect(
    "nothing is in his way, and nothing was taken over",
    again.previous_session_id === null && again.fence > left.fence,
  );
  await scene.end(safari, again);
}

function isRefused({ status, error }: Answer<unknown>, wanted: number) {
  return status === wanted && error?.code === `PT${wanted}` &&
    error.message !== "";
}

function factsOf({ error }: Answer<unknown>): Record<string, unknown> {
  try {
    return JSON.parse(error?.details ?? "{}");
  } catch {
    return {};
  }
}
