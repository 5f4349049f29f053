// The contract of interview sessions as a model: what a call about one user
// answers, and what it leaves. Pure functions: what only the database knows, such
// as the time, is an argument. Here a session is over as soon as its lease has run
// out, and forgotten as soon as its retention is over. The reaper changes nothing
// but `unswept`, and what it prunes.

/** Microseconds: an instant, or a span of time. */
export type Micros = number;

/** What sessions.settings contains. */
export interface Settings {
  lease: Micros;
  max_duration: Micros;
  completing_grace: Micros;
  history_retention: Micros;
  takeover: "allowed" | "refused";
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
  interview_id: string | null;
}

/** A row of public.interview_session_history, without its ended_fence. */
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
  duration: Micros;
  interview_id: string | null;
}

/** A row of public.interviews. */
export interface Interview {
  user_id: string;
  interview_id: string;
  started_at: Micros;
  deadline_at: Micros;
  submitted_at: Micros | null;
  last_session_id: string;
}

/** A row of sessions.early_ends. */
export interface EarlyEnd {
  session_id: string;
  ended_at: Micros;
}

/** A row of sessions.revocations. */
export interface Revocation {
  session_id: string;
  revoked_at: Micros;
  revoked_by: string | null;
  role: string;
  note: string | null;
}

/** A row of sessions.extensions. */
export interface Extension {
  interview_id: string;
  extended_at: Micros;
  extended_by: string | null;
  role: string;
  extended: Micros;
  note: string | null;
}

/** All that is known about a user. */
export interface User {
  id: string;
  exists: boolean;
  live: Session | null;
  /** In the order in which they ended. */
  ended: Ended[];
  /** Is the row of the last of them still among the live ones? */
  unswept: boolean;
  interviews: Interview[];
  earlyEnds: EarlyEnd[];
  revocations: Revocation[];
  extensions: Extension[];
  /** The highest fence so far, including forgotten ones. */
  fence: number;
  /** No call that locks the session can read an earlier time now. */
  writtenAt: Micros;
  /** The same for calls that wait for the user's starts. */
  lockedAt: Micros;
}

/** A call about a user, who makes it or is the one an operator names. */
export type Call =
  | {
    name: "start_session";
    session_id: string | null;
    takeover: boolean | null;
    device: string | null;
    interview_id: string | null;
  }
  | { name: "heartbeat_session"; session_id: string | null }
  | { name: "complete_session"; session_id: string | null }
  | { name: "end_session"; session_id: string | null; reason: string | null }
  | {
    name: "holds_session" | "user_holds_session";
    session_id: string | null;
    fence: number | null;
    interview_id: string | null;
  }
  | {
    name: "extend_interview";
    interview_id: string | null;
    by: Micros | null;
    note: string | null;
    operator: string | null;
  }
  | { name: "revoke_session"; note: string | null; operator: string | null }
  | { name: "reap_stale_sessions"; dry_run: boolean }
  | { name: "select_live" | "select_history" | "select_interviews" }
  | { name: "delete_user" }
  | { name: "create_user" };

/** The answer to a call. `written_at`: a time that only operators can read. */
export type Answer =
  | { active: Session | null }
  | { ended: Ended[]; written_at?: Micros }
  | { interviews: Interview[]; written_at?: Micros }
  | { holds: boolean }
  | { done: boolean }
  | { refusal: string; detail: unknown };

/** What only the database knows. */
export interface Known {
  /** When it read the clock. */
  now: Micros;
  /** The fence that it drew, if any. */
  fence: number;
  /** Did this call of the reaper get to this user? */
  reached: boolean;
}

/** What a call answers and leaves. */
export interface Outcome {
  user: User;
  answer: Answer;
}

const day: Micros = 86_400_000_000;

/** A user about whom nothing is known. */
export function newUser(id: string): User {
  const never = { writtenAt: -Infinity, lockedAt: -Infinity };
  return { id, ...nothing, exists: true, fence: 0, ...never };
}

const nothing = {
  live: null,
  ended: [],
  unswept: false,
  interviews: [],
  earlyEnds: [],
  revocations: [],
  extensions: [],
};

