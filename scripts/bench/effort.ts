// How much of everything is measured.

/** What a run takes on. */
export interface Effort {
  name: "full" | "quick" | "smoke";
  /** Number of turns of each party. */
  rounds: number;
  /** How long a turn should last. */
  turnSeconds: number;
  /** Numbers of concurrent clients. */
  clients: number[];
  /** Users whose sessions are started in one turn, at most. */
  users: number;
  /** Numbers of live sessions, ascending. */
  live: number[];
  /** Whole interviews in a turn, at one client. */
  interviews: number;
  /** Heartbeats: of how many sessions, and for how many hours. */
  heartbeats: { sessions: number; hours: number };
  /** Stale sessions that are reaped while others start theirs. */
  stale: number;
  /** Stale sessions that cannot be moved. */
  stuck: number;
  /** Numbers of rows in the history, ascending. */
  history: number[];
}

/** For the document. */
export const full: Effort = {
  name: "full",
  rounds: 5,
  turnSeconds: 0.4,
  clients: [1, 8, 64],
  users: 20_000,
  live: [1_000, 10_000, 100_000, 1_000_000],
  interviews: 60,
  heartbeats: { sessions: 300, hours: 10 },
  stale: 100_000,
  stuck: 100_000,
  history: [10_000, 10_000_000],
};

/** For CI: does it run, and is nothing grossly wrong? */
export const quick: Effort = {
  name: "quick",
  rounds: 2,
  turnSeconds: 0.1,
  clients: [1, 8],
  users: 4_000,
  live: [1_000, 10_000],
  interviews: 5,
  heartbeats: { sessions: 100, hours: 0.5 },
  stale: 5_000,
  stuck: 20_000,
  history: [10_000, 200_000],
};

/** For a test of the benchmark itself. */
export const smoke: Effort = {
  ...quick,
  name: "smoke",
  rounds: 1,
  turnSeconds: 0.01,
  clients: [1],
  users: 200,
  live: [100, 200],
  interviews: 2,
  heartbeats: { sessions: 10, hours: 0.05 },
  stale: 1_000,
  stuck: 500,
  history: [1_000, 5_000],
};
