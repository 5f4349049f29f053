// Errors as PostgREST answers them.

/** The body of an error. */
export interface RestError {
  /** A SQLSTATE, or PostgREST's own code. */
  code: string;
  /** What is wrong. */
  message: string;
  /** More about it. */
  details?: string | null;
  /** What to do. */
  hint?: string | null;
}

/** An error as a response. */
export function restError(
  status: number,
  error: RestError,
  headers: HeadersInit = {},
): Response {
  const { code, message, details = null, hint = null } = error;
  const response = Response.json({ code, details, hint, message }, {
    status,
    headers,
  });
  response.headers.set("content-type", "application/json; charset=utf-8");
  response.headers.set("proxy-status", `PostgREST; error=${code}`);
  return response;
}

/** What PostgREST answers while the database cannot be reached. */
export function databaseUnreachable(cause: unknown): Response {
  return restError(503, {
    code: "PGRST000",
    message: "Database connection error. Retrying the connection.",
    details: cause instanceof Error ? cause.message : null,
  });
}

/** What PostgREST answers if every connection is in use for too long. */
export function noConnectionInTime(): Response {
  return restError(504, {
    code: "PGRST003",
    message: "Timed out acquiring connection from connection pool.",
  });
}

/** PostgREST's HTTP status for a SQLSTATE. */
export function statusOfSqlState(
  code: string,
  message: string,
  isAnonymous: boolean,
): number {
  const raised = /^PT([2-5]\d\d)$/.exec(code);
  if (raised) return Number(raised[1]);
  if (code === "42501") return isAnonymous ? 401 : 403;
  if (code === "22023" && /^role .* does not exist$/.test(message)) return 401;
  if (code === "21000" && message.endsWith("requires a WHERE clause")) {
    return 400;
  }
  return statusOfState[code] ?? statusOfClass[code.slice(0, 2)] ?? 400;
}

const statusOfState: Record<string, number> = {
  "21000": 500,
  "23503": 409,
  "23505": 409,
  "25006": 405,
  "42883": 404,
  "42P01": 404,
  "42P17": 500,
  "53400": 500,
  "57P01": 503,
  "57P03": 503, // starting up: PostgREST meets it when it connects
  "P0001": 400,
};

const statusOfClass: Record<string, number> = {
  "08": 503,
  "09": 500,
  "0L": 403,
  "0P": 403,
  "25": 500,
  "28": 403,
  "2D": 500,
  "38": 500,
  "39": 500,
  "3B": 500,
  "40": 500,
  "53": 503,
  "54": 500,
  "55": 500,
  "57": 500,
  "58": 500,
  "F0": 500,
  "HV": 500,
  "P0": 500,
  "PT": 500,
  "XX": 500,
};
