// Runs a program one step after the other against the database and against the
// model, and compares every answer, and at the end all rows.
import { isDeepStrictEqual } from "node:util";
import { AssertionError } from "node:assert";
import {
  type Connection,
  type Database,
  difference,
  OutsideTheContract,
  type Reap,
} from "./database.ts";
import { explanation, likeliestOf, type Made } from "./explain.ts";
import {
  type Answer,
  asOf,
  type Call,
  type Ended,
  newUser,
  outcomeOf,
  pruned,
  type Settings,
  type User,
} from "./model.ts";
import {
  defaultSettings,
  type Operation,
  second,
  userCount,
  type Which,
} from "./operations.ts";
import {
  type Count,
  describeAnswer,
  describeCall,
  inWords,
} from "./telling.ts";

/** They have names in the reports. */
export const names = ["ada", "ben", "cleo"].slice(0, userCount);

const ids = names.map((_, i) => `0000000${i + 1}-0000-4000-8000-000000000000`);

/** The database does not do what the model does. */
export class Disagreement extends AssertionError {}

/** Runs the program from its beginning; throws a Disagreement. */
export async function runSequentially(
  database: Database,
  connection: Connection,
  program: Operation[],
  count: Count,
) {
  await database.startAfresh(ids, defaultSettings);
  const world: World = {
    database,
    connection,
    count,
    users: ids.map(newUser),
    settings: defaultSettings,
    began: database.latestNow(),
    lines: [],
    made: 0,
    knownIds: [],
  };
  for (const operation of program) await step(world, operation);
  const found = await difference(database, world.users);
  if (found) {
    fail(world, [
      "and in the end the tables hold",
      `  ${inWords(found.tables, world.began)}`,
      "where the model has",
      `  ${inWords(found.model, world.began)}`,
    ]);
  }
}

interface World {
  database: Database;
  connection: Connection;
  count: Count;
  users: User[];
  settings: Settings;
  /** When the program began. */
  began: number;
  /** What has happened so far, in words. */
  lines: string[];
  /** How many ids have been made up. */
  made: number;
  /** The ids each user has started with, also of what is forgotten. */
  knownIds: [user: string, session_id: string][];
}

async function step(world: World, op: Operation) {
  const { database, users } = world;
  switch (op.do) {
    case "reap":
      return await reap(world, op);
    case "change settings":
      world.lines.push(`the settings become ${inWords(op.settings)}`);
      world.settings = op.settings;
      return await database.change(op.settings);
    case "let pass":
      return await letPass(world, op.seconds * second);
    case "let pass until": {
      const at = endOf(world, op);
      if (at === undefined) return;
      const left = at + op.seconds * second - database.earliestNow();
      return left > 0 ? await letPass(world, left) : undefined;
    }
    default: {
      const call = callOf(world, op);
      return await make(world, users[op.who], call);
    }
  }
}

async function make(world: World, user: User, call: Call) {
  const { connection, users, settings, count } = world;
  const line = `${nameOf(user)}: ${describeCall(call)}`;
  const made = await timed(
    world,
    line,
    call,
    () => connection.call(user.id, call),
  );
  const after = explanation(made, user, settings);
  if (!after) {
    const { answer } = likeliestOf(made, user, settings);
    return fail(world, [
      "where the model has",
      `  ${describeAnswer(answer, world.began)}`,
    ]);
  }
  // one sequence draws the fences of all users
  const highest = Math.max(...users.map(({ fence }) => fence));
  if (after.fence !== user.fence && after.fence <= highest) {
    return fail(world, [`where the fence should be above ${highest}`]);
  }
  if (call.name === "start_session" && call.session_id !== null) {
    world.knownIds.push([user.id, call.session_id]);
  }
  count.add(call, made.answer);
  replace(world, after);
}

/** The reaper is free in which sessions it takes, but not in how many. */
async function reap(world: World, { batch_size, dry_run }: Reap) {
  const { users, settings, connection, count, database } = world;
  const line = `reap_stale_sessions(${batch_size}, dry_run ${dry_run})`;
  const call: Call = { name: "reap_stale_sessions", dry_run: dry_run ?? false };
  const made = await timed(
    world,
    line,
    call,
    () => connection.reap({ batch_size, dry_run }),
  );
  count.add(call, made.answer);
  if (batch_size === null || batch_size < 1 || dry_run === null) {
    const argument = dry_run === null && batch_size !== null && batch_size >= 1
      ? "dry_run"
      : "batch_size";
    const expected = { refusal: "22023", detail: { argument } };
    if (isDeepStrictEqual(made.answer, expected)) return;
    return fail(world, [`where the model has ${inWords(expected)}`]);
  }
  const rows = "ended" in made.answer ? made.answer.ended : [];
  const { from, to } = made.window;
  const explained = [from, to].some((now) => {
    const stale = users.map((user) => asOf(now, user))
      .filter(({ unswept }) => unswept);
    if (rows.length !== Math.min(batch_size, stale.length)) return false;
    const after = users.map((user) => {
      const row = rows.find(({ user_id }) => user_id === user.id);
      const known = { now, fence: NaN, reached: row !== undefined };
      const outcome = outcomeOf(call, user, settings, known);
      const ended = row ? [row] : [];
      return isDeepStrictEqual(outcome.answer, { ended }) ? outcome.user : null;
    });
    if (!after.every((user) => user !== null)) return false;
    world.users = after;
    return true;
  });
  if (explained) {
    if (!dry_run) await prune(world, made, { batch_size, reaped: rows.length });
    return;
  }
  const stale = users.map((user) => asOf(database.latestNow(), user))
    .flatMap(({ unswept, ended }) => unswept ? ended.slice(-1) : []);
  fail(world, [
    `where the model has ${Math.min(batch_size, stale.length)} of`,
    `  ${inWords(stale, world.began)}`,
  ]);
}

