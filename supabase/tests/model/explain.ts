// Compares the answers of the database with the model, to the microsecond. When
// the database read the clock is taken from the answer if it shows there; else it
// is one end of the time that the call took. In between at most one thing happens
// to a user without a call: the lease runs out.
import { isDeepStrictEqual } from "node:util";
import {
  type Answer,
  type Call,
  type Known,
  type Micros,
  type Outcome,
  outcomeOf,
  type Settings,
  type User,
} from "./model.ts";

/** Calls of one transaction, usually one, that were made. */
export interface Made {
  calls: Call[];
  /** One for each call, up to the first refusal. */
  answers: Answer[];
  /** The time they took, by the clock that the database reads. */
  window: Window;
}

/** From when to when. */
export interface Window {
  from: Micros;
  to: Micros;
}

/**
 * The user after the calls, if the model can explain all answers. If several
 * times explain an answer, the earliest counts: the next call will notice what
 * this one did not.
 */
export function explanation(
  { calls, answers, window }: Made,
  before: User,
  settings: Settings,
): User | undefined {
  let user = before;
  for (const [i, answer] of answers.entries()) {
    const outcome = expectedOf(calls[i], answer, window, user, settings)
      .find((expected) =>
        isDeepStrictEqual(expected.answer, answer) &&
        isLawful(user, expected.user)
      );
    if (!outcome) return undefined;
    // a refusal undoes what the transaction has done before
    const isUndone = i > 0 && "refusal" in answer;
    user = isUndone ? before : outcome.user;
  }
  return user;
}

/** What the model expects: at the time that the answer shows, if it does. */
export function likeliestOf(
  { calls: [call], answers: [answer], window }: Made,
  user: User,
  settings: Settings,
): Outcome {
  const expected = expectedOf(call, answer, window, user, settings);
  return expected[Math.floor(expected.length / 2)];
}

/** One for each time at which the database may have read the clock. */
function expectedOf(
  call: Call,
  answer: Answer,
  { from, to }: Window,
  user: User,
  settings: Settings,
): Outcome[] {
  const known: Omit<Known, "now"> = {
    fence: "active" in answer && answer.active ? answer.active.fence : NaN,
    reached: "ended" in answer && answer.ended.length > 0,
  };
  return [from, ...shownTimes(answer, user), to]
    .filter((now) => now >= from && now <= to)
    .map((now) => outcomeOf(call, user, settings, { ...known, now }));
}

/** Times under a lock do not decrease, and fences only grow (B4). */
function isLawful(before: User, after: User): boolean {
  const isGrant = after.live !== null &&
    after.live.session_id !== before.live?.session_id;
  return after.writtenAt >= before.writtenAt &&
    after.lockedAt >= before.lockedAt &&
    (!isGrant || after.fence > before.fence);
}

function shownTimes(answer: Answer, user: User): Micros[] {
  if ("written_at" in answer && answer.written_at) return [answer.written_at];
  if ("active" in answer && answer.active) return [answer.active.updated_at];
  if ("ended" in answer) return answer.ended.map((row) => row.ended_at);
  if ("refusal" in answer && answer.refusal === "PT409" && user.live) {
    const { expires_in } = answer.detail as { expires_in: number };
    return [user.live.expires_at - expires_in * 1_000_000];
  }
  return [];
}
