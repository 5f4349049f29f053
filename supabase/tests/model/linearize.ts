// Is there an order of the calls that explains what several clients were answered
// at the same time? An order in which a call that was answered before another was
// made comes before it, and in which the model gives every answer.
import { explanation, type Made } from "./explain.ts";
import type { Settings, User } from "./model.ts";

/** A transaction about a user, and when it was under way. */
export interface Recorded extends Made {
  /** Before it was sent; in milliseconds of any clock. */
  invoked: number;
  /** After its last answer; by the same clock. */
  responded: number;
}

/** An order that explains the calls, and the user after it. */
export interface Order {
  calls: Recorded[];
  user: User;
}

/** Looks for such an order; undefined if there is none. */
export function orderOf(
  calls: Recorded[],
  user: User,
  settings: Settings,
): Order | undefined {
  const deadEnds = new Set<string>();

  const search = (before: User, done: Recorded[]): Order | undefined => {
    const left = calls.filter((call) => !done.includes(call));
    if (left.length === 0) return { calls: done, user: before };
    const here = JSON.stringify([
      left.map((call) => calls.indexOf(call)),
      before,
    ]);
    if (deadEnds.has(here)) return undefined;
    // a call that was made after another was answered cannot be next
    const latest = Math.min(...left.map(({ responded }) => responded));
    for (const call of left.filter(({ invoked }) => invoked <= latest)) {
      const after = explanation(call, before, settings);
      const order = after && search(after, [...done, call]);
      if (order) return order;
    }
    deadEnds.add(here);
    return undefined;
  };

  const byAnswer = calls.toSorted((a, b) => a.responded - b.responded);
  calls = byAnswer;
  return search(user, []);
}
