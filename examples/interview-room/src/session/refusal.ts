// Reads the refusals of the database functions, as supabase-js hands them over.
import type { SessionError } from "./types.ts";

/** As much of a supabase-js answer as is read here. */
export interface Answer {
  data: unknown;
  error: { code?: string; message: string; details?: string | null } | null;
  status: number;
}

/** Lock timeouts, serialization failures, a lost connection: these pass. */
const passing = /^(08|40|53|55|57)...$|^PGRST00[0-3]$/;

/** What a failed answer means; undefined if it did not fail. */
export function errorOf({ error, status }: Answer): SessionError | undefined {
  if (!error) return undefined;
  const { code = "", message } = error;
  if (code === "PT409") {
    return { kind: "held", message, holder: JSON.parse(error.details!) };
  }
  if (code === "PT410") {
    const { end_reason, ended_at } = JSON.parse(error.details!);
    return { kind: "over", message, reason: end_reason, ended_at };
  }
  if (status === 401) return { kind: "signed-out", message };
  if (status === 0 || status >= 500 || status === 408 || status === 429) {
    return { kind: "unreachable", message, code };
  }
  return passing.test(code)
    ? { kind: "unreachable", message, code }
    : { kind: "wrong-call", message, code };
}
