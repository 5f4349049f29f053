// Runs a program step by step against the database and against the model, and
// compares every answer, and at the end all rows.
import { isDeepStrictEqual } from "node:util";
import { AssertionError } from "node:assert";
import {
  type Connection,
  type Database,
  difference,
  OutsideTheContract,
  type Reap,
} from "./database.ts";
import { explanation, likeliestOf, type Made, type Window } from "./explain.ts";
import {
  type Answer,
  asOf,
  type Call,
  type Ended,
  type Micros,
  newUser,
  outcomeOf,
  pruned,
  type Settings,
  type User,
} from "./model.ts";
import {
  defaultSettings,
  type End,
  type Operation,
  second,
  userCount,
  type Which,
  type WhichInterview,
} from "./operations.ts";
import {
  type Count,
  describeAnswer,
  describeCall,
  inWords,
} from "./telling.ts";

/** Their names in reports. */
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
    lastRanAt: null,
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
  /** When the reaper last ran; null if it has not. */
  lastRanAt: Micros | null;
  /** When the program began. */
  began: Micros;
  /** What has happened so far, in words. */
  lines: string[];
  /** How many ids have been made up. */
  made: number;
  /** The ids that each user has started with, including forgotten ones. */
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
      const at = endOf(world, users[op.who], op.end);
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
  const { answer, window } = await timed(
    world,
    line,
    () => connection.call(user.id, call),
  );
  const made: Made = { calls: [call], answers: [answer], window };
  const after = explanation(made, user, settings);
  if (!after) {
    const expected = likeliestOf(made, user, settings).answer;
    return fail(world, [
      "where the model has",
      `  ${describeAnswer(expected, world.began)}`,
    ]);
  }
  // one sequence draws the fences of all users
  const highest = Math.max(...users.map(({ fence }) => fence));
  if (after.fence !== user.fence && after.fence <= highest) {
    return fail(world, [`where the fence should be above ${highest}`]);
  }
  count.add(call, answer);
  noteRarities(world, user, call, answer);
  if (call.name === "start_session" && call.session_id !== null) {
    world.knownIds.push([user.id, call.session_id]);
  }
  replace(world, after);
}

/** Counts what a call and its answer alone do not tell. */
function noteRarities(world: World, user: User, call: Call, answer: Answer) {
  if (call.name !== "start_session") return;
  const { session_id } = call;
  const isKnown = world.knownIds.some(([id, known]) =>
    id === user.id && known === session_id
  );
  const isGrant = "active" in answer && user.live?.session_id !== session_id;
  if (isGrant && isKnown) world.count.note("a forgotten id starts again");
  if (
    "refusal" in answer && answer.refusal === "PT410" &&
    user.earlyEnds.some((end) => end.session_id === session_id)
  ) {
    world.count.note("a start after its end");
  }
}

/** The reaper is free in which sessions it takes, but not in how many. */
async function reap(world: World, { batch_size, dry_run }: Reap) {
  const { users, connection, count } = world;
  const line = `reap_stale_sessions(${batch_size}, dry_run ${dry_run})`;
  const { answer, window } = await timed(
    world,
    line,
    () => connection.reap({ batch_size, dry_run }),
  );
  const call: Call = { name: "reap_stale_sessions", dry_run: dry_run === true };
  count.add(call, answer);
  const argument = batch_size === null || batch_size < 1 || batch_size > 10_000
    ? "batch_size"
    : dry_run === null
    ? "dry_run"
    : undefined;
  if (argument) {
    const expected = { refusal: "22023", detail: { argument } };
    if (isDeepStrictEqual(answer, expected)) return;
    return fail(world, [`where the model has ${inWords(expected)}`]);
  }
  const rows = "ended" in answer ? answer.ended : [];
  const atMost = batch_size!;
  if (dry_run) {
    const explained = [window.from, window.to]
      .some((now) => reaped(world, call, { rows, atMost, now }));
    if (!explained) failToReap(world, atMost);
    return;
  }
  const run = await world.database.lastRun();
  const after = reaped(world, call, { rows, atMost, now: run.ran_at });
  if (!after || !isWithin(run.ran_at, window)) {
    return failToReap(world, atMost);
  }
  const { lastRanAt, settings } = world;
  const left = pruned(after, settings, { now: run.ran_at, atMost, lastRanAt });
  const expected = {
    ran_at: run.ran_at,
    reaped: rows.length,
    failed: 0,
    pruned: rowsOf(after) - rowsOf(left),
  };
  if (!isDeepStrictEqual(run, expected)) {
    fail(world, [
      `and records ${inWords(run, world.began)},`,
      `where the model has ${inWords(expected, world.began)}`,
    ]);
  }
  world.lastRanAt = run.ran_at;
  world.users = left;
  count.note("pruned", expected.pruned);
  if (
    users.some((user, i) => left[i].interviews.length < user.interviews.length)
  ) {
    count.note("interviews pruned");
  }
}

/** The users afterwards, if the model would have reaped as many of these. */
function reaped(
  { users, settings }: World,
  call: Call,
  { rows, atMost, now }: { rows: Ended[]; atMost: number; now: Micros },
): User[] | undefined {
  const stale = users.filter((user) => asOf(now, user).unswept);
  if (rows.length !== Math.min(atMost, stale.length)) return undefined;
  const after = users.map((user) => {
    const ended = rows.filter(({ user_id }) => user_id === user.id);
    const known = { now, fence: NaN, reached: ended.length > 0 };
    const outcome = outcomeOf(call, user, settings, known);
    return isDeepStrictEqual(outcome.answer, { ended }) ? outcome.user : null;
  });
  return after.every((user) => user !== null) ? after : undefined;
}

