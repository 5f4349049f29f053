// R33: requests that no SDK sends. Schemas that are not exposed, methods, media
// types, preferences and paths: all refused by the API, before the functions.
import assert from "node:assert/strict";
import { keys } from "../../../scripts/test/api_fixture.ts";
import {
  changingNothing,
  changingSomething,
  projectOfThisFile,
} from "../api/support.ts";
import {
  type HandWritten,
  type Holder,
  holders,
  send,
  verdict,
} from "./support.ts";

const project = projectOfThisFile();

/** A call that counts if it is let through: a start that takes over. */
const takeOver: HandWritten = {
  path: "rpc/start_session",
  body: { session_id: "hostile", takeover: true },
};

/** Each ask's verdict, by what is asked; nothing may change. */
async function refusals(
  { token }: Holder,
  asks: [what: string, HandWritten][],
): Promise<Record<string, string>> {
  return await changingNothing(project, async () => {
    const found: Record<string, string> = {};
    for (const [what, ask] of asks) {
      found[what] = verdict(await send(project, { token, ...ask }));
    }
    return found;
  });
}

/** Asserts that a call like the refused ones would have been noticed. */
async function witness({ token }: Holder) {
  await changingSomething(project, async () => {
    const answer = await send(project, { ...takeOver, token });
    assert.equal(answer.status, 200, answer.body);
  });
}

Deno.test("R33 no schema but public can be named: 406", async () => {
  const [user] = await holders(project, 1);
  const schemas = [
    "sessions",
    "auth",
    "pg_catalog",
    "information_schema",
    "extensions",
    "pg_temp",
    "PUBLIC",
    '"sessions"',
    "public, sessions",
    "public; set role postgres",
  ];

  for (const schema of schemas) {
    const profile = { "accept-profile": schema, "content-profile": schema };
    for (const key of [keys.publishable, keys.secret.default]) {
      const asks: [string, HandWritten][] = [
        ["a table", { method: "GET", path: "users", headers: profile, key }],
        ["a function", { ...takeOver, headers: profile, key }],
        ["a write", {
          path: "settings",
          body: { lease: "1 year" },
          headers: profile,
          key,
        }],
      ];
      assert.deepEqual(await refusals(user, asks), {
        "a table": "406 PGRST106",
        "a function": "406 PGRST106",
        "a write": "406 PGRST106",
      }, schema);
    }
  }
  await witness(user);
});

Deno.test("R33 what is not in public is not found, by whatever name: 404", async () => {
  const [user] = await holders(project, 1);
  const tables = [
    "users",
    "auth.users",
    "sessions.settings",
    "settings",
    "reaper_runs",
    "pg_class",
    "pg_stat_activity",
    "public.active_interview_sessions",
    "%22active_interview_sessions%22",
    "active_interview_sessions%00",
    "active_interview_sessions;select",
  ];
  const functions = [
    "set_config",
    "pg_sleep",
    "pg_advisory_lock",
    "pg_terminate_backend",
    "uid",
    "caller",
    "operator",
    "reap_batch",
    "retire",
    "overlapping_sessions",
    "sessions.start_session",
    "public.start_session",
    "start_session()",
    "START_SESSION",
    "%22start_session%22",
    "start_session%00",
  ];

  await changingNothing(project, async () => {
    for (const key of [keys.publishable, keys.secret.default]) {
      const token = key === keys.publishable ? user.token : undefined;
      for (const table of tables) {
        for (const method of ["GET", "POST", "DELETE"]) {
          const body = method === "POST" ? { a: 1 } : undefined;
          const answer = await send(project, {
            method,
            path: table,
            body,
            token,
            key,
          });
          assert.equal(answer.status, 404, `${method} ${table}`);
        }
      }
      for (const name of functions) {
        const path = `rpc/${name}`;
        for (const body of [{}, takeOver.body]) {
          const answer = await send(project, { path, body, token, key });
          assert.equal(answer.status, 404, `${path}: ${answer.body}`);
        }
      }
    }
  });
  await witness(user);
});

