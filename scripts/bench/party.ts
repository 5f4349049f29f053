// A party: somebody who does the same work in another way, as data.

/** What is asked of every party that can do it. */
export const operations = {
  start: "a session begins; none is live",
  heartbeat: "a live session lives on",
  complete: "a live session is submitted",
  end: "a live session ends",
  refusal: "a session begins while another is live, and is told no",
  takeover: "a session begins while another is live, and takes its place",
  guard: "a row of the app's own is written, for a live session",
  guard_100: "the same, a hundred rows in a statement",
} as const;

/** The name of one of them. */
export type Operation = keyof typeof operations;

/** Users by their numbers, and the turn that their session ids tell of. */
export interface Users {
  from: number;
  count: number;
  epoch: number;
}

/** What the parties differ in. */
export interface Party {
  name: string;
  /** What it is, and what it leaves undone. */
  what: string;
  /** Where live sessions are, if in a table. */
  table?: string;
  /** SQL in the party's own database, on top of the migrations. */
  setUp: string;
  /** SQL that leaves nobody with a live session. */
  clear: string;
  /** SQL that gives the users with these numbers one. */
  fill(users: Users): string;
  /** What pgbench runs for each; `nextUser` goes before it. */
  scripts: Partial<Record<Operation, string>>;
  /** As whom it connects: as the API does, unless told otherwise. */
  role?: string;
}
