// Each correction of @supabase/lite, twice: it is as wrong as we say without,
// and right with. When the first half of a test fails, lite has been mended, and
// the correction can go.
import assert from "node:assert/strict";
import { App, SUPABASE_AUTH_HELPERS_SQL } from "@supabase/lite";
import {
  createPostgresConnection,
  type PostgresConnection,
} from "@supabase/lite/postgres";
import {
  bootstrapDatabase,
  cloneDatabase,
} from "../../../scripts/stack/bootstrap.ts";
import { type Api, startApi } from "../../../scripts/stack/api.ts";
import { localJwtSecret, localKeys } from "../../../scripts/stack/keys.ts";
import type { PostgresServer } from "../../../scripts/stack/postgres.ts";
import { awaited } from "../waiting.ts";
import { connected, preparedServer, until } from "./support.ts";

const tables = `
  create table public.things (id int primary key, at timestamptz not null);
  insert into public.things values (1, '2026-11-24 10:00:00.5+00');
  revoke all on public.things from public, anon, authenticated, service_role;
  grant select on public.things to anon;
  create table public.guarded (id int primary key);
  alter table public.guarded enable row level security;
  revoke all on public.guarded from public, anon, authenticated, service_role;

  create function public.raise(code text) returns void language plpgsql as $$
  begin
    raise exception using errcode = code, message = 'as asked', hint = 'none';
  end $$;
  create function public.who() returns json language sql as $$
    select json_build_object(
      'role', current_user, 'session', session_user,
      'timeout', current_setting('statement_timeout'),
      'claims', current_setting('request.jwt.claims', true)
    )
  $$;
  create function public.said(words text) returns text language sql
  return words;
  create function public.kind(of jsonb) returns text language sql
  return jsonb_typeof(of);
`;

let prepared: Awaited<ReturnType<typeof preparedServer>>;
let server: PostgresServer;
let databases = 0;

Deno.test.beforeAll(async () => {
  prepared = await preparedServer();
  server = prepared.server;
  await bootstrapDatabase(server, "tried");
  await connected(server.url("tried"), (sql) => sql.unsafe(tables).simple());
});
Deno.test.afterAll(() => prepared.remove());

type Call = (
  path: string,
  o?: { body?: unknown; headers?: Record<string, string> },
) => Promise<Response>;

/** lite as it comes: connected as a superuser, the keys as it wants them. */
async function withPlainLite(
  work: (call: Call, plain: {
    connection: PostgresConnection;
    database: string;
    queries: string[];
  }) => Promise<void>,
  role = "supabase_admin",
) {
  const database = await freshDatabase();
  const queries: string[] = [];
  const connection = createPostgresConnection({
    url: server.url(database, role),
    postgresOptions: {
      max: 2,
      onnotice: () => {},
      debug: (_connection: number, query: string) => void queries.push(query),
    },
  });
  const app = new App({
    connection,
    api: { enabled: true, schemas: ["public"] },
    auth: {
      enabled: true,
      jwt_secret: localJwtSecret,
      publishable_key: localKeys.publishable,
      secret_key: localKeys.secret.default,
    },
  });
  const call: Call = async (path, o) =>
    await app.fetch(new Request(`http://127.0.0.1${path}`, requestOf(o)));
  // it prints every error
  const { error, warn } = console;
  console.error = console.warn = () => {};
  try {
    await work(call, { connection, database, queries });
  } finally {
    Object.assign(console, { error, warn });
    await connection.close();
  }
}

/** lite as we serve it. */
async function withApi(
  work: (call: Call, api: Api, database: string) => Promise<void>,
  o: { requestSettings?: Record<string, string> } = {},
) {
  const database = await freshDatabase();
  const api = await startApi({
    ...o,
    databaseUrl: (role) => server.url(database, role),
    port: 0,
    keys: localKeys,
    jwtSecret: localJwtSecret,
  });
  try {
    await work(
      (path, o) => fetch(api.url + path, requestOf(o)),
      api,
      database,
    );
  } finally {
    await api.stop();
  }
}

