// The package `interview-sessions/realtime`: a session learns at once, by a private
// Realtime broadcast, that another device took over, that an operator revoked it, or
// that its interview was extended. For databases with the chapter "notification".
//
// A message is only a hint to send a heartbeat. Without Realtime everything works as
// without this module.
import type { InterviewSession } from "./interview_session.ts";

/** The part of a supabase-js client that is used here. */
export interface RealtimeLike {
  channel(topic: string, options: { config: { private: boolean } }): unknown;
  removeChannel(channel: never): PromiseLike<unknown>;
  realtime: { setAuth(): PromiseLike<unknown> };
}

interface Channel {
  on(type: "broadcast", filter: { event: string }, hear: () => void): unknown;
  subscribe(changed: (status: string) => void): unknown;
}

/** A topic of a client. */
interface Line {
  listeners: Set<() => void>;
  channel?: Channel;
  /** Joining and leaving take turns: a channel that is being left cannot be joined. */
  turn: Promise<unknown>;
}

/** supabase-js has one channel for each topic, so sessions share it. */
const lines = new WeakMap<RealtimeLike, Map<string, Line>>();

/**
 * Sends a heartbeat as soon as something happens to the session: joins the topic
 * of its user while it is held, and leaves it when it is over. Never throws, and
 * says nothing if Realtime is absent or refuses. The returned function stops it.
 */
export function hearNotification(
  supabase: RealtimeLike,
  session: Pick<InterviewSession, "subscribe" | "check">,
): () => void {
  let heard: string | undefined;
  let leave = () => {};

  function hear(user: string | undefined) {
    if (user === heard) return;
    heard = user;
    leave();
    leave = user ? join(supabase, `sessions:${user}`, session.check) : () => {};
  }

  const stop = session.subscribe((state) => {
    if ("session" in state) hear(state.session.user_id);
    // the others may become live again
    else if (/^(idle|held|over)$/.test(state.name)) hear(undefined);
  });
  return () => {
    stop();
    hear(undefined);
  };
}

function join(
  supabase: RealtimeLike,
  topic: string,
  tell: () => void,
): () => void {
  const line = lineOf(supabase, topic);
  // the same function may be given twice
  const listener = () => tell();
  line.listeners.add(listener);
  adjust(supabase, topic, line);
  return () => {
    line.listeners.delete(listener);
    adjust(supabase, topic, line);
  };
}

function lineOf(supabase: RealtimeLike, topic: string): Line {
  const ofClient = lines.get(supabase) ?? new Map<string, Line>();
  lines.set(supabase, ofClient);
  const line = ofClient.get(topic) ??
    { listeners: new Set(), turn: Promise.resolve() };
  ofClient.set(topic, line);
  return line;
}

/** Joins if somebody listens, leaves if nobody does. */
function adjust(supabase: RealtimeLike, topic: string, line: Line) {
  const { listeners } = line;
  const tellAll = () => listeners.forEach((listener) => listener());
  line.turn = line.turn.then(async () => {
    const { channel } = line;
    if (listeners.size > 0 && !channel) {
      // older versions of supabase-js would join without a token
      await supabase.realtime.setAuth();
      const joined = supabase.channel(topic, { config: { private: true } });
      line.channel = joined as Channel;
      line.channel.on("broadcast", { event: "*" }, tellAll);
      line.channel.subscribe((status) => {
        // what was sent before was not heard
        if (status === "SUBSCRIBED") tellAll();
      });
    } else if (listeners.size === 0 && channel) {
      delete line.channel;
      await supabase.removeChannel(channel as never);
    }
    // Realtime is absent: heartbeats tell the same, later
  }).catch(() => {});
}
