// Random programs: what users, their clients and an operator do, and time. A step
// names a session or an interview by its role ("own", "ended"), not by its id, so
// that a program still makes sense when fast-check leaves out other steps.
import fc from "fast-check";
import type { Micros, Settings } from "./model.ts";

/** Which session_id a call is made with. */
export type Which =
  | "own"
  | "fresh"
  | "ended"
  | "first ever"
  | "ended early"
  | "somebody else's"
  | { bad: string | null };

/** Which interview_id a call is made with: one of a few, or a bad one. */
export type WhichInterview = number | null | { bad: string | null };

/** Which fence is asked for. */
export type WhichFence = "any" | "right" | "wrong";

/** A step of a program; `who` is a number that names a user. */
export type Operation =
  | {
    do: "start";
    who: number;
    which: Which;
    takeover: boolean | null;
    device: string | null;
    interview: WhichInterview;
  }
  | { do: "heartbeat" | "complete"; who: number; which: Which }
  | { do: "end"; who: number; which: Which; reason: string | null }
  | {
    do: "holds" | "user holds";
    who: number;
    which: Which;
    fence: WhichFence;
    interview: WhichInterview;
  }
  | {
    do: "extend";
    who: number;
    interview: WhichInterview;
    seconds: number | null;
    note: string | null;
    operator: number | null;
  }
  | { do: "revoke"; who: number; note: string | null; operator: number | null }
  | { do: "reap"; batch_size: number | null; dry_run: boolean | null }
  | {
    do:
      | "select live"
      | "select history"
      | "select interviews"
      | "delete user"
      | "create user";
    who: number;
  }
  | { do: "change settings"; settings: Settings }
  | { do: "let pass"; seconds: number }
  | {
    do: "let pass until";
    who: number;
    end: End;
    seconds: number;
  };

/** Times at which something changes. */
export type End =
  | "lease"
  | "deadline"
  | "interview"
  | "retention"
  | "retention of the interview"
  | "retention of the early end";

/** A second. */
export const second: Micros = 1_000_000;

const minute = 60 * second;
const day = 24 * 60 * minute;

/** What the migrations bring. */
export const defaultSettings: Settings = {
  lease: 5 * minute,
  max_duration: 15 * minute,
  completing_grace: 15 * minute,
  history_retention: 90 * day,
  takeover: "allowed",
};

/** How many users a program is about. */
export const userCount = 3;

/** How many interviews a user may have. */
export const interviewCount = 3;

const who = fc.nat({ max: userCount - 1 });

/** Each value as often as its weight says. */
function weighted<T>(...values: (readonly [weight: number, value: T])[]) {
  return fc.oneof(
    ...values.map(([weight, value]) => ({
      weight,
      arbitrary: fc.constant(value),
    })),
  );
}

const badIds: [number, { bad: string | null }][] = [
  [1, { bad: "" }],
  [1, { bad: "x".repeat(129) }],
  [1, { bad: "two\nlines" }],
];

const whichToStart = weighted<Which>(
  [48, "fresh"],
  [16, "own"],
  [12, "ended"],
  [6, "first ever"],
  [6, "ended early"],
  [8, "somebody else's"],
  [1, { bad: null }],
  ...badIds,
);

const whichToUse = weighted<Which>(
  [80, "own"],
  [12, "ended"],
  [6, "first ever"],
  [8, "fresh"],
  [4, "ended early"],
  [8, "somebody else's"],
  [1, { bad: null }],
  ...badIds,
);

const interviews: [number, WhichInterview][] = [
  [30, 0],
  [8, 1],
  [2, 2],
];

const device = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(null, "Chrome on Windows") },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "",
      "Zoë's 'phone' \\ \u{1F4F1}",
      "x".repeat(200),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("x".repeat(201), "two\nlines") },
);

const note = fc.constantFrom(null, "For operators only.", "x".repeat(1001));

const settings: fc.Arbitrary<Settings> = fc.record({
  lease: fc.constantFrom(10, 120, 300, 1000).map((s) => s * second),
  max_duration: fc.constantFrom(5, 120, 900).map((s) => s * second),
  // longer than the shortest retention, too
  completing_grace: fc.constantFrom(2, 60, 900, 200_000).map((s) => s * second),
  history_retention: fc.constantFrom(day, 2 * day, 90 * day),
  takeover: weighted<Settings["takeover"]>([3, "allowed"], [1, "refused"]),
});

/** A step that is chosen as often as its weight says. */
function step<T extends Operation["do"], O>(
  weight: number,
  name: T,
  rest: { [K in keyof O]: fc.Arbitrary<O[K]> },
) {
  return {
    weight,
    arbitrary: fc.record<O>(rest).map((args) => ({ do: name, ...args })),
  };
}

const ofASession = {
  who,
  which: whichToUse,
  fence: fc.constantFrom<WhichFence>("any", "right", "wrong"),
  interview: weighted<WhichInterview>([40, null], ...interviews),
};

const operation = fc.oneof(
  step(12, "start", {
    who,
    which: whichToStart,
    takeover: weighted<boolean | null>([19, true], [19, false], [1, null]),
    device,
    interview: weighted<WhichInterview>([20, null], ...interviews, ...badIds),
  }),
  step(7, "heartbeat", { who, which: whichToUse }),
  step(4, "complete", { who, which: whichToUse }),
  step(6, "end", {
    who,
    which: whichToUse,
    reason: weighted<string | null>(
      [2, null],
      [4, "completed"],
      [1, "disconnected"],
      [1, "cleared"],
      [1, "taken_over"],
    ),
  }),
  step(3, "holds", ofASession),
  step(2, "user holds", ofASession),
  step(4, "extend", {
    who,
    interview: weighted<WhichInterview>(
      ...interviews,
      [1, { bad: null }],
      ...badIds,
    ),
    seconds: weighted<number | null>(
      [12, 300],
      [12, 3],
      [3, 86_400],
      [2, 365 * 86_400],
      [1, 365 * 86_400 + 1],
      [1, 0],
      [1, -60],
      [1, null],
    ),
    note,
    operator: fc.option(who),
  }),
  step(2, "revoke", { who, note, operator: fc.option(who) }),
  step(5, "reap", {
    batch_size: weighted<number | null>(
      ...[[6, 1], [6, 2], [6, 1000], [1, 0], [1, -1], [1, 10_001]] as const,
      [1, null],
    ),
    dry_run: weighted<boolean | null>([3, true], [11, false], [1, null]),
  }),
  step(2, "select live", { who }),
  step(2, "select history", { who }),
  step(2, "select interviews", { who }),
  step(1, "delete user", { who }),
  step(4, "create user", { who }),
  step(2, "change settings", { settings }),
  step(3, "let pass", {
    seconds: fc.oneof(
      fc.constantFrom(1, 30, 299, 301, 901, 86_400),
      fc.nat({ max: 60 }),
    ),
  }),
  step(4, "let pass until", {
    who,
    end: weighted<End>(
      ...[[3, "lease"], [2, "deadline"], [2, "interview"]] as const,
      ...[[2, "retention"], [2, "retention of the interview"]] as const,
      [1, "retention of the early end"],
    ),
    seconds: fc.constantFrom(-2, -1, -1, 0, 1),
  }),
);

/** Programs of one step after the other. */
export const programs: fc.Arbitrary<Operation[]> = fc.array(operation, {
  minLength: 1,
  maxLength: 80,
  size: "max",
});
