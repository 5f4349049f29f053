// What the API tests share: how an answer is judged, what the tables hold, and
// how a session is made to be over.
import assert from "node:assert/strict";
import type {
  Client,
  Project,
  User,
} from "../../../scripts/test/api_fixture.ts";

export { projectOfThisFile } from "../../../scripts/test/api_fixture.ts";
export type { Client, Project, User };

/** PostgREST's ISO 8601, with microseconds and an offset. */
export const isoTimestamp =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00$/;

/** As much of a supabase-js answer as is judged here. */
export interface Answer<T> {
  data: T;
  error: Refusal | null;
  status: number;
}

/** The body of a refused call. */
export interface Refusal {
  code: string;
  message: string;
  details: string | null;
  hint: string | null;
}

/** The data of a call that was answered with 200. */
export function granted<T>(
  { data, error, status }: Answer<T>,
): NonNullable<T> {
  assert.equal(error, null, `refused: ${error?.code} ${error?.message}`);
  assert.equal(status, 200);
  assert(data !== null && data !== undefined);
  return data;
}

/** Of a set of one row, the row. */
export function theOne<T>(rows: T[]): T {
  assert.equal(rows.length, 1);
  return rows[0];
}

/** The body of a call that was refused with this status and this code. */
export function refused(
  { data, error, status }: Answer<unknown>,
  wanted: { status: number; code: string },
): Refusal {
  assert(error, `not refused, but answered ${JSON.stringify(data)}`);
  assert.deepEqual({ status, code: error.code }, wanted, error.message);
  assert.equal(data, null);
  assert.match(error.message, /\S/, "a refusal says why, in words");
  return error;
}

/** The facts in a refusal, as a program reads them. */
export function factsOf({ details }: Refusal): Record<string, unknown> {
  assert(details, "the refusal has no detail");
  return JSON.parse(details);
}

/** The statuses and codes of the contract. */
export const refusal = {
  notSignedIn: { status: 401, code: "PT401" },
  held: { status: 409, code: "PT409" },
  over: { status: 410, code: "PT410" },
  badArgument: { status: 400, code: "22023" },
  anonMayNot: { status: 401, code: "42501" },
  roleMayNot: { status: 403, code: "42501" },
  readOnly: { status: 405, code: "25006" },
  expiredToken: { status: 401, code: "PGRST303" },
  badToken: { status: 401, code: "PGRST301" },
} as const;

/** Calls with arguments that the types would not let through. */
export async function call(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<Answer<unknown>> {
  return await client.rpc(name as never, args as never);
}

/**
 * Everything that a call could have changed, except sessions.early_ends: an end
 * of an unknown id may write the one row of its user there.
 */
export async function contents({ sql, superuser }: Project): Promise<unknown> {
  const rows = async (query: Promise<unknown>) =>
    JSON.parse(JSON.stringify(await query));
  return {
    active: await rows(sql`
      select a::text as row from public.active_interview_sessions a order by 1`),
    history: await rows(sql`
      select h::text as row from public.interview_session_history h order by 1`),
    interviews: await rows(sql`
      select i::text as row from public.interviews i order by 1`),
    revocations: await rows(sql`
      select r::text as row from sessions.revocations r order by 1`),
    extensions: await rows(sql`
      select e::text as row from sessions.extensions e order by e.id`),
    settings: await rows(sql`select s::text as row from sessions.settings s`),
    runs: await rows(sql`
      select r::text as row from sessions.reaper_runs r order by r.id`),
    fence: await rows(sql`select last_value from sessions.fence`),
    users: await rows(superuser`select id from auth.users order by id`),
  };
}

/** Asserts that `work` leaves everything as it was. */
export async function changingNothing<T>(
  project: Project,
  work: () => Promise<T>,
): Promise<T> {
  const before = await contents(project);
  const result = await work();
  assert.deepEqual(await contents(project), before);
  return result;
}

/** Asserts that `work` does change something: the other's witness. */
export async function changingSomething<T>(
  project: Project,
  work: () => Promise<T>,
): Promise<T> {
  const before = await contents(project);
  const result = await work();
  assert.notDeepEqual(await contents(project), before);
  return result;
}

/**
 * Moves a user's session and interviews into the past, as if time had gone by.
 */
export async function letPass(project: Project, user: User, time: string) {
  const moved = await project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - ${time}::interval,
      updated_at = updated_at - ${time}::interval,
      deadline_at = deadline_at - ${time}::interval,
      expires_at = expires_at - ${time}::interval
    where user_id = ${user.id}`;
  assert.equal(moved.count, 1, "the user has no session to move");
  await project.sql`
    update public.interviews
    set
      started_at = started_at - ${time}::interval,
      deadline_at = deadline_at - ${time}::interval
    where user_id = ${user.id}`;
}

/** A session whose heartbeats have ceased: over for a minute. */
export async function letExpire(project: Project, user: User) {
  await letPass(project, user, "6 minutes");
}

/** A session with heartbeats until its deadline, a minute ago. */
export async function letTimeOut(project: Project, user: User) {
  const moved = await project.sql`
    update public.active_interview_sessions
    set
      created_at = now() - interval '16 minutes',
      updated_at = now() - interval '1 minute',
      deadline_at = now() - interval '1 minute',
      expires_at = now() - interval '1 minute'
    where user_id = ${user.id}`;
  assert.equal(moved.count, 1, "the user has no session to move");
  await project.sql`
    update public.interviews
    set
      started_at = now() - interval '16 minutes',
      deadline_at = now() - interval '1 minute'
    where user_id = ${user.id}`;
}

/** The seconds from one timestamp to another. */
export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
