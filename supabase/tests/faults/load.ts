// A load of calls by many tabs of few users, and a ledger of what was acknowledged:
// after a crash it shows what is missing.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import {
  type Active,
  type Call,
  call as callAs,
  connectTo,
  type Ended,
  interviewKey,
  isLostConnection,
  type Tables,
  until,
} from "./support.ts";

/** Who called what. */
export interface Asked {
  user: string;
  call: Call;
}

/** What the clients know, and what they do not know. */
export interface Ledger {
  /** The grant of each session. */
  grants: Map<string, Active>;
  /** The last heartbeat of each that was answered. */
  lastSeen: Map<string, string>;
  /** The answer to each complete. */
  completes: Map<string, Active>;
  /** How each ended, if its client ended it. */
  ends: Map<string, Ended>;
  /** The deadline of each interview. */
  deadlines: Map<string, string>;
  /** Calls that got no answer. */
  unanswered: Asked[];
  /** Every session that somebody asked for. */
  askedFor: Set<string>;
  /** How many calls were answered, refusals among them. */
  answers: Record<
    Call["name"] | "takeover" | "continuation" | "refusal",
    number
  >;
}

/** An empty one. */
export function newLedger(): Ledger {
  return {
    grants: new Map(),
    lastSeen: new Map(),
    completes: new Map(),
    ends: new Map(),
    deadlines: new Map(),
    unanswered: [],
    askedFor: new Set(),
    answers: {
      start_session: 0,
      heartbeat_session: 0,
      complete_session: 0,
      end_session: 0,
      takeover: 0,
      continuation: 0,
      refusal: 0,
    },
  };
}

/** A load that goes on until its connections are lost, or it is told to end. */
export interface Load {
  /** Resolves once every kind of call has been answered so often since then. */
  untilAnswered(each: number): Promise<void>;
  /** Ends it; calls under way are waited for. */
  end(): Promise<void>;
  /** Resolves when all tabs have lost their connection; throws what they do. */
  ended: Promise<void>;
}

/** Starts it: so many tabs, each with a connection of its own. */
export function startLoad(
  url: string,
  users: string[],
  ledger: Ledger,
  tabs = 12,
): Load {
  let isOver = false;
  let broken: unknown;
  const tab = async () => {
    const sql = connectTo(url);
    try {
      while (!isOver) await visit(sql, pick(users), ledger, () => isOver);
    } catch (error) {
      if (isLostConnection(error)) return;
      broken = error;
      throw error;
    } finally {
      await sql.end({ timeout: 0 });
    }
  };
  const ended = Promise.all(Array.from({ length: tabs }, tab)).then(() => {});
  return {
    ended,
    async untilAnswered(each) {
      const before = { ...ledger.answers };
      const names = Object.keys(before) as (keyof typeof before)[];
      await until(`${each} answers of each kind`, () => {
        if (broken) throw broken;
        return names.every((name) =>
          ledger.answers[name] >= before[name] + each
        );
      });
    },
    async end() {
      isOver = true;
      await ended;
    },
  };
}

/** What a tab does with a session: it may take over, and may go away silently. */
async function visit(
  sql: postgres.Sql,
  user: string,
  ledger: Ledger,
  isOver: () => boolean,
) {
  const session = randomUUID();
  const then: Call["name"][] = pick([
    [],
    ["heartbeat_session"],
    ["heartbeat_session", "heartbeat_session", "end_session"],
    ["complete_session", "heartbeat_session", "end_session"],
    ["heartbeat_session", "complete_session"],
    ["end_session"],
  ]);
  const start: Call = {
    name: "start_session",
    session,
    takeover: pick([true, false]),
    interview: pick([undefined, `attempt ${Math.floor(Math.random() * 50)}`]),
  };
  const isGranted = await ask(sql, { user, call: start }, ledger);
  if (!isGranted) return;
  for (const name of then) {
    if (isOver()) return;
    await ask(sql, { user, call: { name, session } as Call }, ledger);
  }
}

