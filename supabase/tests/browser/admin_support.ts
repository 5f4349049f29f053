// What the tests of the admin page share: 500 live and 5 000 ended sessions, and an
// administrator who looks at them.
import {
  addAdministrator,
  administrator,
  type Scene,
  type Tab,
} from "./support.ts";
import type { Project } from "../../../scripts/test/api_fixture.ts";

export const howManyLive = 500;
export const howManyEnded = 5000;

/** A tab in which an administrator has signed in, and opened this address. */
export async function atTheDesk(scene: Scene, query = ""): Promise<Tab> {
  await addAdministrator(scene);
  const { tab } = await scene.device();
  await tab.open(deskAddress(query));
  await tab.signIn(administrator);
  await tab.page.getByRole("button", { name: "Sign out" }).waitFor();
  return tab;
}

/** The page asks every second instead of every five. */
export function deskAddress(query = ""): string {
  return `/admin?refresh=1${query && `&${query}`}`;
}

/**
 * 500 users, each in an interview, who all have ended ten sessions, one every two
 * hours: user-001@example.com to user-500@example.com. The reaper has just run.
 */
export async function seedSessions({ sql, superuser, service }: Project) {
  await superuser`
    insert into auth.users (id, email)
    select md5('seeded ' || n)::uuid, 'user-' || lpad(n::text, 3, '0') || '@example.com'
    from generate_series(1, ${howManyLive}) n`;
  await sql`
    insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
    select
      md5('seeded ' || n)::uuid, 'interview-' || n, now() - interval '3 minutes',
      now() + interval '12 minutes' + n * interval '1 second', 'live-' || n
    from generate_series(1, ${howManyLive}) n`;
  await sql`
    insert into public.active_interview_sessions (
      user_id, session_id, status, fence, device, created_at, updated_at, deadline_at, expires_at, interview_id
    )
    select
      i.user_id, i.last_session_id, case when n % 50 = 0 then 'completing' else 'active' end, nextval('sessions.fence'),
      (array['Chrome on Windows', 'Safari on iPhone', 'Firefox on Linux', 'Edge on Windows'])[1 + n % 4],
      i.started_at, now() - n % 30 * interval '1 second', i.deadline_at, now() + interval '4 minutes', i.interview_id
    from generate_series(1, ${howManyLive}) n
    join public.interviews i on i.interview_id = 'interview-' || n`;
  await sql`
    insert into public.interview_session_history (
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status, interview_id, ended_fence
    )
    select
      md5('seeded ' || 1 + n % ${howManyLive})::uuid, 'ended-' || n, 0,
      (array['Chrome on Windows', 'Safari on iPhone', 'Firefox on Linux'])[1 + n % 3],
      ended.at - make_interval(secs => 60 + n % 800), ended.at, ended.at,
      (array['completed', 'completed', 'completed', 'expired', 'taken_over', 'disconnected', 'timed_out'])[1 + n % 7],
      'active', 'earlier-' || n, 0
    from generate_series(0, ${howManyEnded - 1}) n
    cross join lateral (
      select now() - interval '1 hour' - n / ${howManyLive} * interval '2 hours' - n % ${howManyLive} * interval '10 seconds' as at
    ) ended`;
  await service.rpc("reap_stale_sessions");
}

/** The words in each row that is shown, as a person reads them. */
export async function rowsOf({ page }: Tab): Promise<string[]> {
  return await page.locator("table[role=table] tbody tr").evaluateAll(
    (rows: { innerText: string }[]) =>
      rows.map(({ innerText }) => innerText.replaceAll(/\s+/g, " ").trim()),
  );
}
