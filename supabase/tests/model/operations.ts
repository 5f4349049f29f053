// Random programs: what users, their clients, an operator and the time do, in
// words that stay meaningful when fast-check leaves some of it out. Which
// session is meant is said by its standing ("own", "ended"), not by its id.
import fc from "fast-check";
import type { Micros, Settings } from "./model.ts";

/** Which session_id a call is made with. */
export type Which =
  | "own"
  | "fresh"
  | "ended"
  | "first ever"
  | "somebody else's"
  | { bad: string | null };

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
  }
  | { do: "heartbeat" | "complete"; who: number; which: Which }
  | { do: "end"; who: number; which: Which; reason: string | null }
  | { do: "holds"; who: number; which: Which; fence: WhichFence }
  | { do: "revoke"; who: number; note: string | null; by: number | null }
  | { do: "reap"; batch_size: number | null; dry_run: boolean | null }
  | { do: "select" | "delete user" | "create user"; who: number }
  | { do: "change settings"; settings: Settings }
  | { do: "let pass"; seconds: number }
  | {
    do: "let pass until";
    who: number;
    end: "lease" | "deadline" | "retention";
    seconds: number;
  };

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
};

/** How many users a program is about. */
export const userCount = 3;

const who = fc.nat({ max: userCount - 1 });

const badIds = fc.constantFrom<Which>(
  { bad: null },
  { bad: "" },
  { bad: "x".repeat(129) },
  { bad: "two\nlines" },
);

const whichToStart = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Which>("fresh") },
  { weight: 4, arbitrary: fc.constant<Which>("own") },
  { weight: 3, arbitrary: fc.constant<Which>("ended") },
  { weight: 1, arbitrary: fc.constant<Which>("first ever") },
  { weight: 2, arbitrary: fc.constant<Which>("somebody else's") },
  { weight: 1, arbitrary: badIds },
);

const whichToUse = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Which>("own") },
  { weight: 3, arbitrary: fc.constant<Which>("ended") },
  { weight: 1, arbitrary: fc.constant<Which>("first ever") },
  { weight: 2, arbitrary: fc.constant<Which>("somebody else's") },
  { weight: 1, arbitrary: fc.constant<Which>("fresh") },
  { weight: 1, arbitrary: badIds },
);

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

const settings: fc.Arbitrary<Settings> = fc.record({
  lease: fc.constantFrom(10, 120, 300, 1000).map((s) => s * second),
  max_duration: fc.constantFrom(5, 120, 900).map((s) => s * second),
  completing_grace: fc.constantFrom(2, 60, 900).map((s) => s * second),
  history_retention: fc.constantFrom(minute, 60 * minute, 90 * day),
});

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("start" as const),
      who,
      which: whichToStart,
      takeover: fc.oneof(
        { weight: 19, arbitrary: fc.boolean() },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      device,
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant("heartbeat" as const),
      who,
      which: whichToUse,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("complete" as const),
      who,
      which: whichToUse,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      who,
      which: whichToUse,
      reason: fc.constantFrom(
        ...[null, "completed", "disconnected", "cleared", "taken_over"],
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("holds" as const),
      who,
      which: whichToUse,
      fence: fc.constantFrom<WhichFence>("any", "right", "wrong"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("revoke" as const),
      who,
      note: fc.constantFrom(null, "He asked for it.", "x".repeat(1001)),
      by: fc.option(who),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("reap" as const),
      batch_size: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(1, 2, 1000) },
        { weight: 1, arbitrary: fc.constantFrom(0, -1, null) },
      ),
      dry_run: fc.oneof(
        { weight: 14, arbitrary: fc.nat({ max: 4 }).map((n) => n === 0) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("select" as const), who }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("delete user" as const), who }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("create user" as const), who }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("change settings" as const),
      settings,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("let pass" as const),
      seconds: fc.oneof(
        fc.constantFrom(1, 30, 299, 301, 901, 86_400),
        fc.nat({ max: 60 }),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("let pass until" as const),
      who,
      end: fc.constantFrom("lease", "lease", "deadline", "retention"),
      seconds: fc.constantFrom(-2, -1, -1, 0, 1),
    }),
  },
);

/** Programs for one client after the other. */
export const programs: fc.Arbitrary<Operation[]> = fc.array(operation, {
  minLength: 1,
  maxLength: 80,
  size: "max",
});
