// What the candidate's pages read from the database, besides the session.
import { useQuery } from "@tanstack/react-query";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { ActiveInterviewSession } from "interview-sessions";
import { useApp } from "../app/context.tsx";
import { timeLimit } from "../app/time_limit.ts";
import { interviewId } from "../interview.ts";

/** The candidate's interview; there is none before the first start. */
export interface Interview {
  started_at: string;
  deadline_at: string;
  submitted_at: string | null;
}

/** What the server has of it. */
export interface Receipt extends Interview {
  /** How many answers are not blank; null if that could not be read. */
  answered: number | null;
}

/** What the start page shows of a session on another page. */
export type PreviousSession = Pick<
  ActiveInterviewSession,
  "device" | "status" | "created_at" | "updated_at"
>;

/** A page that waits for an answer shows that it failed after this time. */
const TIMEOUT_MS = 8_000;

/** The interview and its saved answers; null before the first start. */
export function useReceipt(userId: string, o: { everyMs?: number } = {}) {
  const { supabase } = useApp();
  return useQuery({
    queryKey: ["receipt", userId],
    queryFn: ({ signal }) =>
      readReceipt(supabase, timeLimit(TIMEOUT_MS, signal)),
    refetchInterval: o.everyMs ?? false,
  });
}

/** A proxy, say, may answer in the place of the server: nothing of that is shown. */
function requireTime(time: string | undefined) {
  if (Number.isNaN(Date.parse(`${time}`))) throw unexpected();
}

function unexpected(): Error {
  return new Error("The answer is not the server's.");
}

async function readReceipt(
  supabase: SupabaseClient,
  signal: AbortSignal,
): Promise<Receipt | null> {
  const [interview, answers] = await Promise.all([
    supabase.from("interviews")
      .select("started_at, deadline_at, submitted_at")
      .eq("interview_id", interviewId)
      .abortSignal(signal)
      .maybeSingle<Interview>()
      .throwOnError(),
    supabase.from("interview_answers")
      .select("question", { count: "exact", head: true })
      .eq("interview_id", interviewId)
      .filter("answer", "match", "\\S")
      .abortSignal(signal),
  ]);
  if (interview.data) requireTime(interview.data.deadline_at);
  return interview.data && { ...interview.data, answered: answers.count };
}

/** The candidate's live session, wherever it is; null if there is none. */
export function usePreviousSession(userId: string) {
  const { supabase } = useApp();
  return useQuery({
    queryKey: previousSessionKey(userId),
    async queryFn({ signal }): Promise<PreviousSession | null> {
      const { data } = await supabase.from("active_interview_sessions")
        .select("device, status, created_at, updated_at")
        .abortSignal(timeLimit(TIMEOUT_MS, signal))
        .maybeSingle<PreviousSession>()
        .throwOnError();
      if (data) requireTime(data.updated_at);
      return data;
    },
    refetchInterval: 5_000,
  });
}

export function previousSessionKey(userId: string) {
  return ["previous session", userId];
}

/** How many seconds an interview takes. */
export function useInterviewLength() {
  const { supabase } = useApp();
  return useQuery({
    queryKey: ["interview length"],
    async queryFn({ signal }): Promise<number> {
      const { data } = await supabase.rpc("interview_seconds")
        .abortSignal(timeLimit(TIMEOUT_MS, signal))
        .throwOnError();
      if (typeof data !== "number") throw unexpected();
      return data;
    },
    staleTime: 60_000,
  });
}
