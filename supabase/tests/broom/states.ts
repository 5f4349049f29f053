// The states that a user can be in, the calls that can be made, and what comes of
// each call in each state: without the broom, and with all that is stale reaped
// first.
import postgres from "postgres";
import type { Database } from "../../../scripts/test/databases.ts";
import type { LifecycleFunction } from "./twins.ts";

const ada = "aaaaaaaa-0000-4000-8000-000000000001";
const ben = "bbbbbbbb-0000-4000-8000-000000000002";
const nobody = "00000000-0000-4000-8000-00000000dead";

/** The rows of both tables, with times as seconds from now. */
export interface State {
  /** What it is called when something is wrong with it. */
  name: string;
  active: Row[];
  history: Row[];
}

/** A row of one of the tables. */
export type Row = Record<string, string | number | null>;

/** A call that can be made. */
export interface Call {
  /** What is asked; the view of the table that a client may read, too. */
  of: LifecycleFunction | "select" | "overlapping_sessions";
  /** What stands behind `from`. */
  sql: string;
  role: "authenticated" | "service_role" | "postgres";
  /** Whose token is sent with it. */
  user: string | null;
}

/** What came of a call in a state. */
export interface Outcome {
  state: string;
  call: string;
  /** The answer or the refusal, and what both tables then hold, all reaped. */
  without: Record<string, unknown>;
  /** The same where all that was stale had been reaped before the call. */
  swept: Record<string, unknown>;
}

const minute = 60;
const day = 24 * 60 * minute;

/** When a session was granted and heard from, and when it ends or has ended. */
const lives = {
  "without a heartbeat": { created: -8, updated: -6, deadline: 7, expires: -1 },
  "past its deadline": { created: -16, updated: -2, deadline: -1, expires: -1 },
  "without a heartbeat for three days": {
    created: -4325,
    updated: -4325,
    deadline: -4310,
    expires: -4320,
  },
  "live": { created: -4, updated: -1, deadline: 11, expires: 4 },
  "in its last minutes": { created: -12, updated: -1, deadline: 3, expires: 3 },
};

/** How another session of the user's has ended. */
const endings: Row[] = [
  { end_reason: "completed", status: "completing" },
  { end_reason: "revoked", status: "active", note: "asked for", ended_by: ben },
];

/** Somebody else's, so that the broom always has something to sweep. */
const bystander: Row = {
  user_id: ben,
  session_id: "mine",
  status: "active",
  fence: 60,
  created_at: -20 * minute,
  updated_at: -20 * minute,
  deadline_at: -5 * minute,
  expires_at: -15 * minute,
};

/** Every state of a user's session; alone, and after another has ended. */
export const states: State[] = [
  ...Object.entries(lives).flatMap(([name, { created, updated, ...ends }]) =>
    ["active", "completing"].map((status, n) => ({
      name: `a session ${status} ${name}`,
      rows: [{
        user_id: ada,
        session_id: "mine",
        status,
        fence: 50,
        device: n === 0 ? "Chrome on Windows" : null,
        created_at: created * minute,
        updated_at: updated * minute,
        deadline_at: ends.deadline * minute,
        expires_at: ends.expires * minute,
        previous_session_id: n === 0 ? null : "ended",
      }],
    }))
  ),
  { name: "no session", rows: [] },
].flatMap(({ name, rows }) =>
  [undefined, ...endings].map((ending) => ({
    name: ending ? `${name}, another ${ending.end_reason}` : name,
    active: [...rows, bystander],
    history: ending
      ? [{
        user_id: ada,
        session_id: "ended",
        fence: 40,
        started_at: -6 * day,
        last_seen_at: -6 * day + 5 * minute,
        ended_at: -6 * day + 7 * minute,
        ...ending,
      }]
      : [],
  }))
);

/** The live or stale one; never known; ended in most states; no id at all. */
const ids = ["mine", "other", "ended", "", null];

/** Every call with every argument that can make a difference. */
export const calls: Call[] = [
  ...each(ids, [true, false, null], [null, "Phone"]).map((args) =>
    byAda("start_session", args)
  ),
  ...each(ids).map((args) => byAda("heartbeat_session", args)),
  ...each(ids).map((args) => byAda("complete_session", args)),
  ...each(ids, [null, "completed", "disconnected", "cleared", "bored"])
    .map((args) => byAda("end_session", args)),
  ...each(ids, [null, 50, 51, 40]).map((args) => byAda("holds_session", args)),
  ...each([ada, nobody, null], [null, "asked for", "x".repeat(1001)])
    .map((args): Call => ({
      ...byAda("revoke_session", args),
      role: "service_role",
      user: null,
    })),
  // not signed in, and signed in as somebody who has been deleted
  ...[null, nobody].flatMap((user) =>
    ([
      "start_session",
      "heartbeat_session",
      "complete_session",
      "end_session",
      "holds_session",
    ] as const).map((of): Call => ({ ...byAda(of, ["mine"]), user }))
  ),
  {
    of: "select",
    sql: "public.active_interview_sessions",
    role: "authenticated",
    user: ada,
  },
  {
    of: "overlapping_sessions",
    sql: "sessions.overlapping_sessions()",
    role: "postgres",
    user: null,
  },
];

function byAda(of: LifecycleFunction, args: Argument[]): Call {
  return {
    of,
    sql: `public.${of}(${args.map(literal).join(", ")})`,
    role: "authenticated",
    user: ada,
  };
}

/** Puts in place what outcomes() needs. */
export async function putApparatus(database: Database) {
  await database.connected((sql) => sql.unsafe(apparatus).simple());
}

