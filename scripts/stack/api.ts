// The HTTP side of a project: REST and Auth by @supabase/lite, Edge Functions and
// Storage by whoever is given, and in front of them what a hosted project's gateway does
// with API keys, user tokens and browsers.
import { App, type ResolvedKey } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { type Claims, readAccessToken } from "./access_token.ts";
import type { ApiKeys } from "./keys.ts";
import { isoTimestamps, RestConnection } from "./lite_corrections.ts";
import { requireFreePort } from "./ports.ts";
import { databaseUnreachable } from "./rest_error.ts";
import { endConnections, openSchemaCache } from "./schema_cache.ts";
import { withMetadata } from "./user_token.ts";

/** What the API is started with. */
export interface ApiOptions {
  /** A connection string of the database, for a role. */
  databaseUrl(role: string): string;
  /** The TCP port on 127.0.0.1; 0 takes a free one. */
  port: number;
  /** The API keys it knows. */
  keys: ApiKeys;
  /** What user tokens are signed with. */
  jwtSecret: string;
  /** The schemas it exposes; `public` unless given. */
  schemas?: string[];
  /** For how many seconds an access token is good; an hour unless given. */
  tokensLast?: number;
  /** Settings of every request, which override those of its role. */
  requestSettings?: Record<string, string>;
  /** A function that is called before each request, as PostgREST's db-pre-request. */
  preRequest?: string;
  /** Answers requests to `/functions/v1/<name>`. */
  functions?(request: Request, name: string): Promise<Response>;
  /** Answers requests to `/storage/v1/…`. */
  storage?(request: Request): Promise<Response>;
  /** Told of every refused call of a database function. */
  onRefusal?(refusal: Refusal): void;
}

/** A call of a database function that was refused. No keys, no tokens. */
export interface Refusal {
  /** The function's name. */
  function: string;
  /** The HTTP status. */
  status: number;
  /** A SQLSTATE, or PostgREST's own code. */
  code: string;
  /** The sentence for the user. */
  message: string;
}

/** An API that answers. */
export interface Api {
  /** Where it is, as supabase-js wants it. */
  url: string;
  /** Its TCP port. */
  port: number;
  /** Finishes what it is answering, and ends its connections. */
  stop(): Promise<void>;
}

/** How long requests under way may take to finish once it is to stop. */
const finishMayTakeMs = 1000;

/** Starts the API. */
export async function startApi(o: ApiOptions): Promise<Api> {
  if (o.port !== 0) requireFreePort(o.port, "the API", "--api-port");
  const rest = await restApi(o);
  const auth = authApi(o);
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: o.port,
      onListen: () => {},
      onError: unexpected,
    },
    (request) => gateway(request, rest.answer, auth.answer, o),
  );
  const { port } = server.addr as Deno.NetAddr;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async stop() {
      const timer = Promise.withResolvers<void>();
      const giveUp = setTimeout(timer.resolve, finishMayTakeMs);
      await Promise.race([server.shutdown(), timer.promise]);
      clearTimeout(giveUp);
      await Promise.all([rest.close(), auth.close()]);
    },
  };
}

type Answer = (request: Request) => Promise<Response>;

async function gateway(
  request: Request,
  rest: Answer,
  auth: Answer,
  o: ApiOptions,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const [, service, version, name = ""] = pathname.split("/");
  if (version === "v1" && service === "functions" && o.functions) {
    // functions speak to browsers themselves
    return await o.functions(request, name);
  }
  if (version === "v1" && (service === "rest" || service === "auth")) {
    if (isPreflight(request)) return preflight(request);
    const response = await (service === "rest" ? rest : auth)(request);
    if (name === "rpc" && response.status >= 400) {
      await reportRefusal(pathname, response, o);
    }
    return readableByPages(response);
  }
  if (version === "v1" && service === "storage" && o.storage) {
    if (isPreflight(request)) return preflight(request);
    return readableByPages(await o.storage(request));
  }
  return Response.json(
    { message: "no Route matched with those values" },
    { status: 404 },
  );
}

/** Which claims a request that was let through stands for. */
const claimsOf = new WeakMap<Request, Claims>();

/** What lite is to take a request for: nothing, if its key is unknown. */
function letThrough(
  request: Request,
  key: string,
  keys: ApiKeys,
): ResolvedKey | null {
  const claims = claimsOf.get(request);
  if (!claims) return null;
  const isSecret = roleOfKey(key, keys) === "service_role";
  return { type: isSecret ? "secret" : "publishable", claims };
}

