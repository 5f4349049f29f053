// The code of docs/deliveries.md: a receiver in Deno and in Node, and what it releases,
// against servers that check the calls.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { parseEnv } from "node:util";
import { Webhook } from "standardwebhooks";
import {
  readWebhook,
  type SessionEnded,
  WebhookVerificationError,
} from "../../../client/webhook.ts";
import { keys, projectOfThisFile } from "../../../scripts/test/api_fixture.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";
import { command, succeeds } from "../install/support.ts";
import { webhookModule } from "./webhook_recipes.ts";

const recipe = recipesOf("docs/deliveries.md");
const project = projectOfThisFile();
const secret = `whsec_${btoa("a secret of an endpoint, 32 bytes")}`;

const event: Omit<SessionEnded, "id"> = {
  type: "session.ended",
  timestamp: "2026-11-27T15:00:33.050321+00:00",
  data: {
    user_id: crypto.randomUUID(),
    session_id: "mine",
    fence: 1,
    device: null,
    started_at: "2026-11-27T14:50:00+00:00",
    last_seen_at: "2026-11-27T14:55:00+00:00",
    ended_at: "2026-11-27T15:00:33.050321+00:00",
    end_reason: "expired",
    status: "active",
    previous_session_id: null,
    duration: "00:10:33.050321",
    interview_id: "exam",
    ended_fence: 2,
  },
};

interface Seen {
  method: string;
  path: string;
  headers: Headers;
  body: string;
}

/** A server that notes what it is asked, and answers as told. */
async function withServer(
  answer: (seen: Seen) => Response,
  work: (url: string, seen: Seen[]) => Promise<void>,
) {
  const seen: Seen[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { method, headers } = request;
      const path = new URL(request.url).pathname;
      const one = { method, path, headers, body: await request.text() };
      seen.push(one);
      return answer(one);
    },
  );
  try {
    await work(`http://127.0.0.1:${server.addr.port}`, seen);
  } finally {
    await server.shutdown();
  }
}

/** The request that the Edge Function sends. */
function signed(o: { sentAt?: Date; secret?: string } = {}): RequestInit {
  const id = "msg_1";
  const body = JSON.stringify(event);
  const sentAt = o.sentAt ?? new Date();
  return {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
      "webhook-signature": new Webhook(o.secret ?? secret).sign(
        id,
        sentAt,
        body,
      ),
    },
    body,
  };
}

/** A recipe whose receiver, if it is one, releases into this list. */
const module = <T>(name: string, released: SessionEnded[]) =>
  webhookModule<T>(name, (one) => {
    released.push(one);
  });

/** Checks a receiver: trusts what is signed, and nothing else. */
async function checkReceiver(
  ask: (request: RequestInit) => Promise<{ status: number }>,
  released: SessionEnded[],
) {
  const longAgo = new Date(Date.now() - 6 * 60_000);
  for (
    const bad of [
      signed({ secret: `whsec_${btoa("another secret of 32 bytes......")}` }),
      signed({ sentAt: longAgo }),
      { ...signed(), body: JSON.stringify({ ...event, timestamp: "now" }) },
      { ...signed(), headers: {} },
    ]
  ) {
    assert.equal((await ask(bad)).status, 401);
  }
  assert.deepEqual(released, []);
  assert.equal((await ask(signed())).status, 204);
  assert.deepEqual(released, [{ ...event, id: "msg_1" }]);
}

Deno.test("C3 a receiver in Deno trusts what is signed, and nothing else", async () => {
  Deno.env.set("WEBHOOK_SECRET", secret);
  const released: SessionEnded[] = [];
  const { default: receiver } = await module<
    { default: { fetch(request: Request): Promise<Response> } }
  >("receiver.ts", released);
  await checkReceiver(
    (request) =>
      receiver.fetch(new Request("http://receiver.example", request)),
    released,
  );
});

Deno.test("C3 so does one in Node", async () => {
  const released: SessionEnded[] = [];
  await withNodeReceiver((one) => released.push(one), async ({ ask }) => {
    await checkReceiver(ask, released);
  });
});

/** Runs the receiver in Node of the page. */
async function withNodeReceiver(
  release: (event: SessionEnded) => unknown,
  work: (o: {
    port: number;
    ask(request: RequestInit): Promise<Response>;
  }) => Promise<void>,
) {
  Deno.env.set("WEBHOOK_SECRET", secret);
  const { server } = await webhookModule<{ server: Server }>(
    "receiver_node.ts",
    release,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await work({
      port,
      async ask(request) {
        const response = await fetch(`http://127.0.0.1:${port}/`, request);
        await response.body?.cancel();
        return response;
      },
    });
  } finally {
    server.close();
    await once(server, "close");
  }
}