/**
 * The contract. `before` is the user with a lease that has run out unnoticed: a
 * call that does not read the session leaves it so, because it may have read the
 * clock later than the tables.
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
  const keptSince = now - settings.history_retention;
  const argument = badArgumentOf(call);
  if (argument) return refused(before, "22023", { argument });

  switch (call.name) {
    case "start_session": {
      const session_id = call.session_id!;
      if (!user.exists) return refused(before, "PT401");
      if (live?.session_id === session_id) {
        return live.interview_id === call.interview_id
          ? renewed(user, settings, now)
          : refused(before, "22023", { argument: "interview_id" });
      }
      if (endOf(user, session_id, keptSince)) {
        return over(user, session_id, keptSince, before);
      }
      const interview = interviewOf(user, call.interview_id, keptSince);
      if (interview && isOver(interview, now)) {
        return interviewOver(before, session_id, interview);
      }
      if (live && (!call.takeover || settings.takeover === "refused")) {
        return held(user, live, now);
      }
      const free = live ? ended(user, live, "taken_over", now) : user;
      return granted(free, call, { interview, live, settings, known });
    }

    case "heartbeat_session":
    case "complete_session": {
      const session_id = call.session_id!;
      if (!user.exists) return refused(before, "PT401");
      if (live?.session_id !== session_id) {
        return over(user, session_id, keptSince, before);
      }
      if (call.name === "heartbeat_session" || live.status === "completing") {
        return renewed(user, settings, now);
      }
      const grace = now + settings.completing_grace;
      const deadline_at = Math.max(live.deadline_at, grace);
      const completing = {
        ...live,
        status: "completing" as const,
        deadline_at,
      };
      return renewed({ ...user, live: completing }, settings, now);
    }

    case "end_session": {
      const session_id = call.session_id!;
      if (!user.exists) return refused(before, "PT401");
      if (live?.session_id === session_id) {
        const completing = live.status === "completing";
        const reason = call.reason ??
          (completing ? "completed" : "disconnected");
        const after = { ...ended(user, live, reason, now), lockedAt: now };
        return lastOf(reason === "completed" ? submitted(after, now) : after);
      }
      const row = user.ended.find((row) => row.session_id === session_id);
      const isUnswept = user.unswept && row === user.ended.at(-1);
      const after = isUnswept ? { ...user, unswept: false } : before;
      if (row && row.ended_at >= keptSince) {
        return { user: after, answer: { ended: [row] } };
      }
      const others = user.earlyEnds.filter((e) => e.session_id !== session_id);
      const earlyEnds = [...others, { session_id, ended_at: now }].slice(-10);
      return {
        user: { ...after, earlyEnds, lockedAt: now },
        answer: { ended: [], written_at: now },
      };
    }

    case "holds_session":
    case "user_holds_session": {
      const { session_id, fence, interview_id } = call;
      const holds = live?.session_id === session_id &&
        (fence === null || live?.fence === fence) &&
        (interview_id === null || live?.interview_id === interview_id);
      return { user: before, answer: { holds } };
    }

    case "extend_interview": {
      const interview = interviewOf(user, call.interview_id, keptSince);
      if (!interview) return { user: before, answer: { interviews: [] } };
      return extended(before, interview, call, { settings, now });
    }

    case "revoke_session": {
      if (!live) return { user, answer: { ended: [] } };
      const { session_id } = live;
      const { note, operator: revoked_by } = call;
      return lastOf({
        ...ended(user, live, "revoked", now),
        revocations: [
          ...user.revocations,
          {
            session_id,
            revoked_at: now,
            revoked_by,
            role: "service_role",
            note,
          },
        ],
      });
    }

    case "reap_stale_sessions": {
      const isReached = user.unswept && known.reached;
      return {
        user: isReached && !call.dry_run ? { ...user, unswept: false } : before,
        answer: { ended: isReached ? user.ended.slice(-1) : [] },
      };
    }

    case "select_live":
      return { user: before, answer: { active: live } };

    case "select_history":
      return { user: before, answer: { ended: sweptOf(user) } };

    case "select_interviews":
      return { user: before, answer: { interviews: user.interviews } };

    case "delete_user":
      return {
        user: { ...user, ...nothing, exists: false },
        answer: { done: user.exists },
      };

    case "create_user":
      return {
        user: { ...user, exists: true },
        answer: { done: !user.exists },
      };
  }
}

/** The user at this time: a lease that has run out by then is over. */
export function asOf(now: Micros, user: User): User {
  const { live } = user;
  if (!live || live.expires_at > now) return user;
  const reason = live.expires_at >= live.deadline_at ? "timed_out" : "expired";
  // who relies on it has read a later time under the lock, and so will the others
  return { ...ended(user, live, reason, live.expires_at), unswept: true };
}

