// The contract of interview sessions, as a model: what a call about a user
// answers, and what it leaves. Pure: what only the database knows, such as the
// time, is an argument. A session whose lease has run out is over here at once;
// of the reaper there is but a mark on who has a row that it would find.

/** Microseconds: an instant, or a span of time. */
export type Micros = number;

/** What sessions.settings holds. */
export interface Settings {
  lease: Micros;
  max_duration: Micros;
  completing_grace: Micros;
  history_retention: Micros;
}

/** A row of public.active_interview_sessions. */
export interface Session {
  user_id: string;
  session_id: string;
  status: "active" | "completing";
  fence: number;
  device: string | null;
  created_at: Micros;
  updated_at: Micros;
  deadline_at: Micros;
  expires_at: Micros;
  previous_session_id: string | null;
}

/** A row of public.interview_session_history. */
export interface Ended {
  user_id: string;
  session_id: string;
  fence: number;
  device: string | null;
  started_at: Micros;
  last_seen_at: Micros;
  ended_at: Micros;
  end_reason: string;
  status: "active" | "completing";
  previous_session_id: string | null;
  ended_by: string | null;
  note: string | null;
  duration: Micros;
}

/** All there is to know of a user. */
export interface User {
  id: string;
  exists: boolean;
  live: Session | null;
  /** In the order in which they ended. */
  ended: Ended[];
  /** Does the last of them still have its row among the live? */
  unswept: boolean;
  /** The highest fence so far, also of what is forgotten. */
  fence: number;
  /** When something last was written with the time of its writing. */
  writtenAt: Micros;
}

/** A call, and whom it is about: who makes it, or whose session it is. */
export type Call =
  | {
    name: "start_session";
    session_id: string | null;
    takeover: boolean | null;
    device: string | null;
  }
  | { name: "heartbeat_session"; session_id: string | null }
  | { name: "complete_session"; session_id: string | null }
  | { name: "end_session"; session_id: string | null; reason: string | null }
  | {
    name: "holds_session";
    session_id: string | null;
    fence: number | null;
  }
  | { name: "revoke_session"; note: string | null; by: string | null }
  | { name: "reap_stale_sessions"; dry_run: boolean }
  | { name: "select_own" }
  | { name: "delete_user" }
  | { name: "create_user" };

/** What a call is answered with. */
export type Answer =
  | { active: Session | null }
  | { ended: Ended[] }
  | { holds: boolean }
  | { done: boolean }
  | { refusal: string; detail: unknown };

/** What only the database knows. */
export interface Known {
  /** When it looked at the clock. */
  now: Micros;
  /** The fence it drew, if it drew one. */
  fence: number;
  /** Has this call of the reaper come to this user? */
  reached: boolean;
}

/** What comes of a call. */
export interface Outcome {
  user: User;
  answer: Answer;
}

/** Somebody who is new. */
export function newUser(id: string): User {
  const nothing = { live: null, ended: [], unswept: false };
  return { id, exists: true, ...nothing, fence: 0, writtenAt: -Infinity };
}

/**
 * The contract. A call that only looks leaves even a lease that has run out for
 * the next to notice: what it saw may be older than its time.
 */
export function outcomeOf(
  call: Call,
  before: User,
  settings: Settings,
  known: Known,
): Outcome {
  const { now } = known;
  const user = asOf(now, before);
  const { live } = user;
  const lease = { settings, now };

  switch (call.name) {
    case "start_session": {
      if (!user.exists) return refused(before, "PT401");
      if (isNoId(call.session_id)) return badArgument(before, "session_id");
      if (call.takeover === null) return badArgument(before, "takeover");
      if (call.device !== null && !isLine(call.device, 0, 200)) {
        return badArgument(before, "device");
      }
      if (live?.session_id === call.session_id) return renewed(user, lease);
      if (howItEnded(user, call.session_id)) {
        return over(user, call.session_id, before);
      }
      if (live && !call.takeover) return held(user, live, now);
      const free = live ? ended(user, live, "taken_over", now) : user;
      return granted(free, { ...call, session_id: call.session_id }, {
        ...lease,
        fence: known.fence,
        previous: live?.session_id ?? null,
      });
    }

    case "heartbeat_session":
    case "complete_session": {
      if (!user.exists) return refused(before, "PT401");
      if (isNoId(call.session_id)) return badArgument(before, "session_id");
      if (live?.session_id !== call.session_id) {
        return over(user, call.session_id, before);
      }
      if (call.name === "heartbeat_session" || live.status === "completing") {
        return renewed(user, lease);
      }
      const grace = now + settings.completing_grace;
      return renewed({
        ...user,
        live: {
          ...live,
          status: "completing",
          deadline_at: Math.max(live.expires_at, grace),
        },
      }, lease);
    }

    case "end_session": {
      if (!user.exists) return refused(before, "PT401");
      if (isNoId(call.session_id)) return badArgument(before, "session_id");
      const reasons = [null, "completed", "disconnected", "cleared"];
      if (!reasons.includes(call.reason)) return badArgument(before, "reason");
      if (live?.session_id === call.session_id) {
        const usual = live.status === "completing"
          ? "completed"
          : "disconnected";
        return lastOf(ended(user, live, call.reason ?? usual, now));
      }
      const row = howItEnded(user, call.session_id);
      const isLast = row !== undefined && row === user.ended.at(-1);
      return {
        user: isLast ? { ...user, unswept: false } : before,
        answer: { ended: row ? [row] : [] },
      };
    }

    case "holds_session":
      return {
        user: before,
        answer: {
          holds: live?.session_id === call.session_id &&
            (call.fence === null || live?.fence === call.fence),
        },
      };

    case "revoke_session": {
      if (call.note !== null && lengthOf(call.note) > 1000) {
        return badArgument(before, "note");
      }
      if (!live) return { user, answer: { ended: [] } };
      const by = { ended_by: call.by, note: call.note };
      return lastOf(ended(user, live, "revoked", now, by));
    }

    case "reap_stale_sessions": {
      const isReached = user.unswept && known.reached;
      return {
        user: isReached && !call.dry_run ? { ...user, unswept: false } : before,
        answer: { ended: isReached ? user.ended.slice(-1) : [] },
      };
    }

    case "select_own":
      return { user: before, answer: { active: live } };

    case "delete_user":
      return {
        user: { ...user, exists: false, live: null, ended: [], unswept: false },
        answer: { done: user.exists },
      };

    case "create_user":
      return {
        user: { ...user, exists: true },
        answer: { done: !user.exists },
      };
  }
}

