// What `doctor` finds behind a project's URL: whether the Edge Function answers and
// refuses calls without a key, and whether the secret key is accepted. Reaps nothing.
import { functionName } from "../package_files.ts";
import { secretVariable } from "../secrets.ts";
import { type Finding, note, ok, wrong } from "./finding.ts";

const timeoutMs = 15_000;

/** Asks the project; `key` is the secret key of the environment, if any. */
export async function apiFindings(
  url: URL,
  key: string | undefined,
): Promise<Finding[]> {
  const stranger = await call(url, `functions/v1/${functionName}`, {
    method: "POST",
  });
  const found = strangerFinding(url, stranger);
  if ("unreachable" in stranger) return [found];
  if (key === undefined) {
    return [
      found,
      note(
        `${secretVariable} is not set: the key and the health were not checked.`,
      ),
    ];
  }
  return [
    found,
    // another answer says nothing about the key
    ...(found.level === "ok" ? [await keyFinding(url, key)] : []),
    ...await healthFindings(url, key),
    ...await exposureFindings(url, key),
  ];
}

interface Answer {
  status: number;
  text: string;
}

type Reply = Answer | { unreachable: string };

function strangerFinding(url: URL, reply: Reply): Finding {
  if ("unreachable" in reply) {
    return wrong(
      `${url.host} cannot be reached: ${reply.unreachable}.`,
      "Is --url the project's URL, and the project not paused?",
    );
  }
  const { status, text } = reply;
  switch (true) {
    case status === 401:
      return ok(
        `The Edge Function ${functionName} answers, and refuses calls without a key.`,
      );
    case status === 404:
      return wrong(
        `There is no Edge Function ${functionName}.`,
        `Is --url the project's URL? Then deploy it: supabase functions deploy ${functionName}`,
      );
    case status === 500 && /no secret key/.test(text):
      return wrong(
        `The Edge Function has no secret key in its environment.`,
        "Set SUPABASE_SECRET_KEYS, or SUPABASE_SERVICE_ROLE_KEY where the project has older keys.",
      );
    case status === 200:
      return wrong(
        `${url.host} answers a call of the Edge Function without a key.`,
        `${isItTheUrl} If it is, deploy ours: supabase functions deploy ${functionName}`,
      );
    case status >= 300 && status < 400:
      return wrong(`${url.host} redirects (${status}).`, isItTheUrl);
    case status >= 500:
      return failingFunction(status);
    default:
      return wrong(
        `The Edge Function answers ${status} to a call without a key, and not 401.`,
        `Deploy ours, with verify_jwt = false in supabase/config.toml: supabase functions deploy ${functionName}`,
      );
  }
}

const isItTheUrl = "Is --url the project's URL, https://<project>.supabase.co?";

/** What the gateway of Edge Functions answers when one fails. */
function failingFunction(status: number): Finding {
  switch (status) {
    case 503:
      return wrong(
        "The Edge Function does not start (503).",
        "Its log in the dashboard says why; deploy it again.",
      );
    case 546:
      return wrong(
        "The Edge Function was stopped at a limit of time or memory (546).",
        "Its log in the dashboard says which. Run doctor again; if it stays, deploy it again.",
      );
    default:
      return wrong(
        `The Edge Function fails (${status}).`,
        "Its log in the dashboard says why. Is the project paused?",
      );
  }
}

async function keyFinding(url: URL, key: string): Promise<Finding> {
  const kind = key.startsWith("sb_secret_")
    ? "a secret key"
    : key.startsWith("eyJ")
    ? "a legacy service_role key"
    : "a key of an unknown kind";
  // a body that is no JSON is refused after the key, and before anything is reaped
  const reply = await call(url, `functions/v1/${functionName}`, {
    method: "POST",
    headers: { apikey: key },
    body: "not JSON: doctor reaps nothing",
  });
  if ("status" in reply && reply.status >= 500) {
    return failingFunction(reply.status);
  }
  const accepted = "status" in reply && reply.status === 400;
  return accepted
    ? ok(`${secretVariable} holds ${kind}, and the Edge Function accepts it.`)
    : wrong(
      `${secretVariable} holds ${kind}, and the Edge Function does not accept it${
        "status" in reply ? ` (${reply.status})` : ""
      }.`,
      `Set it to the project's secret key named "default" or "cron", or to the service_role key where the project has only that.`,
    );
}

async function healthFindings(url: URL, key: string): Promise<Finding[]> {
  const reply = await call(
    url,
    "rest/v1/rpc/session_health?select=status,reason",
    {
      headers: headersOf(key),
    },
  );
  if ("unreachable" in reply) return [];
  const [row] = rowsIn(reply.text);
  if (reply.status !== 200 || !row) {
    return [noHealthFinding(url, reply)];
  }
  const says = `Health: ${row.status}. ${row.reason}`;
  return [
    row.status === "ok" ? ok(says) : wrong(
      says,
      "With --db-url, doctor says more.",
    ),
  ];
}

function noHealthFinding(url: URL, { status, text }: Answer): Finding {
  const says = `The API does not answer session_health() (${status})`;
  const { code, message } = errorIn(text);
  switch (true) {
    case status === 404 && code !== undefined:
      return wrong(
        "The API has no session_health().",
        "In the project: npx interview-sessions install, then supabase db push.",
      );
    case status === 401 || status === 403:
      return wrong(
        `${says}.`,
        "The key must be one of this project's secret keys.",
      );
    case status >= 500:
      return wrong(
        message === undefined ? `${says}.` : `${says}: ${message}`,
        "The logs of the API and of the database say why. Is the project paused? With --db-url, doctor says more.",
      );
    default:
      return wrong(
        `${url.host} has no API of Supabase (${status}).`,
        isItTheUrl,
      );
  }
}

/** The error of PostgREST, which has a code. */
function errorIn(text: string): { code?: string; message?: string } {
  const answer = jsonIn(text);
  if (typeof answer !== "object" || answer === null) return {};
  const { code, message } = answer as Record<string, unknown>;
  return typeof code === "string" ? { code, message: `${message}` } : {};
}

async function exposureFindings(url: URL, key: string): Promise<Finding[]> {
  const reply = await call(url, "rest/v1/settings?select=lease", {
    headers: { ...headersOf(key), "accept-profile": "sessions" },
  });
  // PostgREST answers PGRST106 where the schema is not exposed; where it is, this table
  // is refused by the database; a key that is wrong gets no further than the gateway
  const isExposed = "status" in reply &&
    (reply.status === 200 && Array.isArray(jsonIn(reply.text)) ||
      errorIn(reply.text).code === "42501");
  if (!isExposed) {
    return [];
  }
  return [
    wrong(
      "The API exposes the schema sessions.",
      "Take it out of the exposed schemas (Settings, API).",
    ),
  ];
}

function headersOf(key: string): Record<string, string> {
  return {
    apikey: key,
    // older keys are tokens, and PostgREST takes the role from there
    ...(key.startsWith("eyJ") && { authorization: `Bearer ${key}` }),
  };
}

function rowsIn(text: string): { status: string; reason: string }[] {
  const rows = jsonIn(text);
  return Array.isArray(rows) ? rows : [];
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function call(url: URL, path: string, init: RequestInit): Promise<Reply> {
  try {
    const response = await fetch(new URL(path, url), {
      ...init,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const { message, cause } = error as Error;
    return { unreachable: cause instanceof Error ? cause.message : message };
  }
}
