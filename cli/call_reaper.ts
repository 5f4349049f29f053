// Calls the Edge Function that reaps, once, and says in a sentence what came of
// it.
import { functionName } from "./package_files.ts";
import { Problem } from "./problem.ts";

/** A finished run: what the function answers with 200. */
export interface Run {
  reaped: number;
  batches: number;
  by_reason: Record<string, number>;
  duration_ms: number;
  drained: boolean;
  health: { status: "ok" | "warning" | "critical"; reason: string };
  /** Where the chapter "deliveries" is installed. */
  deliveries?: Deliveries;
}

/** What became of the deliveries of a run. */
export interface Deliveries {
  delivered: number;
  failed: number;
  put_back: number;
  /** What is wrong, by endpoint. */
  problems: Record<string, string>;
}

/** What the call needs. */
export interface ReaperCall {
  /** The project's URL. */
  projectUrl: URL;
  /** A secret key of the project. */
  secretKey: string;
  /** Milliseconds until it gives up. */
  timeoutMs: number;
}

/** Calls the function. Throws a `Problem` for every answer but a run. */
export async function callReaper(o: ReaperCall): Promise<Run> {
  const { status, text } = await post(o);
  const body = parsed(text);
  if (status === 200 && isRun(body)) return body;
  throw new Problem(whyNot(status, body, o.projectUrl.host));
}

/** The run on one line. */
export function runLine(run: Run): string {
  const { reaped, batches, by_reason, duration_ms, drained, health } = run;
  const reasons = Object.entries(by_reason)
    .map(([reason, count]) => `${count} ${reason.replaceAll("_", " ")}`);
  return [
    `Reaped ${counted(reaped, "stale session")}` +
    (reasons.length > 0 ? ` (${reasons.join(", ")})` : "") +
    ` in ${counted(batches, "batch", "batches")}, ${duration_ms} ms.`,
    ...(drained ? [] : ["There are more; the next call goes on."]),
    ...(run.deliveries ? deliveryLines(run.deliveries) : []),
    `Health: ${health.status}. ${health.reason}`,
  ].join(" ");
}

/** Nothing where nothing was due. */
function deliveryLines(
  { delivered, failed, put_back, problems }: Deliveries,
): string[] {
  if (delivered + failed + put_back === 0) return [];
  const others = [
    ...failed > 0 ? [`${failed} failed`] : [],
    ...put_back > 0 ? [`${put_back} not tried`] : [],
  ];
  return [
    [`Delivered ${counted(delivered, "event")}`, ...others].join(", ") + ".",
    ...Object.entries(problems).map(([name, why]) => `${name}: ${why}`),
  ];
}

async function post(
  { projectUrl, secretKey, timeoutMs }: ReaperCall,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(
      new URL(`functions/v1/${functionName}`, projectUrl),
      {
        method: "POST",
        headers: { apikey: secretKey },
        // the key is for this host, and for no other that it may name
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      },
    );
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "TimeoutError") {
      throw new Problem(
        `${projectUrl.host} did not answer within ${timeoutMs / 1000} s. ` +
          `What the run had done by then stays done.`,
        { cause },
      );
    }
    const { message, cause: deeper } = cause as Error;
    const why = deeper instanceof Error ? deeper.message : message;
    throw new Problem(`${projectUrl.host} cannot be reached: ${why}.`, {
      cause,
    });
  }
}

function whyNot(status: number, body: unknown, host: string): string {
  const said = saidBy(body);
  switch (true) {
    case status === 401 || status === 403:
      return `${host} does not accept the secret key (${status})${said} ` +
        `It must be one of this project, named "default" or "cron".`;
    case status === 404:
      return `${host} has no Edge Function ${functionName} (404). Deploy it: ` +
        `supabase functions deploy ${functionName}`;
    case status >= 300 && status < 400:
      return `${host} sends the call elsewhere (${status}), where the secret ` +
        `key is not sent. Give the project's own URL.`;
    case status >= 500:
      return `The run failed (${status})${said}${soFar(body)}`;
    case status === 200:
      return `${host} answered, but not as ${functionName} does. Is this the ` +
        `project's URL, and is the function deployed in this version?`;
    default:
      return `${host} refused the call (${status})${said}`;
  }
}

function saidBy(body: unknown): string {
  const { message, hint } = fieldsOf(body);
  const sentences = [message, hint]
    .filter((text) => typeof text === "string")
    .map((text) => /[.!?]$/.test(text) ? text : `${text}.`);
  return sentences.length > 0 ? `: ${sentences.join(" ")}` : ".";
}

function soFar(body: unknown): string {
  const { reaped } = fieldsOf(body);
  return typeof reaped === "number" && reaped > 0
    ? ` Before that, ${counted(reaped, "stale session")} had been reaped.`
    : "";
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRun(body: unknown): body is Run {
  const fields = fieldsOf(body);
  const { reaped, batches, by_reason, duration_ms, drained } = fields;
  const { health, deliveries } = fields;
  const { status, reason } = fieldsOf(health);
  return [reaped, batches, duration_ms].every(Number.isFinite) &&
    typeof drained === "boolean" &&
    typeof by_reason === "object" && by_reason !== null &&
    ["ok", "warning", "critical"].includes(String(status)) &&
    typeof reason === "string" &&
    (deliveries === undefined || isDeliveries(deliveries));
}

function isDeliveries(value: unknown): value is Deliveries {
  const { delivered, failed, put_back, problems } = fieldsOf(value);
  return [delivered, failed, put_back].every(Number.isFinite) &&
    typeof problems === "object" && problems !== null;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null
    ? value as Record<string, unknown>
    : {};
}
