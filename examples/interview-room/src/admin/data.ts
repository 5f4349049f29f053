// What the admin page asks for, every few seconds.
import { useCallback, useEffect, useState } from "react";
import type { SupabaseClient } from "@supabase/supabase-js";
import type {
  EndReason,
  SessionHealth,
  SessionStatus,
} from "interview-sessions";
import { serverNow } from "../server_time.ts";

/** A row of `admin_live_sessions`. */
export interface LiveSession {
  user_id: string;
  email: string | null;
  session_id: string;
  device: string | null;
  status: SessionStatus;
  created_at: string;
  updated_at: string;
  age_seconds: number;
  /** Negative: it waits to be reaped. */
  seconds_left: number;
}

/** A row of `admin_ended_sessions`. */
export interface EndedSessions {
  ended_from: string;
  end_reason: EndReason;
  sessions: number;
  median_seconds: number;
  longest_seconds: number;
}

/** How far back, in spans of how long. */
export interface Range {
  name: string;
  bucketMs: number;
  buckets: number;
}

/** What there is to choose from. */
export const ranges: Range[] = [
  { name: "Last hour", bucketMs: 2 * 60_000, buckets: 30 },
  { name: "Last day", bucketMs: 3_600_000, buckets: 24 },
  { name: "Last week", bucketMs: 6 * 3_600_000, buckets: 28 },
];

/** All that is shown, of one moment. */
export interface AdminData {
  health: SessionHealth;
  live: LiveSession[];
  ended: EndedSessions[];
  /** When the first of the spans begins, by the server's clock. */
  from: number;
}

/** What came of asking last. */
export interface Asked {
  data?: AdminData;
  problem?: "forbidden" | "unreachable";
}

/** date_bin counts from here, in sessions.admin_ended_sessions(). */
const origin = Date.UTC(2000, 0, 1);

/** Asks now, and again every few seconds; `again` asks at once. */
export function useAdminData(
  supabase: SupabaseClient,
  range: Range,
): Asked & { again(): Promise<unknown> } {
  const [asked, setAsked] = useState<Asked>({});
  const ask = useCallback(async () => {
    const answer = await askAll(supabase, range);
    setAsked((known) => ({ data: known.data, ...answer }));
    return answer;
  }, [supabase, range]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let isGone = false;
    const go = async () => {
      const { problem } = await ask();
      if (!isGone && problem !== "forbidden") timer = setTimeout(go, everyMs());
    };
    void go();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [ask]);
  return { ...asked, again: ask };
}

async function askAll(supabase: SupabaseClient, range: Range): Promise<Asked> {
  const signal = AbortSignal.timeout(10_000);
  const health = await supabase.rpc("admin_session_health")
    .abortSignal(signal).single<SessionHealth>();
  // only now is the server's time known for certain
  const sinceOrigin = serverNow() - origin;
  const lastBucket = Math.floor(sinceOrigin / range.bucketMs);
  const from = origin + (lastBucket - range.buckets + 1) * range.bucketMs;
  const [live, ended] = await Promise.all([
    supabase.rpc("admin_live_sessions").abortSignal(signal),
    supabase.rpc("admin_ended_sessions", {
      since: new Date(from).toISOString(),
      bucket: `${range.bucketMs / 1000} seconds`,
    }).abortSignal(signal),
  ]);
  const error = health.error ?? live.error ?? ended.error;
  if (error) {
    return { problem: error.code === "42501" ? "forbidden" : "unreachable" };
  }
  return {
    data: { health: health.data!, live: live.data, ended: ended.data, from },
  };
}

/** `?refresh=1` in the page's address makes it a second. */
function everyMs(): number {
  const wanted = Number(new URLSearchParams(location.search).get("refresh"));
  return 1000 * (wanted || 5);
}