Deno.test("R33 what is not found tells the names that are exposed, and no others", async () => {
  const [user] = await holders(project, 1);
  const { body } = await send(project, {
    path: "rpc/start_sesion",
    body: {},
    token: user.token,
  });

  // PostgREST's own words; with public known to all that is nothing new
  assert.match(body, /PGRST202/);
  assert.doesNotMatch(body, /sessions\.|auth\.|postgres|refuse_|hold_user/);
});

Deno.test("R33 a function is called with POST; GET, which reads alone, changes nothing; others are refused", async () => {
  const [user] = await holders(project, 1);
  const withBody = ["PUT", "PATCH", "DELETE"];
  const query = "rpc/start_session?session_id=hostile&takeover=true";

  assert.deepEqual(
    await refusals(user, [
      ...withBody.map((method): [string, HandWritten] => [
        method,
        { ...takeOver, method },
      ]),
      ["GET", { method: "GET", path: query }],
    ]),
    {
      PUT: "405 PGRST101",
      PATCH: "405 PGRST101",
      DELETE: "405 PGRST101",
      GET: "405 25006",
    },
  );
  const { HEAD } = await refusals(user, [["HEAD", {
    method: "HEAD",
    path: query,
  }]]);
  assert.match(HEAD, /^4/);
  await witness(user);
});

Deno.test("R33 another method in a header or in the query is not heard", async () => {
  const [user] = await holders(project, 1);
  const read = { method: "GET", path: "active_interview_sessions" };

  assert.deepEqual(
    await refusals(user, [
      ["a header", {
        ...read,
        headers: { "x-http-method-override": "DELETE" },
      }],
      ["a query", { ...read, path: `${read.path}?_method=eq.DELETE` }],
    ]),
    { "a header": "200", "a query": "400 42703" },
  );
  await witness(user);
});

Deno.test("R33 a body that is not JSON is refused", async () => {
  const [user] = await holders(project, 1);
  const body = JSON.stringify(takeOver.body);
  const types = [
    "text/plain",
    "application/octet-stream",
    "multipart/form-data",
    "application/vnd.pgrst.object+json",
    "application/xml",
    "nonsense",
  ];
  const asks: [string, HandWritten][] = types.map((type) => [
    type,
    { ...takeOver, body, headers: { "content-type": type } },
  ]);
  const broken = [
    "{",
    '{"session_id":"hostile","takeover":true',
    "{session_id:'hostile'}",
    '{"session_id":"hostile",}',
    `${body}${body}`,
    "NaN",
    "\u0000",
  ];
  for (const text of broken) {
    asks.push([`the text ${text}`, { ...takeOver, body: text }]);
  }

  for (const [what, answer] of Object.entries(await refusals(user, asks))) {
    assert.match(answer, /^(400|404|415) /, what);
  }
  await witness(user);
});

Deno.test("R33 arguments by the wrong names are those of no function: 404", async () => {
  const [user] = await holders(project, 1);
  const { id } = user;
  const call = (body: unknown): HandWritten => ({ ...takeOver, body });
  const asks: [string, HandWritten][] = [
    ["none", call({})],
    ["somebody's id beside", call({ session_id: "hostile", user_id: id })],
    ["a fence beside", call({ session_id: "hostile", fence: 1 })],
    ["another's argument", call({ session_id: "hostile", reason: "cleared" })],
    ["capitals", call({ SESSION_ID: "hostile" })],
    ["a blank", call({ " session_id": "hostile" })],
    ["SQL", call({ 'session_id" := null); --': "hostile" })],
    ["a prototype", call('{"session_id":"hostile","__proto__":{"a":1}}')],
    ["only a default", call({ takeover: true })],
  ];

  for (const [what, answer] of Object.entries(await refusals(user, asks))) {
    assert.equal(answer, "404 PGRST202", what);
  }
  await witness(user);
});

Deno.test("R33 of an argument that is given twice the last counts", async () => {
  const [user] = await holders(project, 1);
  const both = (first: string, last: string): HandWritten => ({
    path: "rpc/heartbeat_session",
    body: `{"session_id":"${first}","session_id":"${last}"}`,
  });

  assert.deepEqual(
    await refusals(user, [["last", both(user.live, "never known")]]),
    { last: "410 PT410" },
  );
  await changingSomething(project, async () => {
    const ask = { ...both("never known", user.live), token: user.token };
    assert.equal((await send(project, ask)).status, 200);
  });
});