Deno.test("C3 in Node, a release that fails is answered with 500, and the receiver goes on", async () => {
  const failures = [new Error("the meter is down")];
  await withNodeReceiver(() => {
    const failure = failures.shift();
    if (failure) throw failure;
  }, async ({ ask }) => {
    assert.equal((await ask(signed())).status, 500);
    assert.equal((await ask(signed())).status, 204);
  });
});

Deno.test("C3 in Node, a request that is cut off does not end the receiver", async () => {
  await withNodeReceiver(() => {}, async ({ port, ask }) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode(
      "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf",
    ));
    connection.close();
    assert.equal((await ask(signed())).status, 204);
  });
});

Deno.test("C3 in Deno, a release that fails is an error for the server to answer with 500", async () => {
  Deno.env.set("WEBHOOK_SECRET", secret);
  const { default: receiver } = await webhookModule<
    { default: { fetch(request: Request): Promise<Response> } }
  >("receiver.ts", () => {
    throw new Error("the meter is down");
  });
  await assert.rejects(
    receiver.fetch(new Request("http://receiver.example", signed())),
    /the meter is down/,
  );
});

for (const secret of [undefined, "", "not one"]) {
  Deno.test(`C3 a receiver whose own secret is ${secret ?? "missing"} says so: not that the signature is wrong`, async () => {
    const request = new Request("http://receiver.example", signed());
    await assert.rejects(
      readWebhook(request, secret as string),
      (error: Error) => !(error instanceof WebhookVerificationError),
    );
  });
}

interface Release {
  release(event: SessionEnded): Promise<void>;
}

Deno.test("C3 a LiveKit room is closed, and one that is gone already is no failure", async () => {
  const answers = [
    () => Response.json({}),
    () =>
      Response.json({ code: "not_found", msg: "no such room" }, {
        status: 404,
      }),
    () => Response.json({ code: "internal", msg: "broken" }, { status: 500 }),
  ];
  await withServer(() => answers.shift()!(), async (url, seen) => {
    Deno.env.set("LIVEKIT_URL", url);
    Deno.env.set("LIVEKIT_API_KEY", "key");
    Deno.env.set("LIVEKIT_API_SECRET", "a secret of the LiveKit server");
    const { release } = await module<Release>("livekit.ts", []);
    const ended = { ...event, id: "msg_1" };
    await release(ended);
    await release(ended);
    await assert.rejects(release(ended));
    for (const { method, path, headers, body } of seen) {
      assert.equal(
        `${method} ${path}`,
        "POST /twirp/livekit.RoomService/DeleteRoom",
      );
      assert.match(headers.get("authorization") ?? "", /^Bearer ey/);
      // an id that a client chose names no room of anybody else
      assert.deepEqual(JSON.parse(body), {
        room: `${event.data.user_id}:mine`,
      });
    }
  });
});

Deno.test("C3 an unfinished upload is deleted, what was submitted is kept, and the secret key goes to Storage alone", async () => {
  const answers: Record<string, number> = {
    "/resumable/1": 204,
    "/resumable/2": 404,
    "/resumable/broken": 500,
  };
  const another = crypto.randomUUID();
  await withServer(
    ({ path }) => new Response(null, { status: answers[path] ?? 400 }),
    async (url, seen) => {
      await project.sql.unsafe(`
        create table public.unfinished_uploads (user_id uuid, session_id text, url text);
        grant select, delete on public.unfinished_uploads to service_role;
        notify pgrst;
      `).simple();
      const me = event.data.user_id;
      const rows = [
        [me, "mine", "resumable/1"],
        [me, "mine", "resumable/2"],
        [me, "mine", "object/recordings/of-somebody"],
        [me, "mine", "resumable/../object/recordings/of-somebody"],
        [me, "mine", "resumable/%2e%2E/object/recordings/of-somebody"],
        [another, "mine", "resumable/3"],
        [me, "another", "resumable/4"],
        [me, "unlucky", "resumable/broken"],
      ].map(([user_id, session_id, path]) => ({
        user_id,
        session_id,
        url: `${url}/${path}`,
      }));
      rows.push({
        user_id: me,
        session_id: "mine",
        url: url.replace("127.0.0.1", "localhost") + "/resumable/1",
      }, { user_id: me, session_id: "mine", url: "no URL" });
      await project.sql`
        insert into public.unfinished_uploads ${project.sql(rows)}`;
      Deno.env.set("SUPABASE_URL", project.url);
      Deno.env.set("SUPABASE_SECRET_KEY", keys.secret.default);
      Deno.env.set("UPLOADS_URL", `${url}/resumable/`);
      const { release } = await module<Release>("storage.ts", []);
      const ended = { ...event, id: "msg_1" };
      const withData = (data: Partial<SessionEnded["data"]>) => ({
        ...ended,
        data: { ...ended.data, ...data },
      });

      await release(withData({ end_reason: "completed" }));
      assert.deepEqual(seen, []);
      await release(ended);
      await release(ended);
      await assert.rejects(release(withData({ session_id: "unlucky" })));

      assert.deepEqual(
        seen.map(({ method, path }) => `${method} ${path}`).sort(),
        [
          "DELETE /resumable/1",
          "DELETE /resumable/2",
          "DELETE /resumable/broken",
        ],
      );
      const left = await project.sql<{ user_id: string; session_id: string }[]>`
        select user_id, session_id from public.unfinished_uploads order by 2, 1`;
      assert.deepEqual(left.map((row) => ({ ...row })), [
        { user_id: me, session_id: "another" },
        { user_id: another, session_id: "mine" },
        { user_id: me, session_id: "unlucky" },
      ]);
    },
  );
});