/** What a run of the reaper prunes: at most the oldest day that is forgotten. */
export function pruned(
  users: User[],
  settings: Settings,
  o: { now: Micros; atMost: number; lastRanAt: Micros | null },
): User[] {
  if (o.lastRanAt !== null && o.lastRanAt < o.now - day) return users;
  const oldest = <T>(rows: T[], timeOf: (row: T) => Micros): T[] => {
    const first = Math.min(...rows.map(timeOf));
    const until = Math.min(o.now - settings.history_retention, first + day);
    return rows.filter((row) => timeOf(row) < until)
      .toSorted((a, b) => timeOf(a) - timeOf(b))
      .slice(0, o.atMost);
  };
  const rows = oldest(users.flatMap(sweptOf), (row) => row.ended_at);
  const interviews = oldest(
    users.flatMap((user) => user.interviews),
    (interview) => interview.deadline_at,
  );
  return users.map((user) => without(user, rows, interviews));
}

/** Only what no retention has made forgotten by this time. */
export function remembered(
  now: Micros,
  user: User,
  settings: Settings,
): User {
  const since = now - settings.history_retention;
  const kept = without(
    user,
    user.ended.filter((row) => row.ended_at < since),
    user.interviews.filter((interview) => interview.deadline_at < since),
  );
  return {
    ...kept,
    unswept: user.unswept && kept.ended.at(-1) === user.ended.at(-1),
    earlyEnds: user.earlyEnds.filter((end) => end.ended_at >= since),
  };
}

/** The name of the first bad argument: nothing is looked up before. */
function badArgumentOf(call: Call): string | undefined {
  const bad: Record<string, boolean> = {};
  if ("session_id" in call && !call.name.endsWith("holds_session")) {
    bad.session_id = !isLine(call.session_id, 1, 128);
  }
  if (call.name === "start_session") {
    const { device, interview_id, takeover } = call;
    bad.device = device !== null && !isLine(device, 0, 200);
    bad.interview_id = interview_id !== null && !isLine(interview_id, 1, 128);
    bad.takeover = takeover === null;
  }
  if (call.name === "end_session") {
    const reasons = [null, "completed", "disconnected", "cleared"];
    bad.reason = !reasons.includes(call.reason);
  }
  if (call.name === "extend_interview") {
    const { interview_id, by } = call;
    bad.interview_id = !isLine(interview_id, 1, 128);
    bad.by = by === null || by <= 0 || by > 365 * day;
  }
  if ("note" in call) {
    bad.note = call.note !== null && lengthOf(call.note) > 1000;
  }
  return Object.keys(bad).find((argument) => bad[argument]);
}

function granted(
  user: User,
  call: Extract<Call, { name: "start_session" }>,
  o: {
    interview: Interview | undefined;
    live: Session | null;
    settings: Settings;
    known: Known;
  },
): Outcome {
  const { interview, settings, known: { now, fence } } = o;
  const { device, interview_id } = call;
  const session_id = call.session_id!;
  const deadline_at = interview?.deadline_at ?? now + settings.max_duration;
  const live: Session = {
    user_id: user.id,
    session_id,
    status: "active",
    fence,
    device,
    created_at: now,
    updated_at: now,
    deadline_at,
    expires_at: Math.min(now + settings.lease, deadline_at),
    previous_session_id: interview_id === null
      ? o.live?.session_id ?? null
      : interview?.last_session_id ?? null,
    interview_id,
  };
  // what is forgotten makes room
  const others = without(
    user,
    user.ended.filter((row) => row.session_id === session_id),
    interview ? [] : user.interviews.filter(isCalled(interview_id)),
  );
  const next = interview_id !== null && {
    user_id: user.id,
    interview_id,
    started_at: now,
    deadline_at,
    submitted_at: null,
    ...interview,
    last_session_id: session_id,
  };
  const after = next ? withInterview(others, next) : others;
  return {
    user: {
      ...{ ...after, live, unswept: false, fence },
      ...{ writtenAt: now, lockedAt: now },
    },
    answer: { active: live },
  };
}

function renewed(user: User, settings: Settings, now: Micros): Outcome {
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
    duration: at - live.created_at,
    interview_id: live.interview_id,
  };
  return { ...user, live: null, ended: [...user.ended, row], writtenAt: at };
}

/** The user whose last session has just ended as completed. */
function submitted(user: User, now: Micros): User {
  const { interview_id } = user.ended.at(-1)!;
  const interview = user.interviews.find(isCalled(interview_id));
  return interview
    ? withInterview(user, {
      ...interview,
      submitted_at: interview.submitted_at ?? now,
    })
    : user;
}