function requestOf(
  o: { body?: unknown; headers?: Record<string, string> } = {},
): RequestInit {
  return {
    method: o.body === undefined ? "GET" : "POST",
    headers: {
      apikey: localKeys.publishable,
      "content-type": "application/json",
      ...o.headers,
    },
    body: o.body === undefined ? null : JSON.stringify(o.body),
  };
}

async function freshDatabase(): Promise<string> {
  const name = `tried_${++databases}`;
  await cloneDatabase(server, "tried", name);
  return name;
}

function privileges(database: string) {
  return connected(server.url(database), (sql) =>
    sql`
      select oid::regclass::text as name, relacl::text as acl
      from pg_class
      where relnamespace = 'public'::regnamespace
      union all
      select defaclrole::regrole::text, defaclacl::text from pg_default_acl
      order by 1, 2`);
}

Deno.test("1a. a request changes no privilege (lite grants ALL on what has RLS)", async () => {
  await withPlainLite(async (call, { database }) => {
    const before = await privileges(database);
    await (await call("/rest/v1/things")).text();
    assert.notDeepEqual(await privileges(database), before);
  });
  await withApi(async (call, _api, database) => {
    const before = await privileges(database);
    assert.equal((await call("/rest/v1/things?select=id")).status, 200);
    assert.equal((await call("/rest/v1/guarded")).status, 401);
    assert.deepEqual(await privileges(database), before);
  });
});

Deno.test("1b. the role is switched, and not by a superuser (lite stays what it is without RLS)", async () => {
  await withPlainLite(async (call, { database }) => {
    await connected(
      server.url(database),
      (sql) => sql`drop table public.guarded`,
    );
    const { role, session } =
      await (await call("/rest/v1/rpc/who", { body: {} })).json();
    assert.deepEqual([role, session], ["supabase_admin", "supabase_admin"]);
  });
  await withApi(async (call) => {
    const as = async (headers: Record<string, string> = {}) => {
      const response = await call("/rest/v1/rpc/who", { body: {}, headers });
      const { role, session } = await response.json();
      return [role, session];
    };
    assert.deepEqual(await as(), ["anon", "authenticator"]);
    for (const apikey of Object.values(localKeys.secret)) {
      assert.deepEqual(await as({ apikey }), ["service_role", "authenticator"]);
    }
  });
});

/** SQLSTATE, PostgREST's status for anon. */
const statuses: [code: string, status: number][] = [
  ["P0001", 400],
  ["40001", 500],
  ["55P03", 500],
  ["57014", 500],
  ["22023", 400],
  ["23505", 409],
  ["42501", 401],
  ["PT409", 409],
  ["PT410", 410],
  ["ZZ001", 400],
];

Deno.test("2. every SQLSTATE is answered as by PostgREST (lite: 500 SUP)", async () => {
  await withPlainLite(async (call) => {
    for (const code of ["P0001", "40001", "57014", "ZZ001"]) {
      const response = await call("/rest/v1/rpc/raise", { body: { code } });
      assert.equal(response.status, 500, code);
      assert.equal((await response.json()).code, "SUP", code);
    }
  });
  await withApi(async (call) => {
    for (const [code, status] of statuses) {
      const response = await call("/rest/v1/rpc/raise", { body: { code } });
      assert.equal(response.status, status, code);
      assert.deepEqual(await response.json(), {
        code,
        message: "as asked",
        details: null,
        hint: "none",
      });
    }
  });
});

Deno.test("3. auth.uid() reads the claims (lite's own reads an older setting alone)", async () => {
  const id = "11111111-2222-3333-4444-555555555555";
  const ask = (database: string) =>
    connected(server.url(database), (sql) =>
      sql.begin(async (sql) => {
        const claims = JSON.stringify({ sub: id });
        await sql`select set_config('request.jwt.claims', ${claims}, true)`;
        const [{ uid }] = await sql`select auth.uid() as uid`;
        return uid;
      }));
  const database = await freshDatabase();
  assert.equal(await ask(database), id);
  await connected(
    server.url(database, "supabase_auth_admin"),
    (sql) =>
      sql.unsafe(
        SUPABASE_AUTH_HELPERS_SQL.replace(
          "CREATE SCHEMA IF NOT EXISTS auth;",
          "",
        ),
      ).simple(),
  );
  assert.equal(await ask(database), null);
});