/** What it has forgotten shows in its log alone. */
async function prune(
  world: World,
  { window }: Made,
  o: { batch_size: number; reaped: number },
) {
  const run = await world.database.lastRun();
  const whenAt = (now: number, atMost: number) =>
    pruned(world.users, world.settings, { now, atMost });
  const fewest = whenAt(window.from, o.batch_size);
  const most = whenAt(window.to, o.batch_size);
  const before = endedOf(world.users);
  if (
    run.reaped !== o.reaped || run.failed !== 0 ||
    run.pruned < before - endedOf(fewest) || run.pruned > before - endedOf(most)
  ) {
    fail(world, [
      `and its log says ${inWords(run)},`,
      `where the model has pruned ${before - endedOf(most)}`,
    ]);
  }
  world.users = whenAt(window.to, run.pruned);
  world.count.pruned(run.pruned);
}

async function timed(
  world: World,
  line: string,
  call: Call,
  work: () => Promise<Answer>,
): Promise<Made> {
  const from = world.database.earliestNow();
  try {
    const answer = await work();
    world.lines.push(`${line} → ${describeAnswer(answer, world.began)}`);
    return { call, answer, window: { from, to: world.database.latestNow() } };
  } catch (error) {
    if (!(error instanceof OutsideTheContract)) throw error;
    world.lines.push(`${line} → ${error.message}`);
    return fail(world, ["which is not of the contract"], error);
  }
}

async function letPass(world: World, time: number) {
  world.lines.push(`${time / second} s go by`);
  await world.database.letPass(time);
}

function endOf(
  { users, settings }: World,
  { who, end }: Extract<Operation, { do: "let pass until" }>,
): number | undefined {
  const { live, ended } = users[who];
  if (end === "lease") return live?.expires_at;
  if (end === "deadline") return live?.deadline_at;
  return ended.length > 0
    ? ended[0].ended_at + settings.history_retention
    : undefined;
}

type OfAUser = Exclude<
  Operation,
  { do: "reap" | "change settings" | "let pass" | "let pass until" }
>;

function callOf(world: World, op: OfAUser): Call {
  const user = world.users[op.who];
  switch (op.do) {
    case "start": {
      const { takeover, device } = op;
      const session_id = idOf(world, user, op.which);
      return { name: "start_session", session_id, takeover, device };
    }
    case "heartbeat":
    case "complete":
      return {
        name: `${op.do}_session`,
        session_id: idOf(world, user, op.which),
      };
    case "end": {
      const session_id = idOf(world, user, op.which);
      return { name: "end_session", session_id, reason: op.reason };
    }
    case "holds": {
      const right = (user.live ?? user.ended.at(-1))?.fence ?? 1;
      const fence = { any: null, right, wrong: right - 1 }[op.fence];
      const session_id = idOf(world, user, op.which);
      return { name: "holds_session", session_id, fence };
    }
    case "revoke": {
      const by = op.by === null ? null : world.users[op.by].id;
      return { name: "revoke_session", note: op.note, by };
    }
    case "select":
      return { name: "select_own" };
    case "delete user":
      return { name: "delete_user" };
    case "create user":
      return { name: "create_user" };
  }
}

/** Falls back on an id that nobody has seen. */
function idOf(world: World, user: User, which: Which): string | null {
  const known = (mine: boolean) =>
    world.knownIds.filter(([owner]) => (owner === user.id) === mine);
  const found = typeof which === "object" ? which.bad : {
    "own": user.live?.session_id,
    "fresh": undefined,
    "ended": user.ended.at(-1)?.session_id,
    "first ever": known(true).at(0)?.[1],
    "somebody else's": known(false).at(-1)?.[1],
  }[which];
  return found === undefined ? `s${++world.made}` : found;
}

function replace(world: World, user: User) {
  world.users = world.users.map((old) => old.id === user.id ? user : old);
}

function nameOf(user: User): string {
  return names[ids.indexOf(user.id)];
}

function endedOf(users: User[]): number {
  return users.flatMap(({ ended }): Ended[] => ended).length;
}

function fail(world: World, what: string[], cause?: Error): never {
  const told = world.lines.map((line, i) => `  ${i + 1}. ${line}`);
  const error = new Disagreement({
    message: [...told, ...what.map((line) => `     ${line}`)].join("\n"),
  });
  error.cause = cause;
  throw error;
}
