// Everything at once, on few users, as fast as it goes: sixteen connections make
// calls, of which three call the reaper and one deletes and creates a user; another
// ages that user's rows, so that the reaper prunes them. This is too much to be
// explained call by call: there may be no deadlock and no unknown error, no two
// sessions of a user may overlap, and no session may be granted twice.
import type { Connection, Database } from "./database.ts";
import { outside, OutsideTheContract } from "./database.ts";
import type { Answer, Call, Settings } from "./model.ts";
import { defaultSettings, second } from "./operations.ts";
import { type RandomNumbers, randomNumbers } from "./random.ts";
import type { Count } from "./telling.ts";

const reapers = 3;
const clients = 12;

/** The last of them is deleted again and again. */
const userIds = [1, 2, 3, 4].map((n) =>
  `0000000${n}-0000-4000-8000-00000000000d`
);

/** So short that sessions expire and time out all the time. */
const settings: Settings = {
  ...defaultSettings,
  lease: 0.01 * second,
  max_duration: 0.03 * second,
  completing_grace: 0.01 * second,
  history_retention: 86_400 * second,
};

/** What went wrong. */
export type Violations = string[];

/** Runs the mix until it is enough, or something is wrong. */
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

  const report = async (what: string, error: unknown) => {
    if (!(error instanceof OutsideTheContract)) throw error;
    violations.push(`${what}: ${error.message}`);
    if (error.code === "40P01") violations.push(await database.logOf(error));
  };

  const seeds = randomNumbers(o.seed);
  const latest: Latest = new Map();
  const worker = async (
    work: (make: Make, random: RandomNumbers, latest: Latest) => Work,
  ) => {
    const connection = database.connect();
    const make: Make = async (userId, calls, send) => {
      try {
        const answers = await send(connection);
        for (const [i, answer] of answers.entries()) {
          count.add(calls[i], answer);
          // unless it was undone
          if (
            answers.length === calls.length && !("refusal" in answers.at(-1)!)
          ) {
            grants.note(userId, calls[i], answer);
          }
        }
        if (calls.length > 1) count.note("several calls together");
        return answers;
      } catch (error) {
        const names = calls.map(({ name }) => name).join(", ");
        await report(`${names} about ${userId}`, error);
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
    // It may be the victim of a deadlock, too.
    age(sql, isOver).catch((error) => report("ageing", outside(error))),
  ]);

  const [{ pruned }] = await sql<{ pruned: number }[]>`
    select coalesce(sum(pruned), 0)::integer as pruned
    from sessions.reaper_runs`;
  count.note("pruned", pruned);
  for (const overlap of await database.overlaps()) {
    violations.push(`sessions overlap: ${JSON.stringify(overlap)}`);
  }
  for (const session of await database.unordered()) {
    violations.push(`fences out of order: ${JSON.stringify(session)}`);
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
  calls: Call[],
  send: (connection: Connection) => Promise<Answer[]>,
) => Promise<Answer[] | undefined>;

function client(make: Make, random: RandomNumbers, latest: Latest): Work {
  return async () => {
    // the deleted one more often than the others: that is where locks meet
    const userId = random.oneOf([...userIds, ...userIds.slice(-1)]);
    const calls = callsOf(random, latest.get(userId) ?? "none");
    const holdMs = random.oneOf([0, 0, 0, 1]);
    const answers = await make(
      userId,
      calls,
      async (connection) =>
        calls.length > 1
          ? await connection.callTogether(userId, calls)
          : [await connection.call(userId, calls[0], { holdMs })],
    );
    const last = answers?.at(-1);
    if (last && "active" in last) latest.set(userId, last.active!.session_id);
  };
}

/** A call, or several for one transaction; `known` is a session. */
function callsOf(random: RandomNumbers, known: string): Call[] {
  const start = (session_id: string, takeover: boolean): Call => ({
    name: "start_session",
    session_id,
    takeover,
    device: null,
    interview_id: random.oneOf([null, "one", "two", crypto.randomUUID()]),
  });
  const isOneIn = (n: number) => random.upTo(n) === 0;
  const fresh = crypto.randomUUID();
  const heartbeat: Call = { name: "heartbeat_session", session_id: known };
  const complete: Call = { name: "complete_session", session_id: known };
  const end: Call = {
    name: "end_session",
    session_id: isOneIn(5) ? crypto.randomUUID() : known,
    reason: isOneIn(3) ? "completed" : null,
  };
  const operate: Call = isOneIn(2)
    ? { name: "revoke_session", note: null, operator: null }
    : {
      name: "extend_interview",
      interview_id: random.oneOf(["one", "two"]),
      by: second / 50,
      note: null,
      operator: null,
    };
  return random.oneOf<Call[]>([
    [start(fresh, false)],
    [start(fresh, isOneIn(3))],
    [start(known, isOneIn(2))],
    [heartbeat],
    [heartbeat],
    [heartbeat],
    [complete],
    [end],
    [operate],
    [end, start(fresh, isOneIn(2))],
    [heartbeat, random.oneOf([heartbeat, complete, end])],
    [complete, end],
    [start(fresh, isOneIn(2)), random.oneOf([heartbeat, end])],
    [heartbeat, start(fresh, true)],
  ]);
}

function reaper(make: Make, random: RandomNumbers): Work {
  const call: Call = { name: "reap_stale_sessions", dry_run: false };
  return async () => {
    const batch_size = random.oneOf([1, 2, 1000]);
    const holdMs = random.upTo(10);
    await make(
      "all",
      [call],
      async (connection) => [
        await connection.reap({ batch_size, dry_run: false }, { holdMs }),
      ],
    );
  };
}

function deleter(make: Make, random: RandomNumbers, latest: Latest): Work {
  const userId = userIds.at(-1)!;
  return async () => {
    if (random.upTo(2) === 0) {
      // Calls that wait for the deletion find the same session again, but not the
      // user that they waited for.
      const start: Call = {
        name: "start_session",
        session_id: latest.get(userId) ?? "none",
        takeover: false,
        device: null,
        interview_id: null,
      };
      await make(
        userId,
        [{ name: "delete_user" }, { name: "create_user" }, start],
        (connection) =>
          connection.replaceUser(userId, start, { holdMs: random.upTo(5) }),
      );
      return;
    }
    for (const name of ["delete_user", "create_user"] as const) {
      const holdMs = random.upTo(5);
      await make(
        userId,
        [{ name }],
        async (connection) => [
          await connection.call(userId, { name }, { holdMs }),
        ],
      );
    }
  };
}

/** Makes the last user's rows so old that the reaper prunes them. */
async function age(sql: Database["sql"], isOver: () => boolean) {
  const userId = userIds.at(-1)!;
  while (!isOver()) {
    // Only under the user's locks, as the component does. Each statement locks
    // several rows: without the user a deletion would lock them in another order,
    // and without the advisory lock a restart from one interview to the other.
    await sql`
      with u as materialized (
        select sessions.lock_user(${userId}) as exists
      )
      update public.interview_session_history h
      set
        started_at = h.started_at - interval '2 days',
        last_seen_at = h.last_seen_at - interval '2 days',
        ended_at = h.ended_at - interval '2 days'
      from u
      where u.exists and h.user_id = ${userId}`;
    await sql`
      with u as materialized (
        select sessions.lock_user(${userId}) as exists
      )
      update public.interviews i
      set
        started_at = i.started_at - interval '2 days',
        deadline_at = i.deadline_at - interval '2 days'
      from u
      where u.exists and i.user_id = ${userId}`;
  }
}

/** Notes the grant of each session_id, which must be the only one. */
function noGrants(violations: Violations) {
  const grants = new Map<string, number>();
  return {
    note(userId: string, call: Call, answer: Answer) {
      // the ids of this user are forgotten
      if (userId === userIds.at(-1)) return;
      if (call.name !== "start_session" || !("active" in answer)) return;
      const { session_id, fence } = answer.active!;
      const key = `${userId} ${session_id}`;
      const first = grants.get(key) ?? fence;
      grants.set(key, first);
      if (first === fence) return;
      violations.push(
        `${session_id} of ${userId} was granted with the fence ${first} and ` +
          `again with ${fence}`,
      );
    },
  };
}
