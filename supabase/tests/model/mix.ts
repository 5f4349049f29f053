// Everything at once, on few users, as fast as it goes: seventeen connections,
// of which three call the reaper, one deletes and creates a user, and one ages
// that user's history, so that the reaper prunes it. Too much to be explained
// call by call: nothing may deadlock or break, no two sessions of a user may
// overlap, and no session may live twice.
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

/** So short that sessions expire and time out all the time. */
const settings: Settings = {
  lease: 0.01 * second,
  max_duration: 0.03 * second,
  completing_grace: 0.01 * second,
  history_retention: 86_400 * second,
};

/** What went wrong; empty if nothing did. */
export type Violations = string[];

/** Runs the mix until enough has been done, or something is wrong. */
export async function runMix(
  database: Database,
  count: Count,
  o: { seed: number; isEnough(): boolean },
): Promise<Violations> {
  const { sql } = database;
  await database.startAfresh(userIds, settings);
  const violations: Violations = [];
  const grants = noGrants(violations);
  const isOver = () => violations.length > 0 || o.isEnough();

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
    age(sql, isOver),
  ]);

  const [{ pruned }] = await sql<{ pruned: number }[]>`
    select coalesce(sum(pruned), 0)::integer as pruned
    from sessions.reaper_runs`;
  count.pruned(pruned);
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
    // the deleted one more often than the others: there locks meet
    const userId = random.oneOf([...userIds, ...userIds.slice(-1)]);
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

/** Makes the history of the last user as old as what the reaper prunes. */
async function age(sql: Database["sql"], isOver: () => boolean) {
  const userId = userIds.at(-1)!;
  while (!isOver()) {
    await sql.begin(async (transaction) => {
      // who deletes the user locks it first, too: one order, no deadlock
      await transaction`
        select from auth.users where id = ${userId} for key share`;
      await transaction`
        update public.interview_session_history
        set
          started_at = started_at - interval '2 days',
          last_seen_at = last_seen_at - interval '2 days',
          ended_at = ended_at - interval '2 days'
        where user_id = ${userId}`;
    });
  }
}

/** The grant of each session_id, which must be the only one. */
function noGrants(violations: Violations) {
  const grants = new Map<string, number>();
  return {
    note(userId: string, call: Call, answer: Answer) {
      // a deleted user's ids are forgotten, and so are those that are pruned
      if (userId === userIds.at(-1)) return;
      if (call.name !== "start_session" || !("active" in answer)) return;
      const { session_id, fence } = answer.active!;
      const key = `${userId} ${session_id}`;
      const first = grants.get(key) ?? fence;
      grants.set(key, first);
      if (first === fence) return;
      violations.push(
        `${session_id} of ${userId} lives twice: granted with the fence ` +
          `${first}, and again with ${fence}`,
      );
    },
  };
}
