// Short programs of several clients and a reaper at the same time, about few
// users: some order of the calls must explain all answers.
import { AssertionError } from "node:assert";
import fc from "fast-check";
import { randomSeed } from "./check.ts";
import {
  type Connection,
  type Database,
  difference,
  OutsideTheContract,
  type Reap,
} from "./database.ts";
import type { Window } from "./explain.ts";
import { orderOf, type Recorded } from "./linearize.ts";
import {
  type Answer,
  type Call,
  type Micros,
  newUser,
  remembered,
  type Settings,
} from "./model.ts";
import { defaultSettings, second } from "./operations.ts";
import { type Count, describeAnswer, describeCall } from "./telling.ts";

/** How many clients there are; the last of them only calls the reaper. */
export const clientCount = 6;

const userIds = [1, 2].map((n) => `0000000${n}-0000-4000-8000-00000000000c`);
const names = ["ada", "ben"];

/** What a client does in its turn: a call, a transaction of several, or a reap. */
export interface Turn {
  who: number;
  does: Call[] | Reap;
  /** How long it waits before. */
  waitMs: number;
  /** How long the transaction of a single call stays open. */
  holdMs: number;
}

/** What happens before, and what each client then does. */
export interface Round {
  settings: Settings;
  /** Calls one after the other, about each user, and time that passes then. */
  before: Call[];
  pass: Micros;
  clients: Turn[][];
}

// few ids, so that retries and calls of other pages come about
const session_id = fc.constantFrom("a", "a", "b", "c");

const interview_id = fc.constantFrom(null, "first", "first", "second");

const start = fc.record({
  name: fc.constant("start_session" as const),
  session_id,
  takeover: fc.boolean(),
  device: fc.constantFrom(null, "Chrome on Windows"),
  interview_id,
});

const use = fc.record({
  name: fc.constantFrom("heartbeat_session" as const, "complete_session"),
  session_id,
});

const end = fc.record({
  name: fc.constant("end_session" as const),
  session_id,
  reason: fc.constantFrom(null, "completed", "cleared"),
});

const look = fc.oneof(
  fc.record({
    name: fc.constantFrom("holds_session" as const, "user_holds_session"),
    session_id,
    fence: fc.constant(null),
    interview_id,
  }),
  fc.record({
    name: fc.constantFrom(
      "select_live" as const,
      "select_history",
      "select_interviews",
    ),
  }),
);

const operate = fc.oneof(
  fc.record({
    name: fc.constant("extend_interview" as const),
    interview_id: fc.constantFrom("first", "second"),
    by: fc.constantFrom(10 * second, 1000 * second),
    note: fc.constant(null),
    operator: fc.constant(null),
  }),
  fc.record({
    name: fc.constant("revoke_session" as const),
    note: fc.constant(null),
    operator: fc.constant(null),
  }),
);

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 8, arbitrary: start },
  { weight: 8, arbitrary: use },
  { weight: 4, arbitrary: end },
  { weight: 3, arbitrary: look },
  { weight: 3, arbitrary: operate },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Call>(
      { name: "delete_user" },
      { name: "create_user" },
    ),
  },
);

/** An interview, from its start to its end. */
const submitted: Call[] = [
  {
    name: "start_session",
    session_id: "a",
    takeover: false,
    device: null,
    interview_id: "first",
  },
  { name: "end_session", session_id: "a", reason: "completed" },
];

/** As an app makes them in a function of its own, to restart for example. */
const together: fc.Arbitrary<Call[]> = fc.oneof(
  fc.tuple(end, start),
  fc.tuple(use, end),
  fc.tuple(use, use),
  fc.tuple(start, use),
  fc.tuple(use, end, start),
);

const pauses = {
  waitMs: fc.constantFrom(0, 0, 0, 1, 2),
  holdMs: fc.constantFrom(0, 0, 1, 3),
};

const turn: fc.Arbitrary<Turn> = fc.record({
  who: fc.constantFrom(0, 0, 0, 1),
  does: fc.oneof(
    { weight: 6, arbitrary: call.map((call) => [call]) },
    { weight: 1, arbitrary: together },
  ),
  ...pauses,
});

const reaperTurn: fc.Arbitrary<Turn> = fc.record({
  who: fc.constant(0),
  does: fc.record({
    batch_size: fc.constantFrom<number | null>(1, 1000),
    dry_run: fc.nat({ max: 4 }).map((n): boolean | null => n === 0),
  }),
  ...pauses,
});

const rounds: fc.Arbitrary<Round> = fc.record({
  // with leases that run out meanwhile, and without
  settings: fc.constantFrom<Settings>(
    defaultSettings,
    defaultSettings,
    { ...defaultSettings, takeover: "refused" },
    { ...defaultSettings, lease: second / 100 },
    { ...defaultSettings, max_duration: second / 100 },
  ),
  before: fc.oneof(
    { weight: 1, arbitrary: fc.constant<Call[]>([]) },
    {
      weight: 3,
      arbitrary: fc.tuple(
        start.map((call): Call => ({ ...call, session_id: "a" })),
        call,
      ),
    },
    { weight: 1, arbitrary: fc.constant(submitted) },
  ),
  pass: fc.constantFrom(0, 0, 299, 301, 901, 91 * 86_400)
    .map((seconds) => seconds * second),
  clients: fc.tuple(
    ...Array.from(
      { length: clientCount - 1 },
      () => fc.array(turn, { minLength: 1, maxLength: 3 }),
    ),
    fc.array(reaperTurn, { minLength: 1, maxLength: 3 }),
  ),
});

/** No order explains what the clients were answered. */
export class Unexplained extends AssertionError {}

