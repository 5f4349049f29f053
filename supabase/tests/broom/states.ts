// The states that a user can be in, the calls that can be made, and the result of
// each call in each state: without sweeping, and with everything swept before it.
import { isDeepStrictEqual } from "node:util";
import postgres from "postgres";
import type { Database } from "../../../scripts/test/databases.ts";
import { type LifecycleFunction, sweepFunction } from "./twins.ts";

const ada = "aaaaaaaa-0000-4000-8000-000000000001";
const ben = "bbbbbbbb-0000-4000-8000-000000000002";
const nobody = "00000000-0000-4000-8000-00000000dead";

/** The rows of the tables, with times as seconds from now. */
export interface State {
  /** Its name in messages. */
  name: string;
  active: Row[];
  history: Row[];
  interviews: Row[];
  earlyEnds: Row[];
}

/** A row of one of the tables. */
export type Row = Record<string, string | number | null>;

/** A call that can be made. */
export interface Call {
  /** The function; or a read of the live table by a client. */
  of: LifecycleFunction | "select" | "overlapping_sessions";
  /** What comes after `from`. */
  sql: string;
  role: "authenticated" | "service_role" | "postgres";
  /** Whose token is sent along. */
  user: string | null;
}

/** The result of a call in a state. */
export interface Outcome {
  state: string;
  call: string;
  /** The answer or the refusal, and what the tables hold then, all swept. */
  without: Record<string, unknown>;
  /** The same, if everything was swept before the call. */
  swept: Record<string, unknown>;
}

const minute = 60;
const day = 24 * 60 * minute;

/** When a session was granted and last renewed, and when it ends, in minutes. */
const lives = {
  "without a heartbeat": { created: -8, updated: -6, deadline: 7, expires: -1 },
  "past its deadline": { created: -16, updated: -2, deadline: -1, expires: -1 },
  "without a heartbeat for longer than the retention": {
    created: -144_015,
    updated: -144_010,
    deadline: -144_000,
    expires: -144_005,
  },
  "live": { created: -4, updated: -1, deadline: 11, expires: 4 },
  "in its last minutes": { created: -12, updated: -1, deadline: 3, expires: 3 },
};

/** What else there is of the user. */
interface Past {
  name: string;
  /** A session that has ended. */
  ended?: Row;
  earlyEnd?: Row;
  /** The interview of all sessions. */
  interview?: Row;
}

const completed = { end_reason: "completed", status: "completing" };

const pasts: Past[] = [
  { name: "nothing else" },
  {
    name: "another completed, a third ended before its start",
    ended: { ended_at: -6 * day, ...completed },
    earlyEnd: { session_id: "other", ended_at: -minute },
  },
  {
    name: "another revoked, in an interview",
    ended: { ended_at: -13 * minute, end_reason: "revoked", status: "active" },
    interview: { started_at: -20 * minute, deadline_at: 10 * minute },
  },
  {
    name: "another timed out, in an interview whose time is up",
    ended: {
      ended_at: -13 * minute,
      end_reason: "timed_out",
      status: "active",
    },
    interview: { started_at: -28 * minute, deadline_at: -13 * minute },
  },
  {
    name: "another completed, in an interview that was submitted",
    ended: { ended_at: -13 * minute, ...completed },
    interview: {
      started_at: -20 * minute,
      deadline_at: 10 * minute,
      submitted_at: -13 * minute,
    },
  },
  {
    name: "all of that forgotten",
    ended: { ended_at: -101 * day, ...completed },
    earlyEnd: { session_id: "other", ended_at: -95 * day },
    interview: {
      started_at: -101 * day,
      deadline_at: -101 * day + 15 * minute,
      submitted_at: -101 * day,
    },
  },
];

/** Another user's, so that there is always something to sweep. */
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

/** Every life, and none, with every past; completing only with some. */
export const states: State[] = [
  ...Object.entries(lives).flatMap(([name, life]) => [
    ...pasts.map((past) => stateOf(`active ${name}`, past, life, "active")),
    ...[pasts[0], pasts.at(-1)!].map((past) =>
      stateOf(`completing ${name}`, past, life, "completing")
    ),
  ]),
  ...pasts.map((past) => stateOf("no session", past)),
];

