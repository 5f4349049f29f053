// Delivers what has ended to the app's endpoints: claims what is due, sends it as
// signed webhooks (Standard Webhooks, https://www.standardwebhooks.com), and settles
// what became of it. Whatever is not settled is due again in 2 minutes, so a receiver
// may get an event twice, with the same webhook-id.
import { Webhook } from "standardwebhooks";
import { refusalOfUrl } from "./address.ts";
import { type Answer, callTwiceAtMost, type Rpc } from "./reap_all.ts";
import type { WebhookSettings } from "./webhook_settings.ts";

/** Deliveries of one claim. PostgREST cuts an answer at 1000 rows or fewer. */
const BATCH_SIZE = 100;

/** Requests at a time, to each endpoint. */
const AT_ONCE = 20;

/** How long a receiver may take to answer. */
const ANSWER_MAY_TAKE_MS = 10_000;

/** Nothing is claimed after that. Reaping takes 50 s at most; the platform ends a run after 150 s. */
const CLAIM_UNTIL_MS = 30_000;

/** No request begins after that: what is left of a batch is put back. */
const SEND_UNTIL_MS = 40_000;

/** More would use up the platform's processor time (2 s). The next run goes on. */
const MOST_PER_RUN = 1000;

/** An endpoint that fails so often in a row gets nothing more in this run. */
const FAILURES_IN_A_ROW = 3;

/** Bytes, by the specification of Standard Webhooks. */
const SHORTEST_SECRET = 24;

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

/** What the endpoints of a run share. */
interface DeliveryRun {
  rpc: Rpc;
  settings: WebhookSettings;
  /** Milliseconds since the first claim. */
  elapsed(): number;
  /** How many more may be claimed. */
  left: number;
  endpoints: number;
  sum: Deliveries;
}

/**
 * Delivers what is due, to all endpoints at the same time. Undefined if the chapter
 * "deliveries" is not installed. Throws the `Answer` of a database call that failed,
 * once the other endpoints are done.
 */
export async function deliver(
  rpc: Rpc,
  settings: WebhookSettings,
): Promise<Deliveries | undefined> {
  const began = performance.now();
  const run: DeliveryRun = {
    rpc,
    settings,
    elapsed: () => performance.now() - began,
    left: MOST_PER_RUN,
    endpoints: 0,
    sum: { delivered: 0, failed: 0, put_back: 0, problems: {} },
  };
  const first = await claim(run, BATCH_SIZE).catch((answer: Answer) => {
    if (answer.error?.code !== "PGRST202") throw answer;
  });
  if (!first) return undefined;
  const byEndpoint = Map.groupBy(first, ({ endpoint }) => endpoint);
  run.endpoints = byEndpoint.size;
  const ends = await Promise.allSettled(
    [...byEndpoint].map(([name, batch]) => deliverTo(name, batch, run)),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return run.sum;
}

/** Claims at most so many: of this endpoint, or of all of them. */
async function claim(
  run: DeliveryRun,
  atMost: number,
  name?: string,
): Promise<Delivery[]> {
  // taken before it is known how many there are, since others claim meanwhile
  run.left -= atMost;
  const batch = await callTwiceAtMost(run.rpc, "claim_deliveries", {
    batch_size: atMost,
    ...(name && { from_endpoint: name }),
  }) as Delivery[];
  run.left += atMost - batch.length;
  return batch;
}

/** Delivers batch after batch to one endpoint; the others do not wait for it. */
async function deliverTo(name: string, first: Delivery[], run: DeliveryRun) {
  const { sum } = run;
  const endpoint = await openEndpoint(name, first[0].url, run.settings);
  let batch = first;
  do {
    const results = await inParallel(
      batch,
      (delivery) => send(delivery, endpoint, run),
    );
    for (const { error } of results) if (error) sum.problems[name] = error;
    await callTwiceAtMost(run.rpc, "settle_deliveries", { results });
    for (const { outcome } of results) {
      sum[outcome === "gone" ? "failed" : outcome]++;
    }
    if (isStopped(endpoint) || run.elapsed() >= CLAIM_UNTIL_MS) return;
    const share = Math.min(BATCH_SIZE, Math.ceil(run.left / run.endpoints));
    if (share <= 0) return;
    batch = await claim(run, share, name);
  } while (batch.length > 0);
}

/** What a run knows of an endpoint. */
interface Endpoint {
  /** One per secret: two while one replaces the other. None: it is not called. */
  webhooks: Webhook[];
  /** Why it is not called. */
  problem?: string;
  failuresInARow: number;
}

/** It gets nothing more in this run. */
function isStopped({ webhooks, failuresInARow }: Endpoint): boolean {
  return webhooks.length === 0 || failuresInARow >= FAILURES_IN_A_ROW;
}

async function openEndpoint(
  name: string,
  url: string,
  { secrets, privateHosts, problem }: WebhookSettings,
): Promise<Endpoint> {
  const notCalled = (problem: string) => ({
    webhooks: [],
    problem,
    failuresInARow: 0,
  });
  const refusal = problem ?? await refusalOfUrl(url, privateHosts);
  if (refusal) return notCalled(refusal);
  const secret = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (!secret) {
    return notCalled(
      `INTERVIEW_SESSIONS_WEBHOOK_SECRETS has no secret named "${name}".`,
    );
  }
  try {
    const webhooks = secret.trim().split(/\s+/).map(webhookOf);
    return { webhooks, failuresInARow: 0 };
  } catch {
    return notCalled(
      `The secret named "${name}" is not the base64 of at least ${SHORTEST_SECRET} bytes.`,
    );
  }
}

function webhookOf(secret: string): Webhook {
  const base64 = secret.replace(/^whsec_/, "");
  if (atob(base64).length < SHORTEST_SECRET) throw new Error("too short");
  return new Webhook(secret);
}

async function send(
  { id, attempt, url, data }: Delivery,
  endpoint: Endpoint,
  { elapsed }: DeliveryRun,
): Promise<Result> {
  if (isStopped(endpoint)) {
    return { id, attempt, outcome: "put_back", error: endpoint.problem };
  }
  if (elapsed() >= SEND_UNTIL_MS) return { id, attempt, outcome: "put_back" };
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
        "webhook-signature": endpoint.webhooks
          .map((webhook) => webhook.sign(id, now, body)).join(" "),
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
      endpoint.webhooks = [];
      endpoint.problem = "The receiver answered 410 Gone.";
      return { id, attempt, outcome: "gone", error: endpoint.problem };
    }
    return failed(
      response.status >= 300 && response.status < 400
        ? `The receiver redirected (${response.status}), which is not followed.`
        : `The receiver answered ${response.status}.`,
    );
  } catch (cause) {
    const error = cause as Error;
    return failed(
      error.name === "TimeoutError"
        ? `The receiver did not answer in ${ANSWER_MAY_TAKE_MS / 1000} s.`
        : `The receiver could not be reached: ${whyUnreached(error, url)}`,
    );
  }
}

/** What `fetch` says of it, without the URL, which may contain a key. */
export function whyUnreached(error: Error, url: string): string {
  const { message } = error.cause instanceof Error ? error.cause : error;
  // "error sending request … for <url> (<address>): <why>", "… for url (<url>): <why>"
  const href = URL.parse(url)?.href ?? url;
  const [before, ...after] = message.split(href);
  if (after.length === 0) return before.includes("://") ? "no answer" : before;
  return /\): (.*)$/s.exec(after.join(""))?.[1] ?? "no answer";
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
