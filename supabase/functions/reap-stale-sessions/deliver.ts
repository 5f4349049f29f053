// Delivers what has ended to the app's endpoints: claims what is due, sends it as
// signed webhooks (Standard Webhooks, https://www.standardwebhooks.com), and settles
// what became of it. Whatever is not settled is due again in 2 minutes, so a receiver
// may get an event twice, with the same webhook-id.
import { Webhook } from "standardwebhooks";
import { refusalOfUrl } from "./address.ts";
import type { Rpc } from "./reap_all.ts";
import type { WebhookSettings } from "./webhook_settings.ts";

/** Deliveries of one claim, for each endpoint. */
const BATCH_SIZE = 100;

/** Requests at a time. */
const AT_ONCE = 20;

/** How long a receiver may take to answer. */
const ANSWER_MAY_TAKE_MS = 10_000;

/** Nothing is claimed after that: one batch of slow answers still fits into the run. */
const CLAIM_UNTIL_MS = 30_000;

/** More would use up the platform's processor time (2 s). The next run goes on. */
const MOST_PER_RUN = 1000;

/** An endpoint that fails so often in a row gets nothing more in this run. */
const FAILURES_IN_A_ROW = 3;

/** What became of the deliveries of a run. */
export interface Deliveries {
  delivered: number;
  failed: number;
  /** Not tried, because the endpoint failed or cannot be called. */
  put_back: number;
  /** What is wrong, by endpoint: the last error of this run. */
  problems: Record<string, string>;
}

interface Delivery {
  id: string;
  endpoint: string;
  url: string;
  attempt: number;
  /** A row of interview_session_history. */
  data: { ended_at: string };
}

interface Result {
  id: string;
  attempt: number;
  outcome: "delivered" | "failed" | "gone" | "put_back";
  error?: string;
}

/**
 * Delivers what is due. Undefined if the chapter "deliveries" is not installed.
 * Throws what a database call answered that failed.
 */
export async function deliver(
  rpc: Rpc,
  o: {
    settings: WebhookSettings;
    /** Milliseconds since the run began. */
    elapsed(): number;
  },
): Promise<Deliveries | undefined> {
  const sum: Deliveries = {
    delivered: 0,
    failed: 0,
    put_back: 0,
    problems: {},
  };
  const endpoints = new Map<string, Promise<Endpoint>>();
  for (let sent = 0; sent < MOST_PER_RUN && o.elapsed() < CLAIM_UNTIL_MS;) {
    const claim = await rpc("claim_deliveries", { batch_size: BATCH_SIZE });
    if (claim.error?.code === "PGRST202") return undefined;
    if (claim.error) throw claim;
    const claimed = claim.data as Delivery[];
    if (claimed.length === 0) break;
    sent += claimed.length;
    const results = await inParallel(claimed, async (delivery) => {
      const { endpoint: name, url } = delivery;
      const opening = endpoints.get(name) ??
        openEndpoint(name, url, o.settings);
      endpoints.set(name, opening);
      const result = await send(delivery, await opening);
      if (result.error) sum.problems[name] = result.error;
      return result;
    });
    const settled = await rpc("settle_deliveries", { results });
    if (settled.error) throw settled;
    for (const { outcome } of results) {
      sum[outcome === "gone" ? "failed" : outcome]++;
    }
  }
  return sum;
}

/** What a run knows of an endpoint. */
interface Endpoint {
  webhook?: Webhook;
  /** Why it is not called. */
  problem?: string;
  failuresInARow: number;
}

async function openEndpoint(
  name: string,
  url: string,
  { secrets, privateHosts, problem }: WebhookSettings,
): Promise<Endpoint> {
  const refusal = problem ?? await refusalOfUrl(url, privateHosts);
  if (refusal) return { problem: refusal, failuresInARow: 0 };
  const secret = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (!secret) {
    return {
      problem:
        `INTERVIEW_SESSIONS_WEBHOOK_SECRETS has no secret named "${name}".`,
      failuresInARow: 0,
    };
  }
  try {
    return { webhook: new Webhook(secret), failuresInARow: 0 };
  } catch {
    return {
      problem: `The secret named "${name}" is not one: whsec_ and base64.`,
      failuresInARow: 0,
    };
  }
}

async function send(
  { id, attempt, url, data }: Delivery,
  endpoint: Endpoint,
): Promise<Result> {
  const { webhook, problem } = endpoint;
  if (!webhook) return { id, attempt, outcome: "put_back", error: problem };
  if (endpoint.failuresInARow >= FAILURES_IN_A_ROW) {
    return { id, attempt, outcome: "put_back", error: endpoint.problem };
  }
  const now = new Date();
  const body = JSON.stringify({
    type: "session.ended",
    timestamp: data.ended_at,
    data,
  });
  const failed = (error: string): Result => {
    endpoint.failuresInARow++;
    endpoint.problem = error;
    return { id, attempt, outcome: "failed", error };
  };
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "interview-sessions",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": webhook.sign(id, now, body),
      },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_MAY_TAKE_MS),
    });
    await response.body?.cancel();
    if (response.ok) {
      endpoint.failuresInARow = 0;
      return { id, attempt, outcome: "delivered" };
    }
    if (response.status === 410) {
      endpoint.webhook = undefined;
      endpoint.problem = "The receiver answered 410 Gone.";
      return { id, attempt, outcome: "gone", error: endpoint.problem };
    }
    return failed(
      response.status >= 300 && response.status < 400
        ? `The receiver redirected (${response.status}), which is not followed.`
        : `The receiver answered ${response.status}.`,
    );
  } catch (cause) {
    const { name, message } = cause as Error;
    return failed(
      name === "TimeoutError"
        ? `The receiver did not answer in ${ANSWER_MAY_TAKE_MS / 1000} s.`
        // without the URL, which may contain a key
        : `The receiver could not be reached: ${
          message.replace(/ for url \(.*?\)/, "")
        }`,
    );
  }
}

/** Maps with at most AT_ONCE calls at a time. */
async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const rest = items.entries();
  const worker = async () => {
    for (const [index, item] of rest) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