/** Plays so many rounds; reports the first that no order explains. */
export async function checkConcurrently(
  database: Database,
  count: Count,
  o: { runs: number; seed?: number; ms?: number },
): Promise<{ seed: number; report?: string }> {
  const connections = Array.from({ length: clientCount }, database.connect);
  try {
    const result = await fc.check(
      fc.asyncProperty(
        rounds,
        (round) => playRound(database, connections, round, count),
      ),
      {
        numRuns: o.runs,
        // what depends on timing cannot be made shorter step by step
        endOnFailure: true,
        seed: o.seed ?? randomSeed(),
        ...(o.ms !== undefined && { interruptAfterTimeLimit: o.ms }),
      },
    );
    const { seed, errorInstance, failed, counterexample } = result;
    if (!failed || counterexample === null) return { seed };
    if (!(errorInstance instanceof Unexplained)) throw errorInstance;
    return {
      seed,
      report: `${errorInstance.message}\n` +
        `Again, with some luck: npm run soak -- --only concurrent --seed ${seed}`,
    };
  } finally {
    await Promise.all(connections.map((connection) => connection.close()));
  }
}

async function playRound(
  database: Database,
  connections: Connection[],
  { settings, before, pass, clients }: Round,
  count: Count,
) {
  await database.startAfresh(userIds, settings);
  const began = database.earliestNow();
  const recorded = userIds.map((): Recorded[] => []);
  for (const [i, id] of userIds.entries()) {
    for (const call of before) {
      const work = async () => [await connections[0].call(id, call)];
      recorded[i].push(await record(database, [call], work));
    }
  }
  if (pass > 0) await database.letPass(pass);

  const failures: string[] = [];
  await Promise.all(clients.map(async (turns, c) => {
    for (const turn of turns) {
      // which forgotten rows the reaper has pruned is not known
      if (pass > settings.history_retention && isRead(turn)) continue;
      if (turn.waitMs > 0) await pause(turn.waitMs);
      try {
        const made = await takeTurn(database, connections[c], turn);
        userIds.forEach((id, i) => recorded[i].push(...about(id, made)));
        made.answers.forEach((answer, n) => count.add(made.calls[n], answer));
        if (made.calls.length > 1) count.note("several calls together");
      } catch (error) {
        if (!(error instanceof OutsideTheContract)) throw error;
        failures.push(
          `${names[turn.who]}: ${describe(turn)} → ${error.message}`,
        );
      }
    }
  }));
  if (failures.length > 0) {
    throw new Unexplained({
      message: ["Answers outside the contract:", ...failures].join("\n  "),
    });
  }

  const orders = userIds.map((id, i) => {
    const order = orderOf(recorded[i], newUser(id), settings);
    if (!order) throw unexplained(names[i], recorded[i], began);
    return order;
  });
  // how much of what is forgotten was pruned is not known
  const now = database.latestNow();
  const found = await difference(
    database,
    orders.map(({ user }) => user),
    (user) => remembered(now, user, settings),
  );
  if (found) {
    throw new Unexplained({
      message: [
        "The answers are explained, but not what the tables hold:",
        JSON.stringify(found.tables),
        JSON.stringify(found.model),
        ...orders.map(({ calls }, i) =>
          unexplained(names[i], calls, began).message
        ),
      ].join("\n"),
    });
  }
}

interface MadeInTurn extends Recorded {
  /** The user it is about; undefined for all of them. */
  userId?: string;
}

async function takeTurn(
  database: Database,
  connection: Connection,
  { who, does, holdMs }: Turn,
): Promise<MadeInTurn> {
  const userId = userIds[who];
  if (!Array.isArray(does)) {
    const dry_run = does.dry_run === true;
    return await record(
      database,
      [{ name: "reap_stale_sessions", dry_run }],
      async () => [await connection.reap(does, { holdMs })],
    );
  }
  const made = await record(
    database,
    does,
    async () =>
      does.length > 1
        ? await connection.callTogether(userId, does)
        : [await connection.call(userId, does[0], { holdMs })],
  );
  return { ...made, userId };
}

async function record(
  database: Database,
  calls: Call[],
  work: () => Promise<Answer[]>,
): Promise<Recorded> {
  const invoked = performance.now();
  const from = database.earliestNow();
  const answers = await work();
  const window: Window = { from, to: database.latestNow() };
  return { calls, answers, window, invoked, responded: performance.now() };
}

function isRead({ does }: Turn): boolean {
  return Array.isArray(does) &&
    does.some(({ name }) =>
      name === "select_history" || name === "select_interviews"
    );
}

/** What it says about this user. */
function about(id: string, made: MadeInTurn): Recorded[] {
  const { userId, ...recorded } = made;
  if (userId !== undefined) return userId === id ? [recorded] : [];
  const answers = made.answers.map((answer) =>
    "ended" in answer
      ? { ended: answer.ended.filter(({ user_id }) => user_id === id) }
      : answer
  );
  return [{ ...recorded, answers }];
}

function describe({ does }: Turn): string {
  return Array.isArray(does) ? does.map(describeCall).join("; ") : "reap";
}

function unexplained(
  name: string,
  calls: Recorded[],
  began: Micros,
): Unexplained {
  const first = Math.min(...calls.map(({ invoked }) => invoked));
  const ms = (time: number) => (time - first).toFixed(2).padStart(7);
  const lines = calls.toSorted((a, b) => a.invoked - b.invoked)
    .map(({ calls, answers, invoked, responded }) =>
      `  ${ms(invoked)} to ${ms(responded)} ms: ` +
      `${calls.map(describeCall).join("; ")} → ` +
      answers.map((answer) => describeAnswer(answer, began)).join("; ")
    );
  return new Unexplained({
    message: [`No order of these calls about ${name} explains them:`, ...lines]
      .join("\n"),
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
