// Where @supabase/lite 0.10.0 differs from the PostgREST of a hosted project,
// and what is done about it. Each correction has a test that fails once it is no
// longer needed (supabase/tests/stack/lite_corrections.test.ts).
//
// Corrected elsewhere, for the same reason:
// - auth.uid() and its like read only an older setting: auth_functions.sql
// - a malformed token is taken for none: access_token.ts
// - `notify pgrst` is ignored: schema_cache.ts
// - a browser's question before a request to Auth is half answered: api.ts
// - a user's token says nothing of their metadata: user_token.ts
// - ensureSystemSchema() hides its errors: bootstrap.ts
import { PostgresConnection } from "@supabase/lite/postgres";
import {
  databaseUnreachable,
  noConnectionInTime,
  restError,
  statusOfSqlState,
} from "./rest_error.ts";
import type { SchemaCache } from "./schema_cache.ts";

type WithContext = PostgresConnection["withContext"];
type Options = Parameters<WithContext>[2];

/** Connections that requests may use at a time. */
const poolSize = 20;

/** How long a request waits for one of them: PostgREST's default. */
const acquisitionMayTakeMs = 10_000;

/** What lite knows of who is asking. */
interface Asker {
  role?: string;
  jwt?: unknown;
}

/** The database as lite's REST API is to see it: through PostgREST's eyes. */
export class RestConnection extends PostgresConnection {
  readonly #schemaCache: SchemaCache;
  readonly #requestSettings: Record<string, string>;
  readonly #preRequest: string | undefined;

  /**
   * `url` connects as `authenticator`, which may become the API roles.
   * `requestSettings` override the settings of these; the function `preRequest` is
   * called after them, as PostgREST's db-pre-request.
   */
  constructor(
    url: string,
    schemaCache: SchemaCache,
    requestSettings: Record<string, string> = {},
    preRequest?: string,
  ) {
    super({
      url,
      postgresOptions: {
        max: poolSize,
        connect_timeout: 5,
        backoff: () => 0.1,
        onnotice: () => {},
        connection: { application_name: "postgrest" },
        types: { ...isoTimestamps, jsonAsText, jsonOnce },
      },
    });
    this.#schemaCache = schemaCache;
    this.#requestSettings = requestSettings;
    this.#preRequest = preRequest;
  }

  /**
   * lite would read the schema with the rights of whoever it is connected as,
   * and authenticator by itself may see nothing.
   */
  override async introspect() {
    return (await this.#schemaCache.read()).objects;
  }

  /**
   * Runs a request as the role of who asks, in a transaction of its own.
   *
   * lite's own way is replaced whole, because it switches the role only if some
   * table has RLS; because it then first grants ALL on everything to the API
   * roles; because it leaves out the role's settings, such as a
   * statement_timeout; because it takes nine round trips for what one does; and
   * because it turns the SQLSTATEs it does not know (P0001, 40001, 57014,
   * your own) into a 500 with the code "SUP" and prints every error at length;
   * and because it waits for ever for a connection: the driver forgets a request
   * whose connection the server refuses while it starts up.
   */
  override async withContext<T>(
    context: Parameters<WithContext>[0],
    run: (db: Parameters<Parameters<WithContext>[1]>[0]) => Promise<T>,
    options?: Options,
  ): Promise<T> {
    const asker = (context?.auth ?? {}) as Asker;
    const settings = await this.#settings(asker, options);
    const acquisition = limitedTo(acquisitionMayTakeMs);
    try {
      const work = this.kysely.transaction().execute(async (transaction) => {
        acquisition.succeeded();
        await transaction.selectNoFrom((query) =>
          settings.map(([name, value], index) =>
            query.fn("set_config", [
              query.val(name),
              query.val(value),
              query.val(true),
            ]).as(`setting_${index}`)
          )
        ).execute();
        const preRequest = this.#preRequest;
        if (preRequest) {
          await transaction.selectNoFrom((query) =>
            query.fn(preRequest, []).as("pre_request")
          ).execute();
        }
        return await run(transaction);
      });
      return await Promise.race([work, acquisition.timeout]);
    } catch (error) {
      if (error === acquisition.error) return noConnectionInTime() as T;
      const answer = databaseError(error, asker.role ?? "anon");
      // what run() returns is the response to the request
      if (answer) return answer as T;
      throw error;
    }
  }

  async #settings(
    asker: Asker,
    options: Options,
  ): Promise<[name: string, value: string][]> {
    const role = asker.role ?? "anon";
    const { roleSettings } = await this.#schemaCache.read();
    const settings: [string, string][] = [
      ["request.jwt.claims", JSON.stringify(asker.jwt ?? { role })],
      ...roleSettings.get(role) ?? [],
      ...Object.entries(this.#requestSettings),
    ];
    if (options?.rpc) {
      const { method, path, requestHeaders, readOnly } = options.rpc;
      settings.push(
        ["request.method", method],
        ["request.path", path],
        ["request.headers", JSON.stringify(requestHeaders ?? {})],
      );
      if (readOnly) settings.push(["transaction_read_only", "on"]);
    }
    // last: it takes the right to some of the others away
    return [...settings, ["role", role]];
  }
}

/** A wait of limited length; `timeout` rejects with `error` when it is over. */
function limitedTo(ms: number) {
  const error = new Error("There was no connection in time.");
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  timeout.catch(() => {});
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    reject(error);
  }, ms);
  return {
    error,
    timeout,
    /** Throws if it is too late: then the request has been answered. */
    succeeded() {
      clearTimeout(timer);
      if (isOver) throw error;
    },
  };
}

/**
 * lite leaves timestamps as Postgres prints them, with a space and a short offset.
 * PostgREST and Auth answer ISO 8601, and some SDKs read nothing else.
 */
export const isoTimestamps = {
  timestamptz: {
    to: 1184,
    from: [1184],
    serialize: (text: string) => text,
    parse: (text: string) =>
      text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"),
  },
  timestamp: {
    to: 1114,
    from: [1114],
    serialize: (text: string) => text,
    parse: (text: string) => text.replace(" ", "T"),
  },
};

/** JSON where text is wanted: its own text, as json_to_record() has it. From lite
 * the driver makes "[object Object]" of every object, and of [["a"]] an "a". */
const jsonAsText = {
  to: 25,
  from: [25],
  serialize: (value: unknown) =>
    typeof value === "object" ? JSON.stringify(value) : String(value),
  parse: (text: string) => text,
};

/** JSON where jsonb is wanted. lite hands the driver a text, of which the driver would
 * make a JSON string. */
const jsonOnce = {
  to: 3802,
  from: [3802],
  serialize: (value: unknown) =>
    typeof value === "string" && isJson(value) ? value : JSON.stringify(value),
  parse: (text: string) => JSON.parse(text),
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The driver's codes for a connection that is not there, or no longer. */
const connectionCodes = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
]);

interface DatabaseError extends Error {
  code: string;
  severity?: string;
  detail?: string;
  hint?: string;
}

/** PostgREST's answer to an error of the database; none for other errors. */
function databaseError(error: unknown, role: string): Response | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const { code, severity, message, detail, hint } = error as DatabaseError;
  if (connectionCodes.has(code)) return databaseUnreachable(error);
  // "PGRST" hands over the whole response, which lite gets right
  if (!severity || code === "PGRST") return undefined;
  const status = statusOfSqlState(code, message, role === "anon");
  return restError(
    status,
    { code, message, details: detail, hint },
    status === 401 ? { "www-authenticate": "Bearer" } : {},
  );
}