Deno.test("C3 a meter is stopped once, however often the event comes", async () => {
  const stops = new Map<string, string>();
  await withServer(({ headers, body }) => {
    stops.set(headers.get("idempotency-key") ?? "", body);
    return new Response();
  }, async (url) => {
    Deno.env.set("METER_URL", url);
    const { release } = await module<Release>("meter.ts", []);
    await release({ ...event, id: "msg_1" });
    await release({ ...event, id: "msg_1" });
    assert.deepEqual([...stops].map(([id, body]) => [id, JSON.parse(body)]), [
      ["msg_1", {
        user: event.data.user_id,
        session: "mine",
        from: event.data.started_at,
        to: event.data.ended_at,
      }],
    ]);
  });
});

Deno.test("C3 the statements and commands for an operator work as documented", async () => {
  const { sql, databaseUrl } = project;
  const run = (name: string) => {
    const [, args] = /^npx interview-sessions (.*)\n$/.exec(recipe(name)) ?? [];
    assert(args, `${name} is not one command of ours`);
    return args.replace('"$DATABASE_URL"', databaseUrl).split(" ");
  };
  assert.match(
    await succeeds(run("list.sh")),
    /^There is no endpoint, so nothing is delivered\./,
  );

  await sql.unsafe(recipe("endpoint.sql"));
  const user = await project.newUser();
  await user.client.rpc("start_session", { session_id: "mine" });
  await user.client.rpc("end_session", { session_id: "mine" });
  await sql`
    update sessions.deliveries
    set due_at = null, attempts = 12, last_error = 'The receiver answered 500.'
    where true`;
  const list = await succeeds(run("list.sh"));
  assert.match(list, /^livekit \(on\): https:\/\/api\.example\.com\/hooks/);
  assert.match(
    list,
    /1 not confirmed:\n {2}\S+ {2}livekit {2}dead {2}12 attempts, none to come\n/,
  );
  assert.match(
    list,
    new RegExp(`session mine of user ${user.id}, disconnected`),
  );
  assert.match(list, /last error: The receiver answered 500\./);

  assert.match(await succeeds(run("retry.sh")), /^1 due now/);
  assert.match(await succeeds(run("retry.sh")), /^No dead delivery was found/);
  await sql`update sessions.endpoints set state = 'gone' where true`;
  assert.match(await succeeds(run("list.sh")), /on hold/);
  await sql.unsafe(recipe("resume.sql"));
  assert.match(await succeeds(run("list.sh")), /pending/);

  const unasked = await command(run("drop.sh"));
  assert.equal(unasked.code, 2);
  assert.match(unasked.err, /no terminal to ask on/);
  assert.match(
    await succeeds([...run("drop.sh"), "--yes"]),
    /^1 deliveries: their receiver is never told\.\n1 deleted\.$/,
  );
  const neither = await command([
    "deliveries",
    "drop",
    "--db-url",
    databaseUrl,
  ]);
  assert.equal(neither.code, 2);
  assert.match(neither.err, /Give --endpoint or --id/);

  await sql.unsafe(recipe("off.sql"));
  assert.match(await succeeds(run("list.sh")), /^There is no endpoint/);
});

Deno.test("C3 the documented secret is one, and the environment is as documented", () => {
  assert.match(
    recipe("secret.sh"),
    /^echo "whsec_\$\(openssl rand -base64 32\)"\n$/,
  );
  const [, json] = /='(.*)'\n$/.exec(recipe("secrets.sh")) ?? [];
  assert.deepEqual(JSON.parse(json ?? ""), { livekit: "whsec_…" });
  const parsed = parseEnv(recipe("local.env"));
  assert.equal(parsed.INTERVIEW_SESSIONS_WEBHOOK_SECRETS, json);
  assert.equal(parsed.INTERVIEW_SESSIONS_PRIVATE_HOSTS, "127.0.0.1");
  const [, both] = /='(.*)'\n$/.exec(recipe("both_secrets.sh")) ?? [];
  assert.deepEqual(JSON.parse(both ?? ""), {
    livekit: "whsec_new… whsec_old…",
  });
  assert.equal(
    recipe("install.sh"),
    "npx interview-sessions install --deliveries\n",
  );
});