async function restApi(o: ApiOptions) {
  const schemaCache = await openSchemaCache(o.databaseUrl("postgres"));
  const connection = new RestConnection(
    o.databaseUrl("authenticator"),
    schemaCache,
    o.requestSettings,
    o.preRequest,
  );
  const app = new App({
    connection,
    api: { enabled: true, schemas: o.schemas ?? ["public"], max_rows: 1000 },
    auth: { enabled: false },
    options: {
      server: {
        disableStudio: true,
        apiKeys: {
          resolver: (key, context) =>
            Promise.resolve(letThrough(context.req.raw, key, o.keys)),
        },
      },
    },
  });

  const answer = async (request: Request) => {
    const claims = await claimsFor(request, o);
    if (claims instanceof Response) return claims;
    try {
      await schemaCache.read();
    } catch (cause) {
      return databaseUnreachable(cause);
    }
    const { url, method, body } = request;
    const headers = new Headers(request.headers);
    headers.delete("authorization");
    const vetted = new Request(url, { method, headers, body });
    if (claims) claimsOf.set(vetted, claims);
    return await app.fetch(vetted);
  };
  return {
    answer,
    close: async () => {
      await Promise.all([endConnections(connection), schemaCache.close()]);
    },
  };
}

function authApi(o: ApiOptions) {
  const connection = createPostgresConnection({
    url: o.databaseUrl("supabase_auth_admin"),
    postgresOptions: {
      max: 10,
      connect_timeout: 5,
      backoff: () => 0.1,
      onnotice: () => {},
      connection: { application_name: "auth" },
      types: isoTimestamps,
    },
  });
  const app = new App({
    connection,
    api: { enabled: false },
    auth: {
      enabled: true,
      jwt_secret: o.jwtSecret,
      jwt_expiry: o.tokensLast ?? 3600,
      publishable_key: o.keys.publishable,
      secret_key: o.keys.secret.default,
      email: { enable_signup: true, enable_confirmations: false },
    },
    options: { server: { disableStudio: true } },
  });
  return {
    answer: async (request: Request) =>
      await withMetadata(await app.fetch(request), o.jwtSecret),
    close: () => endConnections(connection),
  };
}

/**
 * Whom a request speaks for: its user, if it brings a user's token, else the
 * role of its key. Nobody without a key that is known.
 */
async function claimsFor(
  request: Request,
  o: ApiOptions,
): Promise<Claims | Response | undefined> {
  const key = request.headers.get("apikey") ??
    new URL(request.url).searchParams.get("apikey");
  const role = roleOfKey(key, o.keys);
  if (!role) return undefined;
  const [, token] =
    /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  // supabase-js repeats the key there while nobody is signed in
  if (!token || token === key) return { role };
  return await readAccessToken(token, o.jwtSecret);
}

function roleOfKey(key: string | null, keys: ApiKeys): string | undefined {
  if (key === keys.publishable) return "anon";
  return Object.values<string | null>(keys.secret).includes(key)
    ? "service_role"
    : undefined;
}

/** A browser asks before it sends a request with headers of its own. */
function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" &&
    request.headers.has("access-control-request-method");
}

function preflight(request: Request): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods":
        "GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS",
      "access-control-allow-headers":
        request.headers.get("access-control-request-headers") ?? "*",
      "access-control-max-age": "3600",
      vary: "access-control-request-headers",
    },
  });
}

function readableByPages(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.delete("access-control-allow-credentials");
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-expose-headers", "*");
  return new Response(response.body, {
    status: response.status,
    statusText: response.statusText,
    headers,
  });
}

async function reportRefusal(
  pathname: string,
  response: Response,
  o: ApiOptions,
) {
  if (!o.onRefusal) return;
  const body = await response.clone().json().catch(() => ({}));
  o.onRefusal({
    function: decodeURIComponent(pathname.split("/")[4] ?? ""),
    status: response.status,
    code: String(body?.code ?? ""),
    message: String(body?.message ?? ""),
  });
}

function unexpected(error: unknown): Response {
  console.error("The API failed:", error);
  return Response.json({ message: "An unexpected error occurred" }, {
    status: 500,
  });
}