Deno.test("4. timestamps are ISO 8601 (lite: as Postgres prints them)", async () => {
  const at = async (call: Call) => {
    const [row] = await (await call("/rest/v1/things?select=at")).json();
    return row.at;
  };
  await withPlainLite(async (call) => {
    assert.equal(await at(call), "2026-11-24 10:00:00.5+00");
  });
  await withApi(async (call) => {
    assert.equal(await at(call), "2026-11-24T10:00:00.5+00:00");
  });
});

Deno.test("4. Auth's timestamps are ISO 8601, too (lite: as Postgres prints them)", async () => {
  const createdAt = async (call: Call) => {
    const body = { email: "b@example.com", password: "a-password" };
    const { user } = await (await call("/auth/v1/signup", { body })).json();
    return user.created_at;
  };
  await withPlainLite(async (call) => {
    assert.match(await createdAt(call), /^[\d-]+ [\d:.]+\+00$/);
  });
  await withApi(async (call) => {
    assert.match(await createdAt(call), /^[\d-]+T[\d:.]+\+00:00$/);
  });
});

Deno.test("5. a new function is found once it is announced (lite never looks again)", async () => {
  const make = (database: string) =>
    connected(server.url(database), (sql) =>
      sql.unsafe(`
        create function public.new() returns int language sql return 1;
        notify pgrst, 'reload schema'`).simple());
  const status = async (call: Call) => {
    const response = await call("/rest/v1/rpc/new", { body: {} });
    await response.text();
    return response.status;
  };
  await withApi(async (call, _api, database) => {
    assert.equal(await status(call), 404);
    await make(database);
    await until(
      "the function is found",
      async () => await status(call) === 200,
    );
  });
  await withPlainLite(async (call, { database }) => {
    assert.equal(await status(call), 404);
    await connected(server.url(database), async (sql) => {
      const heard = Promise.withResolvers<void>();
      const { unlisten } = await sql.listen("pgrst", () => heard.resolve());
      await make(database);
      await awaited("the notification", heard.promise);
      await unlisten();
    });
    assert.equal(await status(call), 404);
  });
});

Deno.test("6. the settings of a request take one round trip (lite: nine)", async () => {
  await withPlainLite(async (call, { queries }) => {
    await (await call("/rest/v1/rpc/who", { body: {} })).text();
    queries.length = 0;
    await (await call("/rest/v1/rpc/who", { body: {} })).text();
    const settings = queries.filter((query) => /set_config/i.test(query));
    assert.ok(settings.length >= 8, String(settings.length));
  });
  await withApi(async (call, _api, database) => {
    const superuser = server.url(database, "supabase_admin");
    const log = `${prepared.folder}/postgres.log`;
    const count = async () =>
      (await Deno.readTextFile(log)).split("\n")
        .filter((line) => line.includes("set_config($1")).length;
    await connected(
      superuser,
      (sql) =>
        sql.unsafe(`alter role authenticator set log_statement to 'all'`),
    );
    await (await call("/rest/v1/rpc/who", { body: {} })).text();
    await until(
      "the first request is in the log",
      async () => await count() > 0,
    );
    const before = await count();
    await (await call("/rest/v1/rpc/who", { body: {} })).text();
    await until(
      "the second request is in the log",
      async () => await count() > before,
    );
    assert.equal(await count(), before + 1);
    await connected(
      superuser,
      (sql) => sql.unsafe(`alter role authenticator reset log_statement`),
    );
  });
});

