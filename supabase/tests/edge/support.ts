// What the Edge Function's tests share: calling it, giving it something to do,
// and reading what it has logged.
import assert from "node:assert/strict";
import { keys, type Project } from "../../../scripts/test/api_fixture.ts";

export {
  keys,
  type Project,
  projectOfThisFile,
  startProject,
} from "../../../scripts/test/api_fixture.ts";

/** Where the function is, from the project's URL on. */
export const functionPath = "/functions/v1/reap-stale-sessions";

/** What the function answered. */
export interface Answered {
  status: number;
  headers: Headers;
  /** The JSON of the body; undefined if there is none. */
  body: unknown;
}

/** What it answers when it has reaped. */
export interface Run {
  reaped: number;
  batches: number;
  by_reason: Record<string, number>;
  duration_ms: number;
  drained: boolean;
  health: { status: string; reason: string };
  /** Absent where the chapter "deliveries" is not installed. */
  deliveries?: {
    delivered: number;
    failed: number;
    put_back: number;
    problems: Record<string, string>;
  };
}

/** Calls the function through the gateway. */
export async function invoke(
  project: Project,
  o: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answered> {
  const response = await fetch(project.url + functionPath, {
    method: o.method ?? "POST",
    headers: o.headers ?? { apikey: keys.secret.default },
    body: o.body,
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/** A call that reaps, as the schedule makes it. */
export async function reap(project: Project): Promise<Run> {
  const { status, body } = await invoke(project);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Run;
}

/** So many users with a session that has been over for a minute. */
export async function seedStale(
  { superuser }: Project,
  count: number,
  o: { reason?: "expired" | "timed_out"; sessionId?: string } = {},
): Promise<string[]> {
  const left = o.reason === "timed_out" ? "0" : "5 minutes";
  const rows = await superuser<{ session_id: string }[]>`
    with users as (
      insert into auth.users (id, email)
      select gen_random_uuid(), gen_random_uuid() || '@example.com'
      from generate_series(1, ${count})
      returning id
    )
    insert into public.active_interview_sessions (
      user_id, session_id, fence, created_at, updated_at, expires_at,
      deadline_at
    )
    select
      id, coalesce(${o.sessionId ?? null}, gen_random_uuid()::text),
      nextval('sessions.fence'), now() - interval '7 minutes',
      now() - interval '6 minutes', now() - interval '1 minute',
      now() - interval '1 minute' + ${left}::interval
    from users
    returning session_id`;
  return rows.map(({ session_id }) => session_id);
}

/** The sessions that are still in the live table. */
export async function stillThere({ sql }: Project): Promise<string[]> {
  const rows = await sql<{ session_id: string }[]>`
    select session_id from public.active_interview_sessions order by 1`;
  return rows.map(({ session_id }) => session_id);
}

/** How the sessions in the history ended. */
export async function ended(
  { sql }: Project,
): Promise<Map<string, string>> {
  const rows = await sql<{ session_id: string; end_reason: string }[]>`
    select session_id, end_reason from public.interview_session_history`;
  return new Map(rows.map((row) => [row.session_id, row.end_reason]));
}

/** How often the reaper has been called. */
export async function reaperRuns({ sql }: Project): Promise<number> {
  const [{ runs }] = await sql<{ runs: number }[]>`
    select count(*)::integer as runs from sessions.reaper_runs`;
  return runs;
}

/** Leaves no session behind for the next test. */
export async function clear({ sql }: Project) {
  await sql`delete from public.active_interview_sessions where true`;
  await sql`delete from public.interview_session_history where true`;
}

/**
 * What the function logged for the runs that `work` makes, line by line; it
 * waits until each run has logged its own.
 */
export async function logOf(
  { functionLines }: Project,
  runs: number,
  work: () => Promise<unknown>,
): Promise<Record<string, unknown>[]> {
  const from = functionLines.all.length;
  await work();
  let left = runs;
  await functionLines.until(
    (line) => /"event":"(reaped|failed)"/.test(line) && --left <= 0,
    from,
  );
  return functionLines.all.slice(from).map((line) => JSON.parse(line));
}

/** Asserts that no key has ever been logged. */
export function assertNoSecretLogged({ functionLines }: Project) {
  assert(functionLines.all.length > 0, "nothing was logged at all");
  for (const line of functionLines.all) {
    assert.doesNotMatch(line, /sb_(secret|publishable)_/);
    assert.doesNotMatch(line, /eyJ[\w-]+\.eyJ/, "a token");
  }
}
