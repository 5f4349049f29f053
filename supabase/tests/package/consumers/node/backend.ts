// Without supabase-js, whose own declarations do not compile without skipLibCheck.
import {
  type ActiveInterviewSession,
  createSession,
  type EndReason,
  type Interview,
  type InterviewSession,
  type InterviewSessionHistory,
  type Refusal,
  refusalOf,
  type SessionHealth,
  type SessionOptions,
  type SupabaseLike,
} from "interview-sessions";
import { nodeEnvironment } from "interview-sessions/node";
import { useSecondsLeft, useSessionState } from "interview-sessions/react";

export function start(
  supabase: SupabaseLike,
  device?: string,
): InterviewSession {
  const environment = nodeEnvironment({
    accessToken: () => Promise.resolve("token"),
  });
  const options: SessionOptions = { device, environment };
  const session = createSession(supabase, options);
  session.on("lost", ({ reason, message }) => console.log(reason, message));
  // @ts-expect-error no such event
  session.on("gone", () => {});
  return session;
}

export function fenceOf(session: InterviewSession): number | undefined {
  const state = session.state();
  if (state.name !== "live") return undefined;
  const row: ActiveInterviewSession = state.session;
  return row.fence;
}

export function explain(
  error: { code: string; message: string; details: string; hint: string },
): string {
  const refusal: Refusal | undefined = refusalOf(error);
  switch (refusal?.code) {
    case "PT401":
      return refusal.hint;
    case "PT409":
      return `${refusal.details.device}, ${refusal.details.expires_in} s`;
    case "PT410": {
      const reason: EndReason | null = refusal.details.end_reason;
      return reason ?? "never known";
    }
    case "22023":
      return refusal.details.argument;
    case undefined:
      return error.message;
  }
}

export function lengthOf(
  ended: InterviewSessionHistory,
  interview: Interview,
): string {
  return `${ended.duration} of ${interview.interview_id}`;
}

export function isWell({ status }: SessionHealth): boolean {
  // @ts-expect-error no such status
  if (status === "fine") return true;
  return status === "ok";
}

export const hooks: [string, number | undefined] = [
  useSessionState(start({} as SupabaseLike)).name,
  useSecondsLeft(start({} as SupabaseLike)),
];
