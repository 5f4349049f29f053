// Short programs of several clients and reapers at the same time, about few
// users, and whether some order of the calls explains them.
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
import { orderOf, type Recorded } from "./linearize.ts";
import {
  type Answer,
  type Call,
  type Micros,
  newUser,
  type Settings,
  type User,
} from "./model.ts";
import { defaultSettings, second } from "./operations.ts";
import { type Count, describeAnswer, describeCall } from "./telling.ts";

/** How many clients there are; the last of them only calls the reaper. */
export const clientCount = 6;

const userIds = [1, 2].map((n) => `0000000${n}-0000-4000-8000-00000000000c`);
const names = ["ada", "ben"];

/** A call that a client makes in its turn. */
export interface Turn {
  who: number;
  call: Call | ({ name: "reap" } & Reap);
  /** How long it waits before it calls. */
  waitMs: number;
  /** How long its transaction stays open. */
  holdMs: number;
}

/** What there is before, and what each client then does. */
export interface Round {
  settings: Settings;
  /** Calls one after the other, and time that passes after them. */
  before: Call[];
  pass: Micros;
  clients: Turn[][];
}

// few ids: the retry of a start, and another's session, come about by themselves
const session_id = fc.constantFrom("a", "a", "b", "c");

const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      name: fc.constant("start_session" as const),
      session_id,
      takeover: fc.boolean(),
      device: fc.constantFrom(null, "Chrome on Windows"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      name: fc.constant("heartbeat_session" as const),
      session_id,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      name: fc.constant("complete_session" as const),
      session_id,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      name: fc.constant("end_session" as const),
      session_id,
      reason: fc.constantFrom(null, "completed", "cleared"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      name: fc.constant("holds_session" as const),
      session_id,
      fence: fc.constant(null),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Call>({ name: "select_own" }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Call>({
      name: "revoke_session",
      note: null,
      by: null,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Call>(
      { name: "delete_user" },
      { name: "create_user" },
    ),
  },
);

const pauses = {
  waitMs: fc.constantFrom(0, 0, 0, 1, 2),
  holdMs: fc.constantFrom(0, 0, 1, 3),
};

const turn: fc.Arbitrary<Turn> = fc.record({
  who: fc.constantFrom(0, 0, 0, 1),
  call,
  ...pauses,
});

const reaperTurn: fc.Arbitrary<Turn> = fc.record({
  who: fc.constant(0),
  call: fc.record({
    name: fc.constant("reap" as const),
    batch_size: fc.constantFrom<number | null>(1, 1000),
    dry_run: fc.nat({ max: 4 }).map((n): boolean | null => n === 0),
  }),
  ...pauses,
});

const rounds: fc.Arbitrary<Round> = fc.record({
  // a lease that runs out in the middle of it, or not
  settings: fc.constantFrom(
    defaultSettings,
    defaultSettings,
    { ...defaultSettings, lease: second / 100 },
    { ...defaultSettings, max_duration: second / 100 },
  ),
  before: fc.oneof(
    { weight: 1, arbitrary: fc.constant<Call[]>([]) },
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constant<Call>({
          name: "start_session",
          session_id: "a",
          takeover: false,
          device: null,
        }),
        call,
      ),
    },
  ),
  pass: fc.constantFrom(0, 0, 299 * second, 301 * second, 901 * second),
  clients: fc.tuple(
    ...Array.from(
      { length: clientCount - 1 },
      () => fc.array(turn, { minLength: 1, maxLength: 3 }),
    ),
    fc.array(reaperTurn, { minLength: 1, maxLength: 3 }),
  ),
});

/** Nothing explains what the clients were answered. */
export class Unexplained extends AssertionError {}

/** Runs so many rounds; tells of the first that nothing explains. */
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
        // what depends on who is faster cannot be made shorter step by step
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
        `Again, with luck: npm run soak -- --only concurrent --seed ${seed}`,
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
  const start = (user: User) => before.map((call) => ({ user, call }));
  const recorded = userIds.map((): Recorded[] => []);
  for (const { user, call } of userIds.map(newUser).flatMap(start)) {
    const i = userIds.indexOf(user.id);
    recorded[i].push(
      await record(database, call, () => connections[0].call(user.id, call)),
    );
  }
  if (pass > 0) await database.letPass(pass);

  const failures: string[] = [];
  await Promise.all(clients.map(async (turns, c) => {
    for (const { who, call, waitMs, holdMs } of turns) {
      if (waitMs > 0) await pause(waitMs);
      try {
        if (call.name === "reap") {
          const { batch_size, dry_run } = call;
          const forUser: Call = {
            name: "reap_stale_sessions",
            dry_run: dry_run === true,
          };
          const all = await record(
            database,
            forUser,
            () => connections[c].reap({ batch_size, dry_run }, { holdMs }),
          );
          userIds.forEach((id, i) => recorded[i].push(about(id, all)));
          count.add(forUser, all.answer);
        } else {
          const one = await record(
            database,
            call,
            () => connections[c].call(userIds[who], call, { holdMs }),
          );
          recorded[who].push(one);
          count.add(call, one.answer);
        }
      } catch (error) {
        if (!(error instanceof OutsideTheContract)) throw error;
        const what = call.name === "reap" ? "reap" : describeCall(call);
        failures.push(`${names[who]}: ${what} → ${error.message}`);
      }
    }
  }));
  if (failures.length > 0) {
    throw new Unexplained({
      message: ["What is not of the contract was answered:", ...failures]
        .map((line, i) => i === 0 ? line : `  ${line}`).join("\n"),
    });
  }

  const orders = userIds.map((id, i) => {
    const order = orderOf(recorded[i], newUser(id), settings);
    if (!order) throw unexplained(names[i], recorded[i], began);
    return order;
  });
  const found = await difference(database, orders.map(({ user }) => user));
  if (found) {
    throw new Unexplained({
      message: [
        "The answers are explained, but not what the tables hold:",
        JSON.stringify(found.tables),
        JSON.stringify(found.model),
      ].join("\n"),
    });
  }
}

async function record(
  database: Database,
  call: Call,
  work: () => Promise<Answer>,
): Promise<Recorded> {
  const invoked = performance.now();
  const from = database.earliestNow();
  const answer = await work();
  const window = { from, to: database.latestNow() };
  return { call, answer, window, invoked, responded: performance.now() };
}

/** What the reaper's answer says about one user. */
function about(userId: string, all: Recorded): Recorded {
  if (!("ended" in all.answer)) return all;
  const ended = all.answer.ended.filter(({ user_id }) => user_id === userId);
  return { ...all, answer: { ended } };
}

function unexplained(
  name: string,
  calls: Recorded[],
  began: Micros,
): Unexplained {
  const first = Math.min(...calls.map(({ invoked }) => invoked));
  const ms = (time: number) => (time - first).toFixed(2).padStart(7);
  const lines = calls.toSorted((a, b) => a.invoked - b.invoked)
    .map(({ call, answer, invoked, responded }) =>
      `  ${ms(invoked)} to ${ms(responded)} ms: ${describeCall(call)} → ` +
      describeAnswer(answer, began)
    );
  return new Unexplained({
    message: [`No order of these calls about ${name} explains them:`, ...lines]
      .join("\n"),
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