Deno.test("7. what is no token is refused (lite: taken for none)", async () => {
  const headers = { authorization: "Bearer garbage" };
  await withPlainLite(async (call) => {
    const response = await call("/rest/v1/rpc/who", { body: {}, headers });
    assert.equal(response.status, 200);
    await response.text();
  });
  await withApi(async (call) => {
    const response = await call("/rest/v1/rpc/who", { body: {}, headers });
    assert.equal(response.status, 401);
    assert.equal((await response.json()).code, "PGRST301");
  });
});

Deno.test("8. the schema is read with its owner's eyes (lite: with the connection's)", async () => {
  await withPlainLite(async (call) => {
    assert.equal((await call("/rest/v1/things?select=id")).status, 404);
  }, "authenticator");
  await withApi(async (call) => {
    const response = await call("/rest/v1/things?select=id");
    assert.deepEqual(await response.json(), [{ id: 1 }]);
  });
});

Deno.test("9. a role's own settings hold, such as a timeout (lite: the connection's)", async () => {
  const timeout = async (call: Call) =>
    (await (await call("/rest/v1/rpc/who", { body: {} })).json()).timeout;
  await withPlainLite(async (call) => assert.equal(await timeout(call), "0"));
  await withApi(async (call) => assert.equal(await timeout(call), "3s"));
});

Deno.test("10. a page may call Auth (lite does not say which headers are allowed)", async () => {
  const question = {
    method: "OPTIONS",
    headers: {
      origin: "http://localhost:3000",
      "access-control-request-method": "POST",
      "access-control-request-headers": "apikey,content-type,x-client-info",
    },
  };
  const allowed = (response: Response) =>
    response.headers.get("access-control-allow-headers");
  await withPlainLite(async (_call, { connection }) => {
    const app = new App({
      connection,
      auth: { enabled: true, jwt_secret: localJwtSecret },
    });
    const request = new Request("http://127.0.0.1/auth/v1/signup", question);
    assert.equal(allowed(await app.fetch(request)), null);
  });
  await withApi(async (_call, api) => {
    for (const path of ["/auth/v1/signup", "/rest/v1/rpc/who"]) {
      const response = await fetch(api.url + path, question);
      assert.equal(response.status, 204);
      assert.equal(allowed(response), "apikey,content-type,x-client-info");
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
      assert.equal(
        response.headers.get("access-control-allow-credentials"),
        null,
      );
    }
  });
});

Deno.test("11. an error while the auth tables are made is heard of (lite swallows it)", async () => {
  await withPlainLite(async (_call, { connection, database }) => {
    await connected(
      server.url(database, "supabase_admin"),
      (sql) => sql`drop schema auth cascade`,
    );
    const app = new App({
      connection,
      auth: { enabled: true, jwt_secret: localJwtSecret },
      db: { migrations: { enabled: false } },
    });
    await app.ensureSystemSchema();
    const [{ made }] = await connected(
      server.url(database),
      (sql) => sql`select to_regclass('auth.users') is not null as made`,
    );
    assert.equal(made, false);
  }, "authenticator");

  // ours, with something in the way of the tables
  await bootstrapDatabase(server, "hindered");
  await connected(server.url("hindered", "supabase_admin"), async (sql) => {
    await sql`drop table auth.users cascade`;
    await sql`create view auth.users as select 1 as id`;
  });
  await assert.rejects(bootstrapDatabase(server, "hindered"), /users/);
});

Deno.test("12. JSON where text is wanted is its own text (lite: all objects are one)", async () => {
  const said = async (call: Call, words: unknown) =>
    await (await call("/rest/v1/rpc/said", { body: { words } })).json();
  await withPlainLite(async (call) => {
    assert.equal(await said(call, { a: 1 }), "[object Object]");
    assert.equal(await said(call, [["a"]]), "a");
  });
  await withApi(async (call) => {
    assert.equal(await said(call, { a: 1 }), '{"a":1}');
    assert.equal(await said(call, [["a"]]), '[["a"]]');
    assert.equal(await said(call, 5), "5");
    assert.equal(await said(call, "5"), "5");
  });
});