function stateOf(
  name: string,
  { name: pastName, ended, earlyEnd, interview }: Past,
  life?: typeof lives[keyof typeof lives],
  status?: "active" | "completing",
): State {
  const interview_id = interview ? "attempt" : null;
  const session = life && {
    user_id: ada,
    session_id: "mine",
    status: status!,
    fence: 50,
    device: status === "active" ? "Chrome on Windows" : null,
    created_at: life.created * minute,
    updated_at: life.updated * minute,
    deadline_at: life.deadline * minute,
    expires_at: life.expires * minute,
    previous_session_id: status === "active" ? null : "ended",
    interview_id,
  };
  const last_session_id = session?.session_id ?? "ended";
  return {
    name: `${name}, ${pastName}`,
    active: [...(session ? [session] : []), bystander],
    history: ended ? [endedRow({ interview_id, ...ended })] : [],
    interviews: interview
      ? [{ user_id: ada, interview_id, last_session_id, ...interview }]
      : [],
    earlyEnds: earlyEnd ? [{ user_id: ada, ...earlyEnd }] : [],
  };
}

function endedRow(row: Row): Row {
  const ended_at = Number(row.ended_at);
  return {
    user_id: ada,
    session_id: "ended",
    fence: 40,
    ended_fence: 41,
    started_at: ended_at - 7 * minute,
    last_seen_at: ended_at - 2 * minute,
    ...row,
  };
}

/** The live or stale one; never known or ended early; ended; no id at all. */
const ids = ["mine", "other", "ended", ""];

const longNote = "x".repeat(1001);