function failToReap(world: World, atMost: number): never {
  const now = world.database.latestNow();
  const stale = world.users.map((user) => asOf(now, user))
    .flatMap(({ unswept, ended }) => unswept ? ended.slice(-1) : []);
  return fail(world, [
    `where the model has ${Math.min(atMost, stale.length)} of`,
    `  ${inWords(stale, world.began)}`,
  ]);
}

async function timed(
  world: World,
  line: string,
  work: () => Promise<Answer>,
): Promise<{ answer: Answer; window: Window }> {
  const from = world.database.earliestNow();
  try {
    const answer = await work();
    world.lines.push(`${line} → ${describeAnswer(answer, world.began)}`);
    return { answer, window: { from, to: world.database.latestNow() } };
  } catch (error) {
    if (!(error instanceof OutsideTheContract)) throw error;
    world.lines.push(`${line} → ${error.message}`);
    return fail(world, ["which is outside the contract"], error);
  }
}

async function letPass(world: World, time: Micros) {
  world.lines.push(`${time / second} s pass`);
  await world.database.letPass(time);
}

function endOf(
  { settings: { history_retention } }: World,
  { live, ended, interviews, earlyEnds }: User,
  end: End,
): Micros | undefined {
  const kept = (since: Micros | undefined) =>
    since === undefined ? undefined : since + history_retention;
  switch (end) {
    case "lease":
      return live?.expires_at;
    case "deadline":
      return live?.deadline_at;
    case "interview":
      return interviews.at(0)?.deadline_at;
    case "retention":
      return kept(ended.at(0)?.ended_at);
    case "retention of the interview":
      return kept(interviews.at(0)?.deadline_at);
    case "retention of the early end":
      return kept(earlyEnds.at(0)?.ended_at);
  }
}

type OfAUser = Exclude<
  Operation,
  { do: "reap" | "change settings" | "let pass" | "let pass until" }
>;

function callOf(world: World, op: OfAUser): Call {
  const user = world.users[op.who];
  switch (op.do) {
    case "start":
      return {
        name: "start_session",
        session_id: idOf(world, user, op.which),
        takeover: op.takeover,
        device: op.device,
        interview_id: interviewIdOf(op.interview),
      };
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
    case "holds":
    case "user holds": {
      const right = (user.live ?? user.ended.at(-1))?.fence ?? 1;
      return {
        name: op.do === "holds" ? "holds_session" : "user_holds_session",
        session_id: idOf(world, user, op.which),
        fence: { any: null, right, wrong: right - 1 }[op.fence],
        interview_id: interviewIdOf(op.interview),
      };
    }
    case "extend":
      return {
        name: "extend_interview",
        interview_id: interviewIdOf(op.interview),
        by: op.seconds === null ? null : op.seconds * second,
        note: op.note,
        operator: operatorOf(world, op),
      };
    case "revoke":
      return {
        name: "revoke_session",
        note: op.note,
        operator: operatorOf(world, op),
      };
    case "select live":
      return { name: "select_live" };
    case "select history":
      return { name: "select_history" };
    case "select interviews":
      return { name: "select_interviews" };
    case "delete user":
      return { name: "delete_user" };
    case "create user":
      return { name: "create_user" };
  }
}

/** Without such a session, an id that nobody has used. */
function idOf(world: World, user: User, which: Which): string | null {
  const known = (mine: boolean) =>
    world.knownIds.filter(([owner]) => (owner === user.id) === mine);
  const found = typeof which === "object" ? which.bad : {
    "own": user.live?.session_id,
    "fresh": undefined,
    "ended": user.ended.at(-1)?.session_id,
    "first ever": known(true).at(0)?.[1],
    "ended early": user.earlyEnds.at(-1)?.session_id,
    "somebody else's": known(false).at(-1)?.[1],
  }[which];
  return found === undefined ? `s${++world.made}` : found;
}

function interviewIdOf(which: WhichInterview): string | null {
  if (which === null) return null;
  return typeof which === "object" ? which.bad : `interview ${which + 1}`;
}

function operatorOf(
  { users }: World,
  { operator }: { operator: number | null },
): string | null {
  return operator === null ? null : users[operator].id;
}

function replace(world: World, user: User) {
  world.users = world.users.map((old) => old.id === user.id ? user : old);
}

function nameOf(user: User): string {
  return names[ids.indexOf(user.id)];
}

function isWithin(time: Micros, { from, to }: Window): boolean {
  return time >= from && time <= to;
}

/** Of the history and of the interviews. */
function rowsOf(users: User[]): number {
  return users.flatMap(({ ended, interviews }) => [...ended, ...interviews])
    .length;
}

function fail(world: World, what: string[], cause?: Error): never {
  const told = world.lines.map((line, i) => `  ${i + 1}. ${line}`);
  const error = new Disagreement({
    message: [...told, ...what.map((line) => `     ${line}`)].join("\n"),
  });
  error.cause = cause;
  throw error;
}
