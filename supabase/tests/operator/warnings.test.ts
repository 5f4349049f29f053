// What a run of the reaper says to whoever calls it, and to the server's log.
import assert from "node:assert/strict";
import postgres from "postgres";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";

Deno.test("M13: a run warns once about the sessions that cannot be moved, however many", async () => {
  await withCopyOf("migrated", async (database) => {
    const warnings: string[] = [];
    const sql = postgres(database.url(), {
      max: 1,
      onnotice: ({ severity, message }) =>
        warnings.push(`${severity}: ${message}`),
    });
    try {
      await sql.unsafe(`
        insert into auth.users (id) select gen_random_uuid() from generate_series(1, 50);
        insert into public.active_interview_sessions
          (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
        select id, 'stuck', nextval('sessions.fence'), t, t, t, t
        from auth.users, lateral (select now() - interval '1 minute' as t) before;
        alter table public.interview_session_history
          add constraint none_is_moved check (session_id <> 'stuck');`)
        .simple();

      await sql`select from public.reap_stale_sessions()`;
      await sql`select from public.reap_stale_sessions()`;
    } finally {
      await sql.end();
    }

    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0],
      /^WARNING: 50 stale sessions could not be reaped\. The first: user [-0-9a-f]+: .*none_is_moved.* \(23514\)$/,
    );
  });
});
