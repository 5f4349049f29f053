// The gateway: who is let in, as whom, and what a browser and supabase-js need.
// It knows nothing of interview sessions: one table and one function do.
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import {
  type Api,
  type Refusal,
  startApi,
} from "../../../scripts/stack/api.ts";
import { cloneDatabase } from "../../../scripts/stack/bootstrap.ts";
import { localJwtSecret, localKeys } from "../../../scripts/stack/keys.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import type { PostgresServer } from "../../../scripts/stack/postgres.ts";
import {
  connected,
  postgresIn,
  preparedServer,
  until,
  withFolder,
} from "./support.ts";
import {
  bootstrapCluster,
  bootstrapDatabase,
} from "../../../scripts/stack/bootstrap.ts";

let prepared: Awaited<ReturnType<typeof preparedServer>>;
let server: PostgresServer;
let api: Api;
const refusals: Refusal[] = [];

Deno.test.beforeAll(async () => {
  prepared = await preparedServer();
  server = prepared.server;
  await cloneDatabase(server, "postgres", "api");
  await connected(server.url("api"), (sql) => sql.unsafe(whoAmI).simple());
  api = await startOn(server, "api");
});
Deno.test.afterAll(async () => {
  await api.stop();
  await prepared.remove();
});

const whoAmI = `
  create function public.whoami() returns json language sql stable as $$
    select json_build_object(
      'role', current_user, 'session', session_user, 'uid', auth.uid(),
      'lock_timeout', current_setting('lock_timeout')
    )
  $$;
  create function public.refuse() returns void language plpgsql as $$
  begin
    raise sqlstate 'PT409' using
      message = 'busy', detail = '{"by": 1}', hint = 'wait';
  end $$;
  revoke all on function public.refuse() from public, anon;
  create schema hidden;
  create function hidden.whoami() returns int language sql return 1;
  grant usage on schema hidden to anon;
`;

function startOn(server: PostgresServer, database: string, port = 0) {
  return startApi({
    databaseUrl: (role) => server.url(database, role),
    port,
    keys: localKeys,
    jwtSecret: localJwtSecret,
    onRefusal: (refusal) => refusals.push(refusal),
  });
}

async function ask(
  path: string,
  headers: Record<string, string> = {},
  o: { method?: string; body?: string } = {},
) {
  const response = await fetch(api.url + path, {
    method: "POST",
    body: o.method === "GET" ? null : "{}",
    ...o,
    headers: {
      apikey: localKeys.publishable,
      "content-type": "application/json",
      ...headers,
    },
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? null : JSON.parse(text),
  };
}

/** A token as Auth signs them, with claims of our choice. */
async function token(claims: Record<string, unknown>, secret = localJwtSecret) {
  const encode = (value: string | Uint8Array) => {
    const bytes = typeof value === "string"
      ? new TextEncoder().encode(value)
      : value;
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-")
      .replaceAll("/", "_").replaceAll("=", "");
  };
  const unsigned = encode(JSON.stringify({ alg: "HS256", typ: "JWT" })) + "." +
    encode(JSON.stringify(claims));
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signature = await crypto.subtle.sign(
    "HMAC",
    key,
    new TextEncoder().encode(unsigned),
  );
  return `${unsigned}.${encode(new Uint8Array(signature))}`;
}

const user = "11111111-2222-3333-4444-555555555555";
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const bearer = async (claims: Record<string, unknown>, secret?: string) => ({
  authorization: `Bearer ${await token(claims, secret)}`,
});

Deno.test("a user's token makes the request theirs, over a pool that is authenticator's", async () => {
  const { status, body } = await ask(
    "/rest/v1/rpc/whoami",
    await bearer({ sub: user, role: "authenticated", exp: inAnHour() }),
  );
  assert.equal(status, 200);
  assert.deepEqual(body, {
    role: "authenticated",
    session: "authenticator",
    uid: user,
    lock_timeout: "8s",
  });
});

Deno.test("the key in the place of a token, as supabase-js sends it, is no token", async () => {
  const { body } = await ask("/rest/v1/rpc/whoami", {
    authorization: `Bearer ${localKeys.publishable}`,
  });
  assert.equal(body.role, "anon");
});

Deno.test("a user's token counts for more than a secret key", async () => {
  const { body } = await ask("/rest/v1/rpc/whoami", {
    apikey: localKeys.secret.default,
    ...await bearer({ sub: user, role: "authenticated", exp: inAnHour() }),
  });
  assert.equal(body.role, "authenticated");
});

const badTokens: [
  what: string,
  code: string,
  authorization: () => Promise<string> | string,
][] = [
  [
    "expired",
    "PGRST303",
    async () =>
      (await bearer({
        sub: user,
        role: "authenticated",
        exp: inAnHour() - 7200,
      })).authorization,
  ],
  [
    "not yet valid",
    "PGRST303",
    async () =>
      (await bearer({ sub: user, role: "authenticated", nbf: inAnHour() }))
        .authorization,
  ],
  [
    "signed by somebody else",
    "PGRST301",
    async () =>
      (await bearer(
        { sub: user, role: "service_role", exp: inAnHour() },
        "another",
      )).authorization,
  ],
  ["garbage", "PGRST301", () => "Bearer garbage"],
  ["garbage in three parts", "PGRST301", () => "Bearer a.b.c"],
  [
    "unsigned",
    "PGRST301",
    () =>
      `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"role":"service_role"}')}.x`,
  ],
];
for (const [what, code, authorization] of badTokens) {
  Deno.test(`a token that is ${what} is refused with 401 ${code}`, async () => {
    const { status, body, headers } = await ask("/rest/v1/rpc/whoami", {
      authorization: await authorization(),
    });
    assert.deepEqual([status, body.code], [401, code]);
    assert.match(headers.get("www-authenticate") ?? "", /invalid_token/);
    assert.equal(headers.get("access-control-allow-origin"), "*");
  });
}

Deno.test("without a key, or with an unknown one, nobody is let in", async () => {
  for (const apikey of ["", "sb_secret_guess"]) {
    const { status, body } = await ask("/rest/v1/rpc/whoami", { apikey });
    assert.equal(status, 401);
    assert.match(body.message, /API key/);
  }
});

Deno.test("a secret key from a browser is refused", async () => {
  const { status } = await ask("/rest/v1/rpc/whoami", {
    apikey: localKeys.secret.default,
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64)",
  });
  assert.equal(status, 401);
});

