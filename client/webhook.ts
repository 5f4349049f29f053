// `interview-sessions/webhook`: verifies and types what the Edge Function delivers
// when a session has ended. For Node, Deno and Edge Functions.
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import type { InterviewSessionHistory } from "./rows.ts";

export { WebhookVerificationError };

/** A session has ended. */
export interface SessionEnded {
  /**
   * The same in every delivery of this event to this endpoint. An event may be
   * delivered more than once: release what is held in a way that may be repeated,
   * or remember the ids.
   */
  id: string;
  type: "session.ended";
  /** When it ended, by the database's clock. */
  timestamp: string;
  /**
   * `session_id` is chosen by the client and unique for its user only: release by
   * `user_id` and `session_id`.
   */
  data: InterviewSessionHistory;
}

/** A request as other servers than those of the Fetch API have it. */
export interface ReceivedRequest {
  /** The body as it was received, not parsed. */
  body: string;
  headers: Headers | Record<string, string | string[] | undefined>;
}

/**
 * Reads an event from a request. `secret` is that of the endpoint (`whsec_…`).
 * Rejects with a `WebhookVerificationError` if the signature is wrong or older than
 * five minutes: answer 401. Nothing of the body may be trusted then.
 */
export async function readWebhook(
  request: Request | ReceivedRequest,
  secret: string,
): Promise<SessionEnded> {
  const body = request instanceof Request ? await request.text() : request.body;
  const headers = plainHeaders(request.headers);
  const event = new Webhook(secret).verify(body, headers) as SessionEnded;
  return { ...event, id: headers["webhook-id"] ?? "" };
}

function plainHeaders(
  headers: ReceivedRequest["headers"],
): Record<string, string> {
  const entries = headers instanceof Headers
    ? [...headers]
    : Object.entries(headers).map(([name, value]) =>
      [name.toLowerCase(), String(value)] as const
    );
  return Object.fromEntries(entries);
}