/** What comes of every one of these calls, state by state. */
export async function* outcomes(
  database: Database,
  theCalls: Call[],
): AsyncGenerator<Outcome[]> {
  const sql = postgres(database.url(), { max: 1, onnotice: () => {} });
  try {
    for (const state of states) {
      const now = new Date();
      // with this fraction no other time is mistaken for one of a state's
      now.setMilliseconds(123);
      const active = state.active.map((row) => inTime(row, now));
      const history = state.history.map((row) => inTime(row, now));
      const known = new Set(
        [...active, ...history].flatMap((row) => Object.values(row)),
      );
      // what was undone is dead weight
      await sql`
        vacuum public.active_interview_sessions,
        public.interview_session_history`;
      const rows = await sql`
        select
          c ->> 'sql' as call,
          trial.outcome(
            ${sql.json(active)}, ${sql.json(history)},
            c ->> 'sql', c ->> 'role', c ->> 'user', false
          ) as without,
          trial.outcome(
            ${sql.json(active)}, ${sql.json(history)},
            c ->> 'sql', c ->> 'role', c ->> 'user', true
          ) as swept
        from jsonb_array_elements(
          ${sql.json(theCalls.map((call) => ({ ...call })))}
        ) as c`;
      yield rows.map(({ call, without, swept }) => ({
        state: state.name,
        call,
        without: comparable(without, known),
        swept: comparable(swept, known),
      }));
    }
  } finally {
    await sql.end();
  }
}

/**
 * Makes the state, makes the call, reaps what is then stale, says what came of it
 * all, and undoes it.
 */
const apparatus = `
  create schema trial;
  insert into auth.users (id) values ('${ada}'), ('${ben}');
  create function trial.outcome(
    active jsonb, history jsonb, call text, as_role text, as_user text, swept boolean
  )
  returns jsonb
  language plpgsql
  set timezone = 'UTC'
  as $$
  declare
    v_outcome jsonb;
    v_sqlstate text;
    v_message text;
    v_detail text;
    v_hint text;
  begin
    insert into public.active_interview_sessions
    select * from jsonb_populate_recordset(null::public.active_interview_sessions, active);
    insert into public.interview_session_history (
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at,
      end_reason, status, previous_session_id, ended_by, note
    )
    select
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at,
      end_reason, status, previous_session_id, ended_by, note
    from jsonb_populate_recordset(null::public.interview_session_history, history);
    perform setval('sessions.fence', 100);

    if swept then
      perform sessions.reap_batch(1000, clock_timestamp());
    end if;

    begin
      perform set_config(
        'request.jwt.claims',
        jsonb_build_object('role', as_role, 'sub', as_user)::text, true
      );
      perform set_config('role', as_role, true);
      execute format('select jsonb_build_object(''answer'', jsonb_agg(to_jsonb(f))) from %s f', call)
        into v_outcome;
      perform set_config('role', 'none', true);
    exception
      when others then
        get stacked diagnostics
          v_sqlstate := returned_sqlstate,
          v_message := message_text,
          v_detail := pg_exception_detail,
          v_hint := pg_exception_hint;
        v_outcome := jsonb_build_object(
          'refusal', jsonb_build_array(v_sqlstate, v_message, v_hint),
          'detail', case when v_detail ^@ '{' then v_detail::jsonb else to_jsonb(v_detail) end
        );
    end;

    perform sessions.reap_batch(1000, clock_timestamp());
    v_outcome := v_outcome || jsonb_build_object(
      'active', (select jsonb_agg(a order by a.user_id) from public.active_interview_sessions a),
      'history', (
        select jsonb_agg(to_jsonb(h) - 'duration' order by h.user_id, h.session_id)
        from public.interview_session_history h
      ),
      'last fence', (select last_value from sessions.fence)
    );
    raise sqlstate 'UNDO0' using detail = v_outcome;
  exception
    when sqlstate 'UNDO0' then
      get stacked diagnostics v_detail := pg_exception_detail;
      return v_detail;
  end
  $$;
`;

/** A row with the seconds from now made times, as Postgres prints them. */
function inTime(row: Row, now: Date): Row {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      key.endsWith("_at")
        ? new Date(now.getTime() + Number(value) * 1000).toISOString()
          .replace("Z", "+00:00")
        : value,
    ]),
  );
}

/**
 * An outcome that can be compared: times that were in the state stay, those that
 * were read from the clock since are one as good as another.
 */
function comparable(
  outcome: Record<string, unknown>,
  known: Set<unknown>,
): Record<string, unknown> {
  const text = JSON.stringify(outcome)
    .replace(
      /"(\d{4}-\d\d-\d\dT[\d:.]+\+00:00)"/g,
      (all, time) => known.has(time) ? all : '"<since>"',
    )
    .replace(/"expires_in":\d+|"expires_in": \d+/g, '"expires_in":"<seconds>"')
    .replace(/"duration":"[^"]*"/g, '"duration":"<time>"')
    .replace(/\b\d+ seconds\b/g, "<seconds>");
  return JSON.parse(text);
}

type Argument = string | number | boolean | null;

function literal(argument: Argument): string {
  return typeof argument === "string"
    ? `'${argument.replaceAll("'", "''")}'`
    : String(argument);
}

/** Every combination. */
function each(...lists: Argument[][]): Argument[][] {
  return lists.reduce<Argument[][]>(
    (combinations, list) =>
      combinations.flatMap((left) => list.map((right) => [...left, right])),
    [[]],
  );
}
