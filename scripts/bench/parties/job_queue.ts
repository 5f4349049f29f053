// graphile-worker: a job for each session, keyed by its user, due when the lease
// runs out. A start adds it unless it is there, a heartbeat puts it off, an end
// removes it. What it is asked for is what it was made for, and all of it SQL.
import * as fs from "node:fs";
import { join } from "node:path";
import type { Skipped } from "../../test/part.ts";
import type { Party } from "../party.ts";
import { request as apiRequest, session, userOf } from "../request.ts";
import { npmPackage } from "../tools.ts";

const version = "0.18.0";
const key = `('00000000-0000-4000-8000-' || :n)`;

const request = (statement: string) =>
  apiRequest({ path: "/rpc/add_job", statement });

const addJob = (mode: string) =>
  `select * from graphile_worker.add_job('expire', ` +
  `json_build_object('session_id', ${session}), ` +
  `run_at => now() + interval '5 minutes', job_key => ${key}, ` +
  `job_key_mode => '${mode}')`;

/** The party, if npm brings the package. */
export function jobQueue(): Party | Skipped {
  const folder = npmPackage("graphile-worker", version);
  if (typeof folder !== "string") return folder;
  const migrations = fs.readdirSync(join(folder, "sql")).sort()
    .map((name) => fs.readFileSync(join(folder, "sql", name), "utf8"))
    .map((sql) =>
      sql.replaceAll(/:GRAPHILE_WORKER_SCHEMA\b/g, "graphile_worker")
    );
  return {
    name: "graphile-worker",
    what:
      `graphile-worker ${version}: a job per user, due when the lease runs out; a heartbeat puts it off. Its worker is not counted, which then ends the session. It does not know one session of a user from another, so a zombie can prolong and end; no history`,
    table: "graphile_worker._private_jobs",
    setUp: [
      "create schema graphile_worker;",
      "create table graphile_worker.migrations (id int primary key, ts timestamptz default now() not null, breaking boolean default false not null);",
      ...migrations,
      // it is called by the browser here, without wrappers that would cost more
      "grant usage on schema graphile_worker to authenticated;",
      "grant all on all tables in schema graphile_worker to authenticated;",
      "grant all on all functions in schema graphile_worker to authenticated;",
      `do $$ declare t regclass; begin
         for t in select c.oid from pg_class c where c.relnamespace = 'graphile_worker'::regnamespace and c.relrowsecurity loop
           execute format('alter table %s disable row level security', t);
         end loop;
       end $$;`,
      "select graphile_worker.add_job('expire');",
    ].join("\n"),
    clear: "truncate graphile_worker._private_jobs",
    fill: ({ from, count }) =>
      `insert into graphile_worker._private_jobs (task_id, payload, run_at, key)
       select t.id, '{}', now() + interval '5 minutes', ${userOf("n")}
       from graphile_worker._private_tasks t, generate_series(${from}, ${
        from + count - 1
      }) as n;`,
    scripts: {
      start: request(addJob("unsafe_dedupe")),
      heartbeat: request(addJob("replace")),
      end: request(`select * from graphile_worker.remove_job(${key})`),
      refusal: request(addJob("unsafe_dedupe")),
    },
  };
}
