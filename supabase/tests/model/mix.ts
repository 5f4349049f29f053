// Everything at once, on few users, as fast as it goes: sixteen connections of
// which three call the reaper and one deletes users and makes them anew. Too
// much to be explained call by call: nothing may deadlock or break, no two
// sessions of a user may overlap, and no session may live twice.
import type { Connection, Database } from "./database.ts";
import { OutsideTheContract } from "./database.ts";
import type { Answer, Call, Settings } from "./model.ts";
import { second } from "./operations.ts";
import { type RandomNumbers, randomNumbers } from "./random.ts";
import type { Count } from "./telling.ts";

const reapers = 3;
const clients = 12;

/** The last of them is deleted now and then. */
const userIds = [1, 2, 3, 4].map((n) =>
  `0000000${n}-0000-4000-8000-00000000000d`
);

/** So short that all of it happens all the time. */
const settings: Settings = {
  lease: 0.03 * second,
  max_duration: 0.1 * second,
  completing_grace: 0.03 * second,
  history_retention: 10 * second,
};

/** What went wrong; empty if nothing did. */
export type Violations = string[];

/**
 * Runs the mix for so long, or until something is wrong; on a busy machine
 * longer, until it has seen enough, if that is asked for.
 */
export async function runMix(
  database: Database,
  count: Count,
  o: { ms: number; seed: number; hasSeenEnough?(): boolean },
): Promise<Violations> {
  const { sql } = database;
  await database.startAfresh(userIds, settings);
  const violations: Violations = [];
  const grants = noGrants(violations);
  const began = performance.now();
  const isOver = () => {
    const ms = performance.now() - began;
    const isEnough = o.hasSeenEnough?.() ?? true;
    return violations.length > 0 || ms >= (isEnough ? o.ms : 6 * o.ms);
  };

  const seeds = randomNumbers(o.seed);
  const latest: Latest = new Map();
  const worker = async (
    work: (make: Make, random: RandomNumbers, latest: Latest) => Work,
  ) => {
    const connection = database.connect();
    const make: Make = async (userId, call, send) => {
      try {
        const answer = await send(connection);
        count.add(call, answer);
        grants.note(userId, call, answer);
        return answer;
      } catch (error) {
        if (!(error instanceof OutsideTheContract)) throw error;
        violations.push(`${call.name} about ${userId}: ${error.message}`);
      }
    };
    const step = work(make, randomNumbers(seeds.upTo(2 ** 31)), latest);
    while (!isOver()) await step();
    await connection.close();
  };
  await Promise.all([
    ...Array.from({ length: clients }, () => worker(client)),
    ...Array.from({ length: reapers }, () => worker(reaper)),
    worker(deleter),
  ]);

  for (const overlap of await database.overlaps()) {
    violations.push(`sessions overlap: ${JSON.stringify(overlap)}`);
  }
  const [{ deadlocks }] = await sql<{ deadlocks: number }[]>`
    select deadlocks from pg_stat_database where datname = current_database()`;
  if (deadlocks > 0) {
    violations.push(`the server counts ${deadlocks} deadlocks`);
  }
  return violations;
}

type Work = () => Promise<void>;
/** The session of each user that was granted last. */
type Latest = Map<string, string>;
type Make = (
  userId: string,
  call: Call,
  send: (connection: Connection) => Promise<Answer>,
) => Promise<Answer | undefined>;

function client(make: Make, random: RandomNumbers, latest: Latest): Work {
  const start = (session_id: string, takeover: boolean): Call => ({
    name: "start_session",
    session_id,
    takeover,
    device: null,
  });
  return async () => {
    const userId = random.oneOf(userIds);
    const known = latest.get(userId) ?? "none";
    const fresh = crypto.randomUUID();
    const call = random.oneOf<Call>([
      start(fresh, false),
      start(fresh, random.upTo(3) === 0),
      start(known, random.upTo(2) === 0),
      { name: "heartbeat_session", session_id: known },
      { name: "heartbeat_session", session_id: known },
      { name: "heartbeat_session", session_id: known },
      { name: "complete_session", session_id: known },
      random.upTo(3) === 0
        ? { name: "revoke_session", note: null, by: null }
        : { name: "end_session", session_id: known, reason: null },
    ]);
    const holdMs = random.oneOf([0, 0, 0, 1]);
    const answer = await make(
      userId,
      call,
      (connection) => connection.call(userId, call, { holdMs }),
    );
    if (call.name === "start_session" && answer && "active" in answer) {
      latest.set(userId, answer.active!.session_id);
    }
  };
}

function reaper(make: Make, random: RandomNumbers): Work {
  const call: Call = { name: "reap_stale_sessions", dry_run: false };
  return async () => {
    const batch_size = random.oneOf([1, 2, 1000]);
    const holdMs = random.upTo(10);
    await make(
      "all",
      call,
      (connection) =>
        connection.reap({ batch_size, dry_run: false }, { holdMs }),
    );
  };
}

function deleter(make: Make, random: RandomNumbers): Work {
  const userId = userIds.at(-1)!;
  return async () => {
    for (const name of ["delete_user", "create_user"] as const) {
      const holdMs = random.upTo(5);
      await make(
        userId,
        { name },
        (connection) => connection.call(userId, { name }, { holdMs }),
      );
    }
  };
}

/** Which grant each session_id has had: as long as it is remembered, one. */
function noGrants(violations: Violations) {
  const grants = new Map<string, { fence: number; at: number }>();
  const longAgo = (at: number) =>
    performance.now() - at > settings.history_retention / 1000 / 2;
  return {
    note(userId: string, call: Call, answer: Answer) {
      if (userId === userIds.at(-1)) return;
      if (call.name !== "start_session" || !("active" in answer)) return;
      for (const [key, { at }] of grants) {
        if (!longAgo(at)) break;
        grants.delete(key);
      }
      const { session_id, fence } = answer.active!;
      const key = `${userId} ${session_id}`;
      const first = grants.get(key);
      if (!first) {
        grants.set(key, { fence, at: performance.now() });
      } else if (first.fence !== fence) {
        violations.push(
          `${session_id} of ${userId} lives twice: granted with the fence ` +
            `${first.fence}, and again with ${fence}`,
        );
      }
    },
  };
}
