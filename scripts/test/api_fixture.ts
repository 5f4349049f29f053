// A project for one test file: a copy of the migrated database, a real API on a
// free port, the Edge Functions on request, and clients made with supabase-js.
// Nothing in it is shared with another file. The API roles' statement_timeout and
// lock_timeout are lifted, so that a slow machine fails no test; the limits
// themselves are tested in supabase/tests/stack, which starts its own API.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac, randomUUID } from "node:crypto";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import type { Database } from "../rehearse/database.ts";
import { type Api, type ApiOptions, startApi } from "../stack/api.ts";
import { type Functions, serveFunctions } from "../stack/functions.ts";
import { localJwtSecret, localKeys } from "../stack/keys.ts";
import { repositoryRoot } from "../stack/paths.ts";
import {
  addStorageSchema,
  startStorage,
  type Storage,
} from "../stack/storage.ts";
import {
  liftedLimits,
  liftThoseOfTheRole,
} from "../../supabase/tests/timeouts.ts";
import { isCluster, makeCopyOf } from "./databases_fixture.ts";

/** supabase-js with the types of this component. */
export type Client = SupabaseClient<Database>;

/** The keys of the project; `other` is valid for REST, but for no function. */
export const keys = {
  publishable: localKeys.publishable,
  secret: {
    ...localKeys.secret,
    other: "sb_secret_local_only_interview_sessions_other",
  },
};

/** Options for a project. */
export interface ProjectOptions {
  /** Also serve the Edge Functions. */
  functions?: boolean;
  /** Also serve Storage's resumable uploads, with its files in this folder. */
  storageFolder?: string;
  /** The functions' environment variables, where they differ from the usual ones. */
  functionsEnv?: Record<string, string>;
  /** A network between the functions and the API that can fail. */
  between?(
    request: Request,
    pass: () => Promise<Response>,
  ): Promise<Response>;
}

/** A signed-in user. */
export interface User {
  id: string;
  email: string;
  /** The access token that the client sends. */
  token: string;
  client: Client;
}

/** A project under test. */
export interface Project {
  /** The URL for supabase-js. */
  url: string;
  /** A client without a user. */
  anon: Client;
  /** A client with the secret key. */
  service: Client;
  /** The database as `postgres`, for what no client can do, such as ageing. */
  sql: postgres.Sql;
  /** The database as a superuser. */
  superuser: postgres.Sql;
  /** The database's name. */
  database: string;
  /** Its connection string, as `postgres`. */
  databaseUrl: string;
  /** The output of the functions, line by line. */
  functionLines: Lines;
  /** Signs a user up and in, as an app does. */
  newUser(): Promise<User>;
  /** Signs the user in again: another browser, another device. */
  signIn(user: Pick<User, "email">): Promise<Client>;
  /** Inserts signed-in users without signing up, which takes time. */
  newUsers(count: number): Promise<User[]>;
  /** A client that sends this text as its access token. */
  clientWith(token: string): Client;
  /** The same token, but expired an hour ago. */
  expiredToken(token: string): string;
  /** Another API on the same database; the caller stops it. */
  anotherApi(o: { tokensLast?: number }): Promise<Api>;
  /** Kills the functions where they are; the next call starts them again. */
  killFunctions(): Promise<void>;
  /** Stops everything. */
  stop(): Promise<void>;
}

/** The password of every user who signed up. */
export const password = "correct horse battery staple";

/** The project of a test file, from its first test to its last. */
export function projectOfThisFile(o: ProjectOptions = {}): Project {
  const project = {} as Project;
  Deno.test.beforeAll(async () => {
    Object.assign(project, await startProject(o));
  });
  Deno.test.afterAll(() => project.stop?.());
  return project;
}