/** The user when the lease has run out that has run out by then. */
export function asOf(now: Micros, user: User): User {
  const { live } = user;
  if (!live || live.expires_at > now) return user;
  const reason = live.expires_at >= live.deadline_at ? "timed_out" : "expired";
  return {
    ...ended(user, live, reason, live.expires_at),
    // nothing was written
    writtenAt: user.writtenAt,
    unswept: true,
  };
}

/** The users when the oldest of what is past its retention is forgotten. */
export function pruned(
  users: User[],
  settings: Settings,
  o: { now: Micros; atMost: number },
): User[] {
  const forgotten = users
    .flatMap((user) => user.unswept ? user.ended.slice(0, -1) : user.ended)
    .filter((row) => row.ended_at < o.now - settings.history_retention)
    .sort((a, b) => a.ended_at - b.ended_at)
    .slice(0, o.atMost);
  return users.map((user) => ({
    ...user,
    ended: user.ended.filter((row) => !forgotten.includes(row)),
  }));
}

interface Lease {
  settings: Settings;
  now: Micros;
}

function granted(
  user: User,
  call: { session_id: string; device: string | null },
  o: Lease & { fence: number; previous: string | null },
): Outcome {
  const { now, settings } = o;
  const live: Session = {
    user_id: user.id,
    session_id: call.session_id,
    status: "active",
    fence: o.fence,
    device: call.device,
    created_at: now,
    updated_at: now,
    deadline_at: now + settings.max_duration,
    expires_at: now + Math.min(settings.lease, settings.max_duration),
    previous_session_id: o.previous,
  };
  return {
    user: { ...user, live, unswept: false, fence: o.fence, writtenAt: now },
    answer: { active: live },
  };
}

function renewed(user: User, { settings, now }: Lease): Outcome {
  const live = user.live!;
  const until = Math.min(now + settings.lease, live.deadline_at);
  const active = {
    ...live,
    updated_at: now,
    expires_at: Math.max(live.expires_at, until),
  };
  return {
    user: { ...user, live: active, writtenAt: now },
    answer: { active },
  };
}

function ended(
  user: User,
  live: Session,
  end_reason: string,
  at: Micros,
  by: Pick<Ended, "ended_by" | "note"> = { ended_by: null, note: null },
): User {
  const row: Ended = {
    user_id: live.user_id,
    session_id: live.session_id,
    fence: live.fence,
    device: live.device,
    started_at: live.created_at,
    last_seen_at: live.updated_at,
    ended_at: at,
    end_reason,
    status: live.status,
    previous_session_id: live.previous_session_id,
    ...by,
    duration: at - live.created_at,
  };
  return { ...user, live: null, ended: [...user.ended, row], writtenAt: at };
}

function lastOf(user: User): Outcome {
  return { user, answer: { ended: user.ended.slice(-1) } };
}

function howItEnded(user: User, session_id: string): Ended | undefined {
  return user.ended.find((row) => row.session_id === session_id);
}

/** Who was told that a lease has run out has seen to it that it has. */
function over(user: User, session_id: string, before: User): Outcome {
  const row = howItEnded(user, session_id);
  const { end_reason = null, ended_at = null } = row ?? {};
  const isNews = row !== undefined && row !== howItEnded(before, session_id);
  const detail = { session_id, end_reason, ended_at };
  return refused(isNews ? user : before, "PT410", detail);
}

function held(user: User, live: Session, now: Micros): Outcome {
  const { session_id, device, status, created_at, updated_at } = live;
  return refused(user, "PT409", {
    ...{ session_id, device, status, created_at, updated_at },
    expires_in: Math.ceil((live.expires_at - now) / 1_000_000),
  });
}

function badArgument(user: User, argument: string): Outcome {
  return refused(user, "22023", { argument });
}

function refused(user: User, refusal: string, detail: unknown = null): Outcome {
  return { user, answer: { refusal, detail } };
}

function isNoId(session_id: string | null): session_id is null {
  return session_id === null || !isLine(session_id, 1, 128);
}

function isLine(text: string, shortest: number, longest: number): boolean {
  const length = lengthOf(text);
  return length >= shortest && length <= longest && !/\p{Cc}/u.test(text);
}

function lengthOf(text: string): number {
  return [...text].length;
}