/** Every call with every argument that can make a difference. */
export const calls: Call[] = [
  ...each(ids, [true, false], [null], [null, "attempt", "another"])
    .map((args) => byAda("start_session", args)),
  ...[
    [null, false, null, null],
    ["other", null, null, null],
    ["other", false, "two\nlines", null],
    ["other", false, null, ""],
  ].map((args) => byAda("start_session", args)),
  ...each([...ids, null]).map((args) => byAda("heartbeat_session", args)),
  ...each([...ids, null]).map((args) => byAda("complete_session", args)),
  ...each([...ids, null], [null, "completed", "cleared", "bored"])
    .map((args) => byAda("end_session", args)),
  ...each(["mine", "ended", null], [null, 50, 51], [null, "attempt"])
    .map((args) => byAda("holds_session", args)),
  ...each([ada, nobody], ["mine", "ended"], [null, 51])
    .map((args) => byService("user_holds_session", args)),
  ...each([ada, nobody, null], [null, "asked for", longNote])
    .map((args) => byService("revoke_session", args)),
  ...each([ada, nobody], ["attempt", "another"], ["5 minutes", "2 days"])
    .map((args) => byService("extend_interview", args)),
  ...[
    [null, "attempt", "5 minutes"],
    [ada, "", "5 minutes"],
    [ada, "attempt", null],
    [ada, "attempt", "-5 minutes"],
    [ada, "attempt", "5 minutes", longNote],
  ].map((args) => byService("extend_interview", args)),
  // not signed in, and signed in as a user who has been deleted
  ...[null, nobody].flatMap((user) =>
    ([
      "start_session",
      "heartbeat_session",
      "complete_session",
      "end_session",
      "holds_session",
    ] as const).flatMap((of): Call[] => [
      { ...byAda(of, ["mine"]), user },
      { ...byAda(of, [""]), user },
    ])
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

function byService(of: LifecycleFunction, args: Argument[]): Call {
  return { ...byAda(of, args), role: "service_role", user: null };
}

/** Puts in place what outcomes() needs. */
export async function putApparatus(database: Database) {
  await database.connected(async (sql) => {
    await sql.unsafe(sweepFunction).simple();
    await sql.unsafe(apparatus).simple();
  });
}

/** The outcomes of all these calls, state by state. */
export async function* outcomes(
  database: Database,
  theCalls: Call[],
): AsyncGenerator<Outcome[]> {
  const sql = postgres(database.url(), { max: 1, onnotice: () => {} });
  try {
    for (const state of states) {
      const now = new Date();
      // no other time has this fraction of a second
      now.setMilliseconds(123);
      const rows = {
        active: state.active.map((row) => inTime(row, now)),
        history: state.history.map((row) => inTime(row, now)),
        interviews: state.interviews.map((row) => inTime(row, now)),
        early_ends: state.earlyEnds.map((row) => inTime(row, now)),
      };
      const known = new Set(
        Object.values(rows).flat().flatMap((row) => Object.values(row)),
      );
      // of rows that were undone
      await sql`
        vacuum public.active_interview_sessions,
        public.interview_session_history, public.interviews`;
      const found = await sql`
        select
          c ->> 'sql' as call,
          trial.outcome(
            ${sql.json(rows)}, c ->> 'sql', c ->> 'role', c ->> 'user', false
          ) as without,
          trial.outcome(
            ${sql.json(rows)}, c ->> 'sql', c ->> 'role', c ->> 'user', true
          ) as swept
        from jsonb_array_elements(
          ${sql.json(theCalls.map((call) => ({ ...call })))}
        ) as c`;
      yield found.map(({ call, without, swept }) => ({
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

/** Does this function answer differently in some state once everything is swept? */
export async function dependsOnTheReaper(
  database: Database,
  asked: Call["of"],
): Promise<boolean> {
  const theCalls = calls.filter(({ of }) => of === asked);
  for await (const found of outcomes(database, theCalls)) {
    const differs = found.some(({ without, swept }) =>
      !isDeepStrictEqual(swept, without)
    );
    if (differs) return true;
  }
  return false;
}

/**
 * Makes the state and the call, sweeps, returns the result of the call and the rows
 * left, and undoes it all.
 */
const apparatus = `
  create schema trial;
  insert into auth.users (id) values ('${ada}'), ('${ben}');
  create function trial.outcome(
    state jsonb, call text, as_role text, as_user text, swept boolean
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
    select * from jsonb_populate_recordset(null::public.active_interview_sessions, state -> 'active');
    insert into public.interview_session_history (
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at,
      end_reason, status, previous_session_id, interview_id, ended_fence
    )
    select
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at,
      end_reason, status, previous_session_id, interview_id, ended_fence
    from jsonb_populate_recordset(null::public.interview_session_history, state -> 'history');
    insert into public.interviews
    select * from jsonb_populate_recordset(null::public.interviews, state -> 'interviews');
    insert into sessions.early_ends
    select * from jsonb_populate_recordset(null::sessions.early_ends, state -> 'early_ends');
    perform setval('sessions.fence', 100);

    if swept then
      perform broom.sweep();
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

    perform broom.sweep();
    v_outcome := v_outcome || jsonb_build_object(
      'active', (select jsonb_agg(a order by a.user_id) from public.active_interview_sessions a),
      'history', (
        select jsonb_agg(to_jsonb(h) - 'duration' order by h.user_id, h.session_id)
        from public.interview_session_history h
      ),
      'interviews', (select jsonb_agg(i order by i.interview_id) from public.interviews i),
      'early ends', (select jsonb_agg(e order by e.user_id, e.session_id) from sessions.early_ends e),
      'revocations', (select jsonb_agg(r order by r.user_id, r.session_id) from sessions.revocations r),
      'extensions', (select jsonb_agg(to_jsonb(x) - 'id' order by x.id) from sessions.extensions x)
    );
    raise sqlstate 'UNDO0' using detail = v_outcome;
  exception
    when sqlstate 'UNDO0' then
      get stacked diagnostics v_detail := pg_exception_detail;
      return v_detail;
  end
  $$;
`;

/** A row with its seconds from now as times, as Postgres prints them. */
function inTime(row: Row, now: Date): Row {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      key.endsWith("_at") && value !== null
        ? new Date(now.getTime() + Number(value) * 1000).toISOString()
          .replace("Z", "+00:00")
        : value,
    ]),
  );
}

/**
 * An outcome that can be compared: without the times and the fences that are not in
 * the state, because they come from the clock and from the sequence.
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
    .replace(/"ended_fence":(\d+|null)/g, '"ended_fence":"<fence>"')
    .replace(/"fence":1\d\d\b/g, '"fence":"<fence>"')
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
