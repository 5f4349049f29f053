// Whose turn is it? A, B, A, B: the parties take turns, so that a machine that
// grows slower does so for all.
import type { Bench } from "./answer.ts";
import { type Operation, operations, type Party, type Users } from "./party.ts";
import { asynchronousFloor, floor, nakedFloor } from "./parties/floor.ts";
import { advisoryLock } from "./parties/advisory_lock.ts";
import { firstPlan } from "./parties/first_plan.ts";
import { jobQueue } from "./parties/job_queue.ts";
import { indexed, ours, withInterview } from "./parties/ours.ts";
import { type Measured, pgbench, warmUp } from "./pgbench.ts";
import { nextUser, userOf, userZero } from "./request.ts";
import type { BenchDatabase } from "./server.ts";

/** The parties that live in Postgres, and why others do not come. */
export function parties(): { parties: Party[]; skipped: string[] } {
  const queue = jobQueue();
  const all = [
    ...[ours, floor, asynchronousFloor, nakedFloor],
    ...[firstPlan, withInterview, indexed],
  ];
  if ("reason" in queue) {
    return {
      parties: [...all, advisoryLock],
      skipped: [`graphile-worker: ${queue.reason}`],
    };
  }
  return { parties: [...all, queue, advisoryLock], skipped: [] };
}

/** The database of a party, with users in it. */
export async function databaseOf(
  { server }: Bench,
  party: Party,
  users: number,
  suffix = "",
): Promise<BenchDatabase> {
  const name = `${party.name.replaceAll(/\W+/g, "_")}${suffix}`;
  const database = await server.database(name, party.setUp);
  await database.sql.unsafe(`
    insert into auth.users (id, email)
    select ${userOf("n")}, n || '@example.com'
    from generate_series(1, ${users}) as n
    on conflict do nothing`);
  return database;
}

/** Which operations want a live session to be there. */
export const wantsLive = (operation: Operation) => operation !== "start";

/** What may be changed of a turn. */
export interface TurnOptions {
  clients: number;
  times: number;
  /** Another script than the operation's. */
  script?: string;
  /** Users before the turn's own, who are live and stay so. */
  others?: number;
  /** A database of its own, told apart by this. */
  suffix?: string;
}

/** One turn of a party with one operation, each user having their turn once. */
export async function takeTurn(
  bench: Bench,
  party: Party,
  operation: Operation,
  { clients, times, script, others, suffix }: TurnOptions,
): Promise<Measured> {
  const first = (others ?? 0) + 1;
  const users = {
    from: first,
    count: wantsLive(operation) ? clients * times : 0,
    epoch: bench.nextEpoch(),
  };
  const last = others === undefined ? clients * times : 0;
  const database = await databaseOf(bench, party, last, suffix);
  await (others === undefined
    ? database.sql.unsafe(party.clear)
    : clearAfter(database, party, others));
  await makeLive(database, party, users);
  return await pgbench(bench, database, {
    script: `${nextUser}\n${script ?? party.scripts[operation]}`,
    clients,
    times,
    variables: { first: userZero + first, each: times, i: 0, e: users.epoch },
    role: party.role,
  });
}

/** Gives the users a live session, and the planner statistics that know. */
export async function makeLive(
  { sql }: BenchDatabase,
  party: Party,
  users: Users,
) {
  if (users.count > 0) await sql.unsafe(party.fill(users));
  if (party.table) await sql.unsafe(`vacuum (analyze) ${party.table}`);
}

async function clearAfter({ sql }: BenchDatabase, party: Party, last: number) {
  await sql.unsafe(
    `delete from ${party.table} where user_id > ${userOf(String(last))}`,
  );
}

/** How often a script is to be run by each client, for a turn to last as long
 * as wanted. */
export function timesFor(
  { effort }: Bench,
  perSecond: number,
  clients: number,
): number {
  const wanted = perSecond * effort.turnSeconds / clients;
  // with many clients, enough for each to be warm for most of the turn
  const least = Math.max(wanted, 6 * warmUp);
  return Math.max(2, Math.floor(Math.min(least, effort.users / clients)));
}

/** The operations in their order. */
export const allOperations = Object.keys(operations) as Operation[];