function extended(
  before: User,
  interview: Interview,
  call: Extract<Call, { name: "extend_interview" }>,
  { settings, now }: { settings: Settings; now: Micros },
): Outcome {
  const by = call.by!;
  const later = { ...interview, deadline_at: interview.deadline_at + by };
  const extension: Extension = {
    interview_id: interview.interview_id,
    extended_at: now,
    extended_by: call.operator,
    role: "service_role",
    extended: by,
    note: call.note,
  };
  const extensions = [...before.extensions, extension];
  const answer = { interviews: [later], written_at: now };
  // a session of another interview is not looked at
  const isOfIt = before.live?.interview_id === call.interview_id;
  const user = isOfIt ? asOf(now, before) : before;
  const after = withInterview({ ...user, extensions, lockedAt: now }, later);
  const { live } = user;
  if (!isOfIt || !live) return { user: after, answer };

  const deadline_at = Math.max(live.deadline_at, later.deadline_at);
  const until = Math.min(live.updated_at + settings.lease, deadline_at);
  const expires_at = Math.max(live.expires_at, until);
  return {
    user: {
      ...after,
      live: { ...live, deadline_at, expires_at },
      writtenAt: now,
    },
    answer,
  };
}

function lastOf(user: User): Outcome {
  return { user, answer: { ended: user.ended.slice(-1) } };
}

/** How this session ended, unless it is forgotten. */
function endOf(
  user: User,
  session_id: string,
  keptSince: Micros,
): Pick<Ended, "session_id" | "end_reason" | "ended_at"> | undefined {
  const early = user.earlyEnds
    .map((end) => ({ ...end, end_reason: "disconnected" }));
  return [...user.ended, ...early]
    .filter((end) => end.session_id === session_id)
    .filter((end) => end.ended_at >= keptSince)
    .toSorted((a, b) => b.ended_at - a.ended_at)[0];
}

function interviewOf(
  user: User,
  interview_id: string | null,
  keptSince: Micros,
): Interview | undefined {
  const interview = user.interviews.find(isCalled(interview_id));
  return interview && interview.deadline_at >= keptSince
    ? interview
    : undefined;
}

function isOver(interview: Interview, now: Micros): boolean {
  return interview.submitted_at !== null || interview.deadline_at <= now;
}

function isCalled(interview_id: string | null) {
  return (interview: Interview) => interview.interview_id === interview_id;
}

function withInterview(user: User, interview: Interview): User {
  const { interview_id } = interview;
  const others = user.interviews.filter((i) => i.interview_id !== interview_id);
  return { ...user, interviews: [...others, interview].toSorted(byName) };
}

function byName(a: Interview, b: Interview): number {
  return a.interview_id < b.interview_id ? -1 : 1;
}

/** The user without these rows, and what belongs to them. */
function without(user: User, rows: Ended[], interviews: Interview[]): User {
  const ended = user.ended.filter((row) => !rows.includes(row));
  const left = user.interviews.filter((i) => !interviews.includes(i));
  return {
    ...user,
    ended,
    interviews: left,
    revocations: user.revocations.filter(({ session_id }) =>
      ended.some((row) => row.session_id === session_id)
    ),
    extensions: user.extensions.filter(({ interview_id }) =>
      left.some(isCalled(interview_id))
    ),
  };
}

/** The rows that are in the history by now. */
function sweptOf(user: User): Ended[] {
  return user.unswept ? user.ended.slice(0, -1) : user.ended;
}

/** Who is told that the lease has run out relies on it from then on. */
function over(
  user: User,
  session_id: string,
  keptSince: Micros,
  before: User,
): Outcome {
  const end = endOf(user, session_id, keptSince);
  const { end_reason = null, ended_at = null } = end ?? {};
  const isNews = end !== endOf(before, session_id, keptSince);
  const detail = { session_id, end_reason, ended_at };
  return refused(isNews ? user : before, "PT410", detail);
}

function interviewOver(
  user: User,
  session_id: string,
  { interview_id, submitted_at, deadline_at }: Interview,
): Outcome {
  return refused(user, "PT410", {
    session_id,
    interview_id,
    end_reason: submitted_at === null ? "timed_out" : "completed",
    ended_at: submitted_at ?? deadline_at,
  });
}

function held(user: User, live: Session, now: Micros): Outcome {
  const { session_id, device, status, created_at, updated_at } = live;
  return refused(user, "PT409", {
    ...{ session_id, device, status, created_at, updated_at },
    expires_in: Math.ceil((live.expires_at - now) / 1_000_000),
  });
}

function refused(user: User, refusal: string, detail: unknown = null): Outcome {
  return { user, answer: { refusal, detail } };
}

function isLine(
  text: string | null,
  shortest: number,
  longest: number,
): boolean {
  if (text === null) return false;
  const length = lengthOf(text);
  return length >= shortest && length <= longest && !/\p{Cc}/u.test(text);
}

function lengthOf(text: string): number {
  return [...text].length;
}
