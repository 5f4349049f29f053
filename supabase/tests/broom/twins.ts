// Puts a twin in front of each function of the contract, which reports every call:
// its arguments, and the answer or the refusal. Before it calls the function, it
// can sweep: reap all that is stale and prune all that is past its retention.
import type { Database } from "../../../scripts/test/databases.ts";

/** The functions whose answers may not depend on the reaper. */
export const lifecycle = [
  "start_session",
  "heartbeat_session",
  "complete_session",
  "end_session",
  "holds_session",
  "user_holds_session",
  "revoke_session",
  "extend_interview",
] as const;

/** The name of one of them. */
export type LifecycleFunction = typeof lifecycle[number];

/** A call and its result. */
export interface Account {
  call: LifecycleFunction;
  arguments: Record<string, unknown>;
  /** The rows, if it was answered. */
  answer?: unknown[];
  /** What was raised, if it was refused. */
  refusal?: {
    sqlstate: string;
    message: string;
    detail: string;
    hint: string;
  };
  /** How many rows were reaped or pruned before. */
  swept: number;
}

/** How notices begin that are accounts. */
const mark = "ACCOUNT ";

/** The account in a notice, if it is one. */
export function accountIn(notice: string | undefined): Account | undefined {
  if (!notice?.startsWith(mark)) return undefined;
  return JSON.parse(notice.slice(mark.length));
}

/**
 * Reaps and prunes without a record: what a run does that finds nothing in its way.
 * Returns how many rows it took.
 */
export const sweepFunction = `
  create schema broom;
  create function broom.sweep()
  returns integer
  language plpgsql
  as $$
  declare
    v_kept_since timestamptz :=
      clock_timestamp() - (sessions.current_settings()).history_retention;
    v_swept integer := cardinality(
      sessions.retire_stale(sessions.pick_stale(1000000, clock_timestamp()))
    );
    v_pruned integer;
  begin
    loop
      v_pruned := sessions.prune_history(v_kept_since, 1000000)
        + sessions.prune_interviews(v_kept_since, 1000000);
      exit when v_pruned = 0;
      v_swept := v_swept + v_pruned;
    end loop;

    return v_swept;
  end
  $$`;

/** Puts the twins in place, in front of all callers. */
export async function putTwins(database: Database, o: { broom: boolean }) {
  await database.connected(async (sql) => {
    await sql.unsafe(sweepFunction).simple();
    // prints every name with its schema
    await sql`set search_path = ''`;
    await sql`create schema unswept`;
    for (const name of lifecycle) {
      const [{ twin, moved, acl }] = await sql<
        { twin: string; moved: string; acl: string }[]
      >`
        with original as (
          select
            p.oid, p.proname, p.proargnames as arguments, p.proretset,
            p.prorettype::regtype::text as of_type
          from pg_proc p
          where p.pronamespace = 'sessions'::regnamespace
            and p.proname = ${name}
        )
        select
          format(
            ${twinOf(o)},
            o.proname, pg_get_function_arguments(o.oid),
            pg_get_function_result(o.oid), o.of_type,
            (select string_agg('$' || n, ', ') from generate_subscripts(o.arguments, 1) n),
            (select string_agg(format('%L, $%s', a, n), ', ') from unnest(o.arguments) with ordinality x (a, n)),
            case
              when o.proretset then 'return query select * from unnest(v_rows)'
              else 'return v_rows[1]'
            end
          ) as twin,
          format('alter function %s set schema unswept', o.oid::regprocedure) as moved,
          (
            select string_agg(
              format('grant execute on function %s to %s', o.oid::regprocedure, x.grantee::regrole), ';'
            )
            from pg_proc p
            cross join aclexplode(p.proacl) x
            where p.oid = o.oid and x.grantee <> p.proowner
          ) as acl
        from original o`;
      await sql.unsafe(`
        ${moved};
        ${twin};
        revoke all on function sessions.${name}
          from public, anon, authenticated, service_role;
        ${acl};
      `).simple();
    }
  });
}

/**
 * The twin's text for format(): name, arguments, result, type of a row, the
 * arguments passed on, the arguments as JSON, how the rows are returned. A refusal
 * undoes the sweep, too.
 */
function twinOf(o: { broom: boolean }): string {
  // a transaction that only reads cannot sweep
  const sweep = o.broom
    ? `
    if current_setting('transaction_read_only') = 'off' then
      v_swept := broom.sweep();
    end if;`
    : "";
  return `
create function sessions.%1$I(%2$s)
returns %3$s
language plpgsql
security definer
set search_path = ''
as $twin$
declare
  v_rows %4$s[];
  v_swept integer := 0;
  v_arguments jsonb := jsonb_build_object(%6$s);
  v_sqlstate text;
  v_message text;
  v_detail text;
  v_hint text;
begin
  begin${sweep}
    v_rows := array(select f from unswept.%1$I(%5$s) f);
  exception
    when others then
      get stacked diagnostics
        v_sqlstate := returned_sqlstate,
        v_message := message_text,
        v_detail := pg_exception_detail,
        v_hint := pg_exception_hint;
      -- INFO, because pgTAP turns notices off
      raise info '${mark}%%', jsonb_build_object(
        'call', '%1$s', 'arguments', v_arguments, 'swept', v_swept,
        'refusal', jsonb_build_object(
          'sqlstate', v_sqlstate, 'message', v_message,
          'detail', v_detail, 'hint', v_hint
        )
      );
      raise;
  end;
  raise info '${mark}%%', jsonb_build_object(
    'call', '%1$s', 'arguments', v_arguments, 'swept', v_swept,
    'answer', to_jsonb(v_rows)
  );
  %7$s;
end
$twin$`;
}
