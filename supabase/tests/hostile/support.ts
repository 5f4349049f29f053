// What the tests of hostile clients share: requests that no SDK would send,
// tokens that nobody issued, and SQL sessions of the API's roles.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import process from "node:process";
import postgres from "postgres";
import { keys } from "../../../scripts/test/api_fixture.ts";
import { localJwtSecret } from "../../../scripts/stack/keys.ts";
import type { Project, User } from "../api/support.ts";

/** A request as somebody writes it by hand. */
export interface HandWritten {
  /** POST unless given. */
  method?: string;
  /** Below `/rest/v1/`. */
  path: string;
  /** Sent as it is if it is text or bytes, else as JSON. */
  body?: unknown;
  /** In `Authorization`, after "Bearer". */
  token?: string;
  /** In `apikey`; the publishable one unless given. */
  key?: string;
  /** Added to the others, and stronger. */
  headers?: Record<string, string>;
}

/** An answer, to the letter. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends it. */
export async function send(
  project: Project,
  { method = "POST", path, body, token, key, headers }: HandWritten,
): Promise<RawAnswer> {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(`${project.url}/rest/v1/${path}`, {
    method,
    headers: {
      apikey: key ?? keys.publishable,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      "content-type": "application/json",
      ...headers,
    },
    body: body === undefined
      ? undefined
      : raw
      ? body as BodyInit
      : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: Object.fromEntries(
      [...response.headers].filter(([name]) => name !== "date"),
    ),
    body: await response.text(),
  };
}

/** The answer's status, and the code in its body if it is an error. */
export function verdict({ status, body }: RawAnswer): string {
  try {
    const { code } = JSON.parse(body);
    return code ? `${status} ${code}` : `${status}`;
  } catch {
    return `${status}`;
  }
}

/** How a token is signed; by the project itself unless given. */
export interface Signing {
  secret?: string;
  header?: Record<string, unknown>;
}

/** A token with these claims. */
export function tokenOf(
  claims: Record<string, unknown>,
  { secret = localJwtSecret, header }: Signing = {},
): string {
  const signed = [{ alg: "HS256", typ: "JWT", ...header }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = createHmac("sha256", secret).update(signed)
    .digest("base64url");
  return `${signed}.${signature}`;
}

/** What the project itself says of a user. */
export function claimsOf({ id, email }: User): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    sub: id,
    email,
    aud: "authenticated",
    role: "authenticated",
    iat: now,
    exp: now + 3600,
  };
}

/** Who runs SQL: a role of the API, and the claims that it comes with. */
export interface Somebody {
  role: "anon" | "authenticated" | "service_role" | "authenticator";
  user?: User;
}

/** A connection of somebody's own, made the way the API makes it. */
export async function withSql<T>(
  project: Project,
  { role, user }: Somebody,
  work: (sql: postgres.Sql, notices: string[]) => Promise<T>,
): Promise<T> {
  const admin = process.env.TEST_DATABASE_ADMIN_URL;
  if (!admin) throw new Error('Run these tests with "npm test".');
  const url = new URL(admin);
  url.username = "authenticator";
  url.pathname = encodeURIComponent(project.database);
  const notices: string[] = [];
  const sql = postgres(url.href, {
    max: 1,
    // what is prepared outlives the tables it was prepared for
    prepare: false,
    onnotice: ({ message }) => void notices.push(message),
  });
  try {
    // how long a statement may take is not the question here
    await sql`set statement_timeout = 0`;
    const claims = JSON.stringify({ role, ...(user && claimsOf(user)) });
    await sql`select set_config('request.jwt.claims', ${claims}, false)`;
    if (role !== "authenticator") await sql`set role ${sql(role)}`;
    return await work(sql, notices);
  } finally {
    await sql.end();
  }
}

/** What became of a statement: the SQLSTATE and message, or what it returned. */
export async function outcomeOf(
  sql: postgres.Sql,
  statement: string,
): Promise<string> {
  try {
    const rows = await sql.unsafe(statement);
    return `done: ${JSON.stringify(rows)}`;
  } catch (error) {
    assert(error instanceof postgres.PostgresError, String(error));
    return `${error.code} ${error.message}`;
  }
}

/** Users with a live session of an interview each, with a device, and one that has
 * ended. */
export async function holders(
  project: Project,
  count: number,
): Promise<Holder[]> {
  const users = await project.newUsers(count);
  return await Promise.all(users.map(async (user) => {
    const [ended, live] = [crypto.randomUUID(), crypto.randomUUID()];
    const device = `device ${crypto.randomUUID()}`;
    const interview = crypto.randomUUID();
    const call = async (name: string, args: Record<string, unknown>) => {
      const answer = await user.client.rpc(name as never, args as never);
      assert.equal(answer.error, null);
      return answer.data as { fence: number };
    };
    await call("start_session", { session_id: ended, device });
    await call("end_session", { session_id: ended });
    const { fence } = await call("start_session", {
      session_id: live,
      device,
      interview_id: interview,
    });
    return { ...user, ended, live, device, interview, fence };
  }));
}

/** A user with a history and a live session. */
export interface Holder extends User {
  ended: string;
  live: string;
  device: string;
  interview: string;
  fence: number;
}

/** Everything about somebody that nobody else is to be told. */
export function secretsOf(holder: Holder): string[] {
  const { id, email, token, ended, live, device, interview } = holder;
  return [
    id,
    email,
    token,
    ended,
    live,
    device,
    interview,
    ...Object.values(keys.secret),
    localJwtSecret,
  ];
}
