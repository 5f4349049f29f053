// Holds an interview session through supabase-js.
import type { PostgrestError, SupabaseClient } from "@supabase/supabase-js";

const refusals = ["PT401", "PT409", "PT410", "22023"];

/** The database refused the call; the message can be shown to the user. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly code: string;
  readonly hint: string;
  /** JSON in a string, parsed. */
  readonly details: Record<string, unknown> | null;

  constructor({ code, message, hint, details }: PostgrestError) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.details = details ? JSON.parse(details) : null;
  }
}

/** As much of a session as is read here. */
export interface Session {
  session_id: string;
  status: "active" | "completing";
  fence: number;
  expires_at: string;
}

/** How a session ended. */
export interface Ended {
  session_id: string;
  end_reason: string;
  ended_at: string;
}

async function call<T>(
  supabase: SupabaseClient,
  name: string,
  args: Record<string, unknown>,
): Promise<T> {
  const { data, error, status } = await supabase.rpc(name, args)
    .abortSignal(AbortSignal.timeout(8000));
  if (!error) return data as T;
  if (refusals.includes(error.code)) throw new Refusal(error);
  throw new Error(`${name}: ${status} ${error.message}`, { cause: error });
}

/** After no answer, the same session_id again returns the same session. */
export function start(
  supabase: SupabaseClient,
  session_id: string,
  o: { takeover?: boolean; device?: string; interview_id?: string } = {},
): Promise<Session> {
  return call(supabase, "start_session", { session_id, ...o });
}

export function heartbeat(
  supabase: SupabaseClient,
  session_id: string,
): Promise<Session> {
  return call(supabase, "heartbeat_session", { session_id });
}

/** Sends heartbeats until one is refused, and returns that refusal. */
export async function keep(
  supabase: SupabaseClient,
  session_id: string,
  everyMs = 30_000,
): Promise<Refusal> {
  while (true) {
    try {
      await heartbeat(supabase, session_id);
    } catch (error) {
      if (error instanceof Refusal) return error;
      // no answer of the database: the session may be live
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export function complete(
  supabase: SupabaseClient,
  session_id: string,
): Promise<Session> {
  return call(supabase, "complete_session", { session_id });
}

/** How the session ended; null if there was no such session. */
export async function end(
  supabase: SupabaseClient,
  session_id: string,
): Promise<Ended | null> {
  const args = { session_id };
  const [row] = await call<Ended[]>(supabase, "end_session", args);
  return row ?? null;
}
