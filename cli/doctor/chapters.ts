// What `doctor` finds about the chapters "deliveries" and "notification": endpoints,
// deliveries that are dead, and whether Realtime is there.
import type postgres from "postgres";
import type { OptionalChapter } from "../package_files.ts";
import { type Finding, note, ok, runAsPostgres, wrong } from "./finding.ts";

/** The findings about those of the two that are installed. */
export async function chapterFindings(
  sql: postgres.TransactionSql,
  optional: readonly OptionalChapter[],
): Promise<Finding[]> {
  return [
    ...optional.includes("deliveries") ? await deliveryFindings(sql) : [],
    ...optional.includes("notification") ? await notificationFindings(sql) : [],
  ];
}

interface DeliveriesRow {
  on: string[];
  gone: string[];
  dead: string;
  waiting: string;
  is_recorded: boolean;
}

async function deliveryFindings(
  sql: postgres.TransactionSql,
): Promise<Finding[]> {
  const [row] = await sql<DeliveriesRow[]>`
    select
      array(select e.name from sessions.endpoints e where e.state = 'on' order by 1) as on,
      array(select e.name from sessions.endpoints e where e.state = 'gone' order by 1) as gone,
      (select count(*) from sessions.deliveries d where d.due_at is null) as dead,
      (select count(*) from sessions.deliveries d where d.due_at is not null) as waiting,
      exists (
        select
        from pg_catalog.pg_trigger t
        where t.tgrelid = 'public.interview_session_history'::regclass
          and t.tgname = 'record_deliveries'
          and t.tgenabled in ('O', 'A')
      ) as is_recorded`;
  if (!row) return [];
  const { on, gone, dead, waiting, is_recorded } = row;
  const findings: Finding[] = [];
  for (const name of gone) {
    findings.push(wrong(
      `The endpoint ${name} answered 410 Gone: ends are neither recorded for it nor sent.`,
      `Set it to on, or delete it: update sessions.endpoints set state = 'on' where name = '${name}';`,
    ));
  }
  if (dead !== "0") {
    findings.push(wrong(
      `${dead} deliveries are dead: their receiver did not confirm them in 12 attempts.`,
      `See npx interview-sessions deliveries list --dead, then retry or drop them.`,
    ));
  }
  if (on.length > 0 && !is_recorded) {
    findings.push(wrong(
      `Ends are not recorded for any endpoint: the trigger record_deliveries is disabled.`,
      runAsPostgres(
        `alter table public.interview_session_history enable trigger record_deliveries;`,
      ),
    ));
  }
  if (findings.length > 0) return findings;
  if (on.length === 0) {
    return [
      ok(
        "No endpoint is on: ends are not delivered. To add one: insert into sessions.endpoints (name, url) values (…)",
      ),
    ];
  }
  return [
    ok(
      `Ends are delivered to ${
        on.join(", ")
      }; ${waiting} wait. Whether the function has ` +
        `their secrets is in the answer of its runs, under deliveries.problems.`,
    ),
  ];
}

interface RealtimeRow {
  has_messages: boolean;
  has_send: boolean;
  has_topic: boolean;
  may_send: boolean;
  has_policy: boolean;
  is_protected: boolean;
}

async function notificationFindings(
  sql: postgres.TransactionSql,
): Promise<Finding[]> {
  // to_regclass() fails where the role may not use the schema
  const [row] = await sql<RealtimeRow[]>`
    with
    messages as (
      select c.oid, c.relrowsecurity
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'realtime' and c.relname = 'messages'
    ),
    functions as (
      select p.oid, n.oid as schema, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' as name
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'realtime'
    ),
    send as (
      select
        has_schema_privilege(o.proowner, f.schema, 'usage')
          and has_function_privilege(o.proowner, f.oid, 'execute') as is_allowed
      from functions f
      cross join pg_catalog.pg_proc o
      where f.name = 'send(jsonb, text, text, boolean)'
        and o.oid = to_regprocedure('sessions.notify(uuid, text)')
    )
    select
      exists (select from messages) as has_messages,
      exists (select from send) as has_send,
      exists (select from functions f where f.name = 'topic()') as has_topic,
      coalesce((select s.is_allowed from send s), false) as may_send,
      exists (
        select
        from pg_catalog.pg_policy p
        join messages m on m.oid = p.polrelid
        where p.polname = 'a user hears of their own interview sessions'
      ) as has_policy,
      coalesce((select m.relrowsecurity from messages m), false) as is_protected`;
  if (!row) return [];
  const missing = [
    ...row.has_messages ? [] : ["table realtime.messages"],
    ...row.has_send ? [] : ["realtime.send(jsonb, text, text, boolean)"],
    ...row.has_topic ? [] : ["realtime.topic()"],
  ];
  if (missing.length > 0) {
    const absent = missing.join(", no ");
    return [
      note(
        `Nobody is notified, because Realtime is absent: no ${absent}. Once it is set up, run as postgres: select sessions.allow_notification();`,
      ),
    ];
  }
  if (!row.is_protected) {
    return [
      wrong(
        "Row level security is off on realtime.messages: every user may listen to every topic.",
        "Run as the table's owner: alter table realtime.messages enable row level security;",
      ),
    ];
  }
  if (!row.may_send) {
    return [
      note(
        "Nobody is notified: the owner of sessions.notify() may not execute realtime.send(jsonb, text, text, boolean). Grant it to that role.",
      ),
    ];
  }
  if (!row.has_policy) {
    return [
      note(
        "Nobody may listen: the policy on realtime.messages is missing. Run as postgres: select sessions.allow_notification(); If it warns that postgres may not create it, see docs/notification.md.",
      ),
    ];
  }
  return [ok("Devices are notified through Realtime.")];
}
