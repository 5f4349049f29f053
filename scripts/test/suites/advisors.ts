// Do the advisors of a hosted project find anything?
import assert from "node:assert/strict";
import { cliAsks, type CliRow } from "../cli.ts";
import { type Database, migrated } from "../databases.ts";
import { check, type Part } from "../part.ts";

const suite = "advisors";

/** `supabase db advisors` finds nothing, and would find planted problems. */
export function advisorsSuite(): Part[] {
  return [
    check(suite, "nothing to say, once the reaper has run and delivered", {
      needs: [migrated],
      run: (run) =>
        run.withDatabase(migrated, async (database) => {
          // an index that is never used is a finding
          await database.connected((sql) =>
            sql.unsafe(`
              insert into sessions.endpoints (name, url)
              values ('meter', 'https://meter.example.com/');
              select from public.reap_stale_sessions();
              select from public.claim_deliveries();
              select from public.session_health();
            `).simple()
          );
          const { code, results } = await advisors(database);
          assert(results.length === 0, results.map(inWords).join("\n"));
          assert.equal(code, 0);
        }),
    }),
    check(suite, "they would say if there were something", {
      needs: [migrated],
      run: (run) =>
        run.withDatabase(migrated, async (database) => {
          await database.connected(async (sql) => {
            await sql`create table public.open_to_all (id int)`;
            await sql`
              create function public.trusting() returns int
              language sql as 'select 1'`;
          });
          const { code, results } = await advisors(database);
          const names = results.map(({ name }) => String(name));
          for (
            const name of [
              "rls_disabled_in_public",
              "no_primary_key",
              "function_search_path_mutable",
            ]
          ) assert(names.includes(name), `no ${name} in: ${names.join(", ")}`);
          assert.notEqual(code, 0);
        }),
    }),
  ];
}

async function advisors(
  database: Database,
): Promise<{ code: number; results: CliRow[] }> {
  return await cliAsks(
    [
      ...["db", "advisors", "--type", "all"],
      ...["--level", "info", "--fail-on", "info"],
    ],
    database.url(),
  ) as { code: number; results: CliRow[] };
}

function inWords({ level, name, detail }: CliRow): string {
  return `${level} ${name}: ${detail}`;
}
