// Compares what the database answered with the model, to the microsecond: the
// time at which it looked at its clock is taken from the answer where it shows,
// and otherwise is one of the ends of the time that the call took. Between those
// two at most one thing happens to a user by itself: the lease runs out.
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

/** A call that was made. */
export interface Made {
  call: Call;
  answer: Answer;
  /** The time it took, by the clock that the database reads. */
  window: { from: Micros; to: Micros };
}

/**
 * The user after the call, if the model can explain its answer. Of several ways
 * the one that looked at the clock first: what it has not yet noticed to be over
 * the next call will.
 */
export function explanation(
  made: Made,
  user: User,
  settings: Settings,
): User | undefined {
  return expectedOf(made, user, settings).find((outcome) =>
    isDeepStrictEqual(outcome.answer, made.answer) &&
    isLawful(user, outcome.user)
  )?.user;
}

/** What the model would have done: at the time that shows, if one does. */
export function likeliestOf(
  made: Made,
  user: User,
  settings: Settings,
): Outcome {
  const expected = expectedOf(made, user, settings);
  return expected[Math.floor(expected.length / 2)];
}

/** One for each time at which the database may have looked at its clock. */
function expectedOf(
  { call, answer, window }: Made,
  user: User,
  settings: Settings,
): Outcome[] {
  const known: Omit<Known, "now"> = {
    fence: "active" in answer && answer.active ? answer.active.fence : NaN,
    reached: "ended" in answer && answer.ended.length > 0,
  };
  const { from, to } = window;
  return [from, ...shownTimes(answer, user), to]
    .filter((now) => now >= from && now <= to)
    .map((now) => outcomeOf(call, user, settings, { ...known, now }));
}

/** Rule 1 of the SQL, time does not go back, and B4, fences only grow. */
function isLawful(before: User, after: User): boolean {
  const isGrant = after.live !== null &&
    after.live.session_id !== before.live?.session_id;
  return after.writtenAt >= before.writtenAt &&
    (!isGrant || after.fence > before.fence);
}

function shownTimes(answer: Answer, user: User): Micros[] {
  if ("active" in answer && answer.active) return [answer.active.updated_at];
  if ("ended" in answer) return answer.ended.map((row) => row.ended_at);
  if ("refusal" in answer && answer.refusal === "PT409" && user.live) {
    const { expires_in } = answer.detail as { expires_in: number };
    return [user.live.expires_at - expires_in * 1_000_000];
  }
  return [];
}