/** Makes a call and notes the answer. False if it was refused. */
export async function ask(
  sql: postgres.Sql,
  asked: Asked,
  ledger: Ledger,
): Promise<boolean> {
  const { user, call } = asked;
  ledger.askedFor.add(call.session);
  let answer: Active | Ended | undefined;
  try {
    answer = await callAs(sql, user, call);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "PT409" || code === "PT410") {
      ledger.answers.refusal++;
      return false;
    }
    if (isLostConnection(error)) ledger.unanswered.push(asked);
    throw error;
  }
  enter(asked, answer, ledger);
  return true;
}

function enter(
  { user, call }: Asked,
  answer: Active | Ended | undefined,
  ledger: Ledger,
) {
  const { session } = call;
  assert(answer, `${call.name} of a session that is known has no answer`);
  assert.equal(answer.user_id, user);
  assert.equal(answer.session_id, session);
  ledger.answers[call.name]++;
  if (call.name === "end_session") {
    const ended = answer as Ended;
    // the same answer for ever (B6)
    assert.deepEqual(ended, ledger.ends.get(session) ?? ended);
    ledger.ends.set(session, ended);
    return;
  }
  const active = answer as Active;
  if (call.name === "start_session" && !ledger.grants.has(session)) {
    ledger.grants.set(session, active);
    if (active.previous_session_id) {
      ledger.answers[call.interview ? "continuation" : "takeover"]++;
    }
    if (call.interview) {
      const key = interviewKey(active);
      // one clock per interview (C1)
      const deadline = ledger.deadlines.get(key) ?? active.deadline_at;
      assert.equal(active.deadline_at, deadline);
      ledger.deadlines.set(key, deadline);
    }
  }
  assert.equal(active.fence, ledger.grants.get(session)?.fence);
  ledger.lastSeen.set(session, active.updated_at);
  if (call.name === "complete_session") ledger.completes.set(session, active);
}

/** What was acknowledged and is not there; and how many heartbeats are not. */
export function losses(
  { grants, lastSeen, completes, ends, deadlines, askedFor }: Ledger,
  { active, history, interviews }: Tables,
): { lost: string[]; heartbeats: number } {
  const lost: string[] = [];
  let heartbeats = 0;
  for (const [session, grant] of grants) {
    const [live, over] = [active.get(session), history.get(session)];
    if (!live && !over) lost.push(`the start of ${session}`);
    if ((live ?? over)?.fence !== grant.fence) {
      lost.push(`the fence of ${session}`);
    }
    if ((live?.created_at ?? over?.started_at) !== grant.created_at) {
      lost.push(`the beginning of ${session}`);
    }
    const seen = lastSeen.get(session) ?? grant.updated_at;
    if (live && live.updated_at < seen) heartbeats++;
    // the end waited for the disk, and so for all that came before
    if (over && over.last_seen_at < seen) {
      lost.push(`a heartbeat of ${session}`);
    }
  }
  for (const [session, completed] of completes) {
    const live = active.get(session);
    if ((live ?? history.get(session))?.status !== "completing") {
      lost.push(`the complete of ${session}`);
    }
    if (live && live.deadline_at !== completed.deadline_at) {
      lost.push(`the deadline of ${session}`);
    }
  }
  for (const [session, ended] of ends) {
    try {
      assert.deepEqual(history.get(session), ended);
    } catch {
      lost.push(`the end of ${session}`);
    }
    const { end_reason, interview_id, ended_at } = ended;
    if (end_reason !== "completed" || interview_id === null) continue;
    const submitted = interviews.get(interviewKey(ended))?.submitted_at;
    if (submitted !== ended_at) lost.push(`the submission by ${session}`);
  }
  for (const [interview, deadline_at] of deadlines) {
    if (interviews.get(interview)?.deadline_at !== deadline_at) {
      lost.push(`the deadline of ${interview}`);
    }
  }
  for (const session of [...active.keys(), ...history.keys()]) {
    if (!askedFor.has(session)) lost.push(`nobody asked for ${session}`);
  }
  return { lost, heartbeats };
}

function pick<T>(from: T[]): T {
  return from[Math.floor(Math.random() * from.length)];
}