/** Starts a project for a single test. */
export async function startProject(o: ProjectOptions = {}): Promise<Project> {
  const database = await makeCopyOf("migrated");
  const sql = connect(database.url());
  const superuser = connect(database.url("supabase_admin"));
  const functionLines = collectLines();
  await liftThoseOfTheRole(superuser);

  const storage = o.storageFolder === undefined
    ? undefined
    : await openStorage(o.storageFolder, database.url);

  let functions: Functions | undefined;
  const apiOptions: ApiOptions = {
    databaseUrl: database.url,
    port: 0,
    keys,
    jwtSecret: localJwtSecret,
    requestSettings: liftedLimits,
    ...(isCluster() && { preRequest: "public.pass_claims" }),
    functions: (request, name) =>
      functions
        ? functions.answer(request, name)
        : Promise.resolve(new Response(null, { status: 404 })),
    ...(storage && { storage: storage.answer }),
  };
  const api = await startApi(apiOptions);
  const network = o.between && startNetwork(api.url, o.between);
  if (o.functions) {
    functions = serveFunctions({
      folder: join(repositoryRoot, "supabase", "functions"),
      env: {
        SUPABASE_URL: network?.url ?? api.url,
        SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({
          default: keys.publishable,
        }),
        SUPABASE_SECRET_KEYS: JSON.stringify(keys.secret),
        ...o.functionsEnv,
      },
      onLine: (_name, line) => functionLines.add(line),
    });
    await functions.warmUp();
  }

  const client = (key: string, token?: string): Client =>
    createClient<Database>(api.url, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      ...(token && { accessToken: () => Promise.resolve(token) }),
    });
  return {
    url: api.url,
    anon: client(keys.publishable),
    service: client(keys.secret.default),
    sql,
    superuser,
    database: database.name,
    databaseUrl: database.url(),
    functionLines,
    async newUser() {
      const credentials = { email: `${randomUUID()}@example.com`, password };
      const itsClient = client(keys.publishable);
      const { data, error } = await itsClient.auth.signUp(credentials);
      if (error) throw error;
      const { user, session } = data;
      assert(user && session, "signing up did not sign in");
      return {
        id: user.id,
        email: credentials.email,
        token: session.access_token,
        client: itsClient,
      };
    },
    async signIn({ email }) {
      const itsClient = client(keys.publishable);
      const { error } = await itsClient.auth.signInWithPassword({
        email,
        password,
      });
      if (error) throw error;
      return itsClient;
    },
    async newUsers(count) {
      const users = await superuser<{ id: string; email: string }[]>`
        insert into auth.users (id, email)
        select gen_random_uuid(), gen_random_uuid() || '@example.com'
        from generate_series(1, ${count})
        returning id, email`;
      const now = Math.floor(Date.now() / 1000);
      return users.map(({ id, email }) => {
        const token = signedToken({
          sub: id,
          email,
          aud: "authenticated",
          role: "authenticated",
          iat: now,
          exp: now + 3600,
        });
        return { id, email, token, client: client(keys.publishable, token) };
      });
    },
    clientWith: (token) => client(keys.publishable, token),
    expiredToken(token) {
      const [, payload] = token.split(".");
      const claims = JSON.parse(`${Buffer.from(payload, "base64url")}`);
      return signedToken({
        ...claims,
        iat: claims.iat - 7200,
        exp: claims.exp - 7200,
      });
    },
    anotherApi: (o) => startApi({ ...apiOptions, ...o }),
    async killFunctions() {
      await functions?.stop();
    },
    async stop() {
      await api.stop();
      await functions?.stop();
      await storage?.close();
      await network?.stop();
      await Promise.all([sql.end(), superuser.end()]);
      await database.drop();
    },
  };
}

async function openStorage(
  folder: string,
  databaseUrl: (role?: string) => string,
): Promise<Storage> {
  await addStorageSchema(databaseUrl());
  return startStorage({ databaseUrl, folder, jwtSecret: localJwtSecret });
}

function startNetwork(
  to: string,
  between: NonNullable<ProjectOptions["between"]>,
): { url: string; stop(): Promise<void> } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname, search } = new URL(request.url);
      const { method, headers, body } = request;
      const pass = () =>
        fetch(to + pathname + search, { method, headers, body });
      return between(request, pass);
    },
  );
  const { port } = server.addr as Deno.NetAddr;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.shutdown() };
}

/** Lines of output that a test can wait for. */
export interface Lines {
  /** All lines so far. */
  all: string[];
  /** Adds a line. */
  add(line: string): void;
  /** Resolves with the first line at or after this index that fits. */
  until(fits: (line: string) => boolean, from?: number): Promise<string>;
}

function collectLines(): Lines {
  const all: string[] = [];
  const waiting = new Set<() => void>();
  return {
    all,
    add(line) {
      all.push(line);
      for (const look of [...waiting]) look();
    },
    until(fits, from = 0) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const look = () => {
        const line = all.slice(from).find(fits);
        if (line === undefined) return;
        waiting.delete(look);
        resolve(line);
      };
      waiting.add(look);
      look();
      return promise;
    },
  };
}

function signedToken(claims: Record<string, unknown>): string {
  const [header, payload] = [{ alg: "HS256", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signature = createHmac("sha256", localJwtSecret)
    .update(`${header}.${payload}`).digest("base64url");
  return `${header}.${payload}.${signature}`;
}

function connect(url: string): postgres.Sql {
  return postgres(url, { max: 2, onnotice: () => {} });
}