Deno.test("R33 no preference makes a refused call do something", async () => {
  const [user] = await holders(project, 1);
  const preferences = [
    "tx=commit",
    "tx=rollback",
    "handling=lenient",
    "params=single-object",
    "return=representation",
    "resolution=merge-duplicates",
    "missing=default",
    "count=exact",
    "max-affected=1000",
    "timezone=Mars/Phobos",
    "role=service_role",
  ];
  const reap = { path: "rpc/reap_stale_sessions", body: {} };

  for (const prefer of preferences) {
    const headers = { prefer };
    assert.deepEqual(
      await refusals(user, [
        ["a start", {
          path: takeOver.path,
          body: { session_id: "hostile" },
          headers,
        }],
        ["a zombie", {
          path: "rpc/heartbeat_session",
          body: { session_id: user.ended },
          headers,
        }],
        ["an operator's", { ...reap, headers }],
        ["a write", {
          path: "active_interview_sessions",
          body: { user_id: user.id, session_id: "forged", fence: 1 },
          headers,
        }],
      ]),
      {
        "a start": "409 PT409",
        "a zombie": "410 PT410",
        "an operator's": "403 42501",
        "a write": "403 42501",
      },
      prefer,
    );
  }
  await witness(user);
});

Deno.test("R33 B7 a call that was answered is not undone by asking for a rollback", async () => {
  const [user] = await holders(project, 1);
  const answer = await send(project, {
    ...takeOver,
    token: user.token,
    headers: { prefer: "tx=rollback" },
  });

  assert.equal(answer.status, 200);
  const { fence } = JSON.parse(answer.body);
  const [row] = await project.sql`
    select fence::text from public.active_interview_sessions
    where user_id = ${user.id}`;
  assert.equal(row.fence, String(fence));
});

Deno.test("R33 a plan of a query is not shown, nor a sum over it", async () => {
  const [user] = await holders(project, 1);
  const path = "interview_session_history";
  const plan = "application/vnd.pgrst.plan";
  const asks: [string, HandWritten][] = [
    ["plan", { method: "GET", path, headers: { accept: plan } }],
    ["analysed", {
      method: "GET",
      path,
      headers: { accept: `${plan}+json; options=analyze|verbose` },
    }],
    ["sum", { method: "GET", path: `${path}?select=fence.max()` }],
    ["count", { method: "GET", path: `${path}?select=count()` }],
  ];

  assert.deepEqual(await refusals(user, asks), {
    plan: "406 PGRST107",
    analysed: "406 PGRST107",
    sum: "400 PGRST123",
    count: "400 PGRST123",
  });
});

Deno.test("R33 every verb on a table is refused, whatever it names: 403", async () => {
  const [user, other] = await holders(project, 2);
  const row = (user_id: string) => ({
    user_id,
    session_id: "forged",
    fence: 1,
    status: "active",
  });
  const asks: [string, HandWritten][] = [];
  for (
    const table of ["active_interview_sessions", "interview_session_history"]
  ) {
    for (const { id } of [user, other, { id: crypto.randomUUID() }]) {
      const own = `${table}?user_id=eq.${id}`;
      const add = (method: string, path: string, o: Partial<HandWritten>) =>
        asks.push([
          `${method} ${path} ${JSON.stringify(o)}`,
          { method, path, ...o },
        ]);
      add("POST", table, { body: row(id) });
      add("POST", table, { body: [row(id), row(other.id)] });
      add("POST", `${table}?columns=user_id`, { body: row(id) });
      const keyed = table.endsWith("history")
        ? "user_id,session_id"
        : "user_id";
      add("POST", `${table}?on_conflict=${keyed}`, {
        body: row(id),
        headers: { prefer: "resolution=merge-duplicates" },
      });
      add("POST", `${table}?select=user_id`, {
        body: row(id),
        headers: { prefer: "return=representation" },
      });
      add("PATCH", own, { body: { status: "completing" } });
      add("PATCH", table, { body: { status: "completing" } });
      add("DELETE", own, {});
      add("DELETE", own, { headers: { prefer: "return=representation" } });
    }
  }

  for (const [what, answer] of Object.entries(await refusals(user, asks))) {
    assert.equal(answer, "403 42501", what);
  }
  await witness(user);
});