Deno.test("what anon may not do is a 401, what a user may not do is a 403", async () => {
  assert.equal((await ask("/rest/v1/rpc/refuse")).status, 401);
  await connected(
    server.url("api"),
    (sql) => sql`revoke all on function public.refuse() from authenticated`,
  );
  const headers = await bearer({
    sub: user,
    role: "authenticated",
    exp: inAnHour(),
  });
  const { status, body } = await ask("/rest/v1/rpc/refuse", headers);
  assert.deepEqual([status, body.code], [403, "42501"]);
});

Deno.test("a refusal arrives whole, and is reported without keys or tokens", async () => {
  refusals.length = 0;
  const { status, body } = await ask("/rest/v1/rpc/refuse", {
    apikey: localKeys.secret.default,
  });
  assert.equal(status, 409);
  assert.deepEqual(body, {
    code: "PT409",
    message: "busy",
    details: '{"by": 1}',
    hint: "wait",
  });
  assert.deepEqual(refusals, [
    { function: "refuse", status: 409, code: "PT409", message: "busy" },
  ]);
});

Deno.test("an unknown function is a 404, an unexposed schema a 406", async () => {
  const unknown = await ask("/rest/v1/rpc/no_such_function");
  assert.deepEqual([unknown.status, unknown.body.code], [404, "PGRST202"]);
  const hidden = await ask("/rest/v1/rpc/whoami", {
    "content-profile": "hidden",
  });
  assert.deepEqual([hidden.status, hidden.body.code], [406, "PGRST106"]);
  assert.equal((await ask("/rest/v1/rpc/hidden.whoami")).status, 404);
});

Deno.test("a path that is nobody's is a 404", async () => {
  assert.equal((await ask("/nothing/v1/here")).status, 404);
  assert.equal((await ask("/functions/v1/none")).status, 404);
});

Deno.test("users sign up, in, out, and refresh, with supabase-js", async () => {
  const client = createClient(api.url, localKeys.publishable, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const credentials = { email: "a.user@example.com", password: "a-password" };
  const signUp = await client.auth.signUp(credentials);
  assert.equal(signUp.error, null);
  const who = await client.rpc("whoami");
  assert.equal(who.data.uid, signUp.data.user?.id);

  const before = signUp.data.session?.refresh_token;
  const refreshed = await client.auth.refreshSession();
  assert.equal(refreshed.error, null);
  assert.notEqual(refreshed.data.session?.refresh_token, before);

  assert.equal((await client.auth.signOut()).error, null);
  assert.equal((await client.rpc("whoami")).data.role, "anon");

  const wrong = await client.auth.signInWithPassword({
    ...credentials,
    password: "wrong",
  });
  assert.equal(wrong.error?.code, "invalid_credentials");
  const signIn = await client.auth.signInWithPassword(credentials);
  assert.equal(signIn.data.user?.id, signUp.data.user?.id);
  assert.equal(
    (await client.auth.getUser()).data.user?.email,
    credentials.email,
  );
});

Deno.test("Auth works as supabase_auth_admin, and makes its rows as that", async () => {
  await connected(server.url("api", "supabase_admin"), async (sql) => {
    const roles = await sql`
      select distinct usename::text as role, application_name as name
      from pg_stat_activity
      where datname = 'api' and application_name in ('auth', 'postgrest')
      order by 1`;
    assert.deepEqual([...roles], [
      { role: "authenticator", name: "postgrest" },
      { role: "supabase_auth_admin", name: "auth" },
    ]);
  });
});

Deno.test("while the database is away the answer is 503, and afterwards right again", async () => {
  await withFolder(async (folder) => {
    const port = freePort();
    let own = await postgresIn(folder, { port });
    await bootstrapCluster(own);
    await bootstrapDatabase(own, "postgres");
    await connected(own.url(), (sql) => sql.unsafe(whoAmI).simple());
    const itsApi = await startOn(own, "postgres");
    const call = async () => {
      const response = await fetch(`${itsApi.url}/rest/v1/rpc/whoami`, {
        method: "POST",
        headers: { apikey: localKeys.publishable },
      });
      return { status: response.status, body: await response.json() };
    };
    assert.equal((await call()).status, 200);
    await own.stop();
    for (let i = 0; i < 3; i++) {
      const { status, body } = await call();
      assert.deepEqual([status, body.code], [503, "PGRST000"]);
    }
    own = await postgresIn(folder, { port });
    await until(
      "the API answers again",
      async () => (await call()).status === 200,
    );
    await itsApi.stop();
    await own.stop();
  });
});
