// Connections to a database, for commands that only look.
import postgres from "postgres";
import { type Finding, wrong } from "./doctor/finding.ts";
import { Problem, UsageProblem } from "./problem.ts";

/** A database that cannot be reached or read. */
export class DatabaseProblem extends Problem {
  override name = "DatabaseProblem";

  /** The same as a finding of `doctor`. */
  readonly finding: Finding;

  constructor(finding: Finding, o: ErrorOptions) {
    super([finding.says, finding.todo].join(" "), o);
    this.finding = finding;
  }
}

/**
 * Runs `work` on a connection; what cannot be reached or read is a
 * `DatabaseProblem`. What the database says as notices is in `notices`.
 */
export async function connected<T>(
  url: string,
  work: (sql: postgres.Sql, notices: string[]) => Promise<T>,
): Promise<T> {
  const notices: string[] = [];
  const sql = connection(url, notices);
  try {
    return await work(sql, notices);
  } catch (cause) {
    const why = whyNot(cause, url);
    if (why === undefined) throw cause;
    throw new DatabaseProblem(why, { cause });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const percentEncoded =
  "In a password, characters such as @, /, # and % must be percent-encoded.";

function connection(url: string, notices: string[]): postgres.Sql {
  if (url === "") {
    throw new UsageProblem(
      `--db-url is empty. Is the environment variable set that it is from?`,
    );
  }
  if (!isConnectionString(url)) {
    throw new UsageProblem(
      `--db-url wants a connection string, such as ` +
        `postgres://postgres:…@db.<project>.supabase.co:5432/postgres. ` +
        percentEncoded,
    );
  }
  const saysTls = /[?&]ssl(mode)?=/.test(url);
  return postgres(withKnownParameters(url), {
    max: 1,
    connect_timeout: 10,
    // poolers that share connections have no prepared statements
    prepare: false,
    onnotice: ({ message }) => notices.push(String(message)),
    ...(saysTls ? {} : { ssl: "prefer" }),
  });
}

function isConnectionString(text: string): boolean {
  try {
    const { protocol, username, password } = new URL(text);
    // throws where a "%" is not followed by two digits
    decodeURIComponent(username + password);
    return /^postgres(ql)?:$/.test(protocol);
  } catch {
    return false;
  }
}

/** Without parameters of other libraries, Prisma's for example: Postgres refuses them. */
function withKnownParameters(text: string): string {
  const known = ["ssl", "sslmode", "sslnegotiation", "options"];
  const url = new URL(text);
  for (const name of [...url.searchParams.keys()]) {
    if (!known.includes(name)) url.searchParams.delete(name);
  }
  return url.href;
}

/** Undefined for what is neither the database's nor the network's. */
function whyNot(cause: unknown, url: string): Finding | undefined {
  if (cause instanceof postgres.PostgresError) {
    return cause.code === "42501"
      ? wrong(
        `The database refuses the role of --db-url: ${cause.message}.`,
        "Connect as postgres.",
      )
      : wrong(
        `The database says: ${cause.message} (${cause.code}).`,
        "Check --db-url; the database's log may say more.",
      );
  }
  const { message, code } = cause as { message?: string; code?: string };
  // ECONNREFUSED, CONNECT_TIMEOUT and the like
  if (typeof code !== "string") return undefined;
  return wrong(
    `The database cannot be reached: ${message || code}.`,
    hints(url, code).join(" "),
  );
}

function hints(url: string, code: string): string[] {
  return [
    code === "ENOTFOUND" || code === "EAI_AGAIN"
      ? `Is the host of --db-url right? ${percentEncoded}`
      : "Check --db-url, and whether the database is running.",
    ...(/@db\.\w+\.supabase\.co\b/.test(url)
      ? [
        "This host has only an IPv6 address, unless the project has the IPv4 " +
        "add-on. Over IPv4, use the connection string of the session pooler.",
      ]
      : []),
  ];
}