Deno.test("13. a user's token says what the project has made of them (lite: not a word)", async () => {
  const user = { email: "a@example.com", password: "a-password" };
  const claims = async (answer: Response) => {
    const { access_token } = await answer.json();
    const [, payload] = access_token.split(".");
    return JSON.parse(
      new TextDecoder().decode(
        Uint8Array.fromBase64(payload, { alphabet: "base64url" }),
      ),
    );
  };
  const signUp = async (call: Call) =>
    await claims(await call("/auth/v1/signup", { body: user }));
  await withPlainLite(async (call) => {
    assert.equal((await signUp(call)).app_metadata, undefined);
  });
  await withApi(async (call, _api, database) => {
    const fresh = await signUp(call);
    assert.equal(fresh.app_metadata.provider, "email");
    assert.equal(fresh.app_metadata.session_admin, undefined);
    assert.equal(fresh.user_metadata.email, user.email);

    await connected(server.url(database), (sql) =>
      sql`
        update auth.users
        set raw_app_meta_data = '{"session_admin": true}'`);
    const answer = await call("/auth/v1/token?grant_type=password", {
      body: user,
    });
    const { refresh_token } = await answer.clone().json();
    const signedIn = await claims(answer);
    assert.equal(signedIn.app_metadata.session_admin, true);
    assert.equal(signedIn.sub, fresh.sub);

    const renewed = await call("/auth/v1/token?grant_type=refresh_token", {
      body: { refresh_token },
    });
    const { access_token } = await renewed.clone().json();
    assert.equal((await claims(renewed)).app_metadata.session_admin, true);
    // and is good for Auth as well as for REST
    const headers = { authorization: `Bearer ${access_token}` };
    const who = await call("/auth/v1/user", { headers });
    assert.equal((await who.json()).id, fresh.sub);
    const asked = await call("/rest/v1/rpc/who", { body: {}, headers });
    assert.equal((await asked.json()).role, "authenticated");
  });
});

Deno.test("14. a request that gets no connection is refused with 504 and does nothing later (lite waits for ever)", async () => {
  await withApi(async (call, _api, database) => {
    await connected(server.url(database), async (sql) => {
      await sql.unsafe(`
        create sequence public.calls;
        grant usage on sequence public.calls to anon;
        create function public.wait_in_turn() returns bigint language plpgsql as $$
        begin
          perform pg_advisory_xact_lock_shared(14);
          return nextval('public.calls');
        end $$;
        notify pgrst;
      `).simple();
      const ask = () => call("/rest/v1/rpc/wait_in_turn", { body: {} });
      const atOnce = 20;

      await sql`select pg_advisory_lock(14)`;
      const waiting = Array.from({ length: atOnce }, ask);
      await until("each connection is in use", async () => {
        const [{ count }] = await sql<{ count: number }[]>`
          select count(*)::integer from pg_locks
          where locktype = 'advisory' and objid = 14 and not granted`;
        return count === atOnce;
      });
      const refused = await ask();
      assert.deepEqual(
        [refused.status, (await refused.json()).code],
        [504, "PGRST003"],
      );
      await sql`select pg_advisory_unlock(14)`;

      for (const answer of await Promise.all(waiting)) {
        assert.equal(answer.status, 200);
        await answer.body?.cancel();
      }
      assert.equal(await (await ask()).json(), atOnce + 1);
    });
  }, { requestSettings: { statement_timeout: "0", lock_timeout: "0" } });
});

Deno.test("15. JSON arrives as it was sent where a function takes jsonb (lite: as a string)", async () => {
  const kind = async (call: Call, of: unknown) =>
    await (await call("/rest/v1/rpc/kind", { body: { of } })).json();
  await withPlainLite(async (call) => {
    assert.equal(await kind(call, [{ a: 1 }]), "string");
  });
  await withApi(async (call) => {
    assert.equal(await kind(call, [{ a: 1 }]), "array");
    assert.equal(await kind(call, { a: [1] }), "object");
    assert.equal(await kind(call, 5), "number");
    assert.equal(await kind(call, "five"), "string");
  });
});
