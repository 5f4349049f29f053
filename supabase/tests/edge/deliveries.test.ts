// What the Edge Function delivers, to receivers that do as they should and to others.
import assert from "node:assert/strict";
import postgres from "postgres";
import { whyUnreached } from "../../functions/reap-stale-sessions/deliver.ts";
import { webhookSettingsOf } from "../../functions/reap-stale-sessions/webhook_settings.ts";
import { Webhook } from "standardwebhooks";
import { until } from "../waiting.ts";
import {
  assertNoSecretLogged,
  clear,
  invoke,
  type Project,
  projectOfThisFile,
  reap,
  seedStale,
  startProject,
} from "./support.ts";

const secret = `whsec_${btoa("a secret of the endpoint meter..")}`;

const secretOfRooms = `whsec_${btoa("a secret of the endpoint rooms..")}`;

const newSecret = `whsec_${btoa("the next secret of an endpoint..")}`;

const many = Array.from({ length: 25 }, (_, i) => `endpoint_${i}`);

const options = {
  functions: true,
  functionsEnv: {
    INTERVIEW_SESSIONS_WEBHOOK_SECRETS: JSON.stringify({
      ...Object.fromEntries(["meter", ...many].map((name) => [name, secret])),
      rooms: secretOfRooms,
      rotated: `${newSecret} ${secret}`,
      half_bad: `${newSecret} whsec_…`,
      short: `whsec_${btoa("12345678901234567890123")}`,
      blank: " ",
    }),
    INTERVIEW_SESSIONS_PRIVATE_HOSTS: "127.0.0.1",
  },
};
const project = projectOfThisFile(options);

Deno.test.beforeEach(async () => {
  await clear(project);
  await project.sql`delete from sessions.endpoints where true`;
});
Deno.test.afterAll(() => {
  assertNoSecretLogged(project);
  for (const line of project.functionLines.all) assert(!line.includes("whsec"));
});

interface Received {
  id: string;
  headers: Headers;
  body: string;
}

/** A server of the app's. */
interface Receiver {
  url: string;
  received: Received[];
  stop(): Promise<void>;
}

function startReceiver(
  answer: (one: Received) => Response | Promise<Response> = () =>
    new Response(null, { status: 204 }),
  port = 0,
): Receiver {
  const received: Received[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, signal, onListen: () => {} },
    async (request) => {
      const { headers } = request;
      const body = await request.text();
      const one = { id: headers.get("webhook-id") ?? "", headers, body };
      received.push(one);
      return await answer(one);
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/hook`,
    received,
    // without waiting for answers under way: some never come
    stop() {
      stopping.abort();
      return server.finished;
    },
  };
}

async function withReceiver(
  answer: ((one: Received) => Response | Promise<Response>) | undefined,
  work: (receiver: Receiver) => Promise<void>,
) {
  const receiver = startReceiver(answer);
  try {
    await work(receiver);
  } finally {
    await receiver.stop();
  }
}

async function addEndpoint(url: string, name = "meter", of = project) {
  await of.sql`insert into sessions.endpoints ${of.sql({ name, url })}`;
}

/** As if the time until the next attempts had passed. */
async function letPausesPass({ sql }: Project) {
  await sql`
    update sessions.deliveries set due_at = clock_timestamp()
    where due_at is not null`;
}

async function pending({ service }: Project) {
  const { data, error } = await service.rpc("list_deliveries");
  assert.equal(error, null);
  return data ?? [];
}

/** An event that the receiver of this secret can trust. */
function verified({ body, headers }: Received, by = secret) {
  return new Webhook(by).verify(body, Object.fromEntries(headers)) as {
    type: string;
    timestamp: string;
    data: Record<string, unknown>;
  };
}

Deno.test("C3 each end is delivered once, signed, with its row of the history", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    await addEndpoint(url);
    const user = await project.newUser();
    await user.client.rpc("start_session", { session_id: "mine" });
    const { data } = await user.client.rpc("end_session", {
      session_id: "mine",
    });
    const [ended] = data ?? [];
    const [expired] = await seedStale(project, 1);

    const { reaped, deliveries } = await reap(project);

    assert.equal(reaped, 1);
    assert.deepEqual(deliveries, {
      delivered: 2,
      failed: 0,
      put_back: 0,
      problems: {},
    });
    const events = received.map((one) => verified(one));
    assert.deepEqual(
      new Map(events.map(({ data }) => [data.session_id, data.end_reason])),
      new Map([["mine", "disconnected"], [expired, "expired"]]),
    );
    const event = events.find(({ data }) => data.session_id === "mine");
    assert.equal(event?.type, "session.ended");
    assert.equal(Date.parse(event.timestamp), Date.parse(ended.ended_at));
    assert.deepEqual(Object.keys(event.data).sort(), Object.keys(ended).sort());
    assert.deepEqual(await pending(project), []);

    await reap(project);
    assert.equal(received.length, 2);
  });
});

Deno.test("C3 each endpoint has an id and a secret of its own: one cannot sign for another", async () => {
  await withReceiver(undefined, async (meter) => {
    await withReceiver(undefined, async (rooms) => {
      await addEndpoint(meter.url, "meter");
      await addEndpoint(rooms.url, "rooms");
      const [ended] = await seedStale(project, 1);

      assert.equal((await reap(project)).deliveries?.delivered, 2);

      const [toMeter, toRooms] = [meter.received[0], rooms.received[0]];
      assert.notEqual(toMeter.id, toRooms.id);
      assert.equal(verified(toMeter, secret).data.session_id, ended);
      assert.equal(verified(toRooms, secretOfRooms).data.session_id, ended);
      assert.throws(() => verified(toMeter, secretOfRooms));
      assert.throws(() => verified(toRooms, secret));
    });
  });
});

Deno.test("C3 while a secret is replaced, receivers with the old and with the new one trust the event", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    await addEndpoint(url, "rotated");
    const [ended] = await seedStale(project, 1);

    assert.equal((await reap(project)).deliveries?.delivered, 1);

    const [one] = received;
    assert.equal(verified(one, secret).data.session_id, ended);
    assert.equal(verified(one, newSecret).data.session_id, ended);
    assert.throws(() => verified(one, secretOfRooms));
  });
});

Deno.test("C3 a secret that is none, or that can be guessed, signs nothing", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    const names = ["half_bad", "short", "blank"];
    for (const name of names) await addEndpoint(url, name);
    await seedStale(project, 1);

    const { deliveries } = await reap(project);

    assert.equal(deliveries?.put_back, 3);
    for (const name of names) {
      assert.match(deliveries?.problems[name], /secret named/, name);
    }
    assert.deepEqual(received, []);
  });
});

Deno.test("C3 a receiver that is down gets the event later, under the same id", async () => {
  const down = startReceiver();
  await down.stop();
  await addEndpoint(down.url);
  await seedStale(project, 1);

  const first = await reap(project);
  assert.equal(first.deliveries?.failed, 1);
  const [{ id, attempts, last_error }] = await pending(project);
  assert.equal(attempts, 1);
  assert.match(last_error ?? "", /could not be reached/);
  assert.equal((await reap(project)).deliveries?.failed, 0, "not at once");

  const port = Number(new URL(down.url).port);
  const up = startReceiver(undefined, port);
  try {
    await letPausesPass(project);
    assert.equal((await reap(project)).deliveries?.delivered, 1);
    assert.deepEqual(up.received.map(({ id }) => id), [id]);
  } finally {
    await up.stop();
  }
});

Deno.test("C3 a receiver that is down for longer than twelve attempts gets the event when it is retried", async () => {
  const down = startReceiver();
  await down.stop();
  await addEndpoint(down.url);
  await seedStale(project, 1);

  for (let attempt = 1; attempt <= 12; attempt++) {
    assert.equal((await reap(project)).deliveries?.failed, 1, `${attempt}`);
    await letPausesPass(project);
  }
  const { deliveries, health } = await reap(project);

  assert.equal(deliveries?.failed, 0, "it is dead");
  assert.equal(health.status, "warning");
  assert.match(health.reason, /^1 deliveries are dead/);
  const [{ id, state }] = await pending(project);
  assert.equal(state, "dead");
  const up = startReceiver(undefined, Number(new URL(down.url).port));
  try {
    assert.equal((await project.service.rpc("retry_deliveries")).data, 1);
    const run = await reap(project);
    assert.equal(run.deliveries?.delivered, 1);
    assert.deepEqual(up.received.map(({ id }) => id), [id]);
    assert.deepEqual(await pending(project), []);
  } finally {
    await up.stop();
  }
});

Deno.test("C3 a receiver that takes seconds gets each event once, and another one does not wait for it", async () => {
  const slowly = Promise.withResolvers<void>();
  await withReceiver(async () => {
    await slowly.promise;
    return new Response();
  }, async (slow) => {
    await withReceiver(undefined, async (other) => {
      await addEndpoint(slow.url, "meter");
      await addEndpoint(other.url, "rooms");
      await seedStale(project, 130);

      const running = reap(project);
      await until("the other one has all", () => other.received.length === 130);
      assert(slow.received.length < 130);
      slowly.resolve();
      const { deliveries } = await running;

      assert.equal(deliveries?.delivered, 260);
      assert.equal(new Set(slow.received.map(({ id }) => id)).size, 130);
      assert.equal(slow.received.length, 130);
    });
  });
});

Deno.test("C3 only an answer 2xx confirms; a redirect is not followed", async () => {
  await withReceiver(undefined, async (elsewhere) => {
    for (
      const answer of [
        () => new Response("no", { status: 500 }),
        () => new Response("no", { status: 404 }),
        () =>
          new Response(null, {
            status: 307,
            headers: { location: elsewhere.url },
          }),
      ]
    ) {
      await withReceiver(answer, async ({ url }) => {
        await addEndpoint(url);
        await seedStale(project, 1);
        const { deliveries } = await reap(project);
        assert.equal(deliveries?.failed, 1);
        const [{ last_error }] = await pending(project);
        assert.match(last_error ?? "", /answered (500|404)|redirected \(307\)/);
        assert.deepEqual(deliveries?.problems, { meter: last_error });
        await project.sql`delete from sessions.endpoints where true`;
      });
    }
    assert.deepEqual(elsewhere.received, []);
  });
});

Deno.test("C3 410 Gone stops the endpoint, and what it has not confirmed is kept", async () => {
  await withReceiver(() => new Response(null, { status: 410 }), async (o) => {
    await withReceiver(undefined, async (other) => {
      await addEndpoint(o.url, "meter");
      await addEndpoint(other.url, "rooms");
      await seedStale(project, 3);

      await reap(project);
      await letPausesPass(project);
      await reap(project);

      const [{ state }] = await project.sql`
        select state from sessions.endpoints where name = 'meter'`;
      assert.equal(state, "gone");
      assert.equal(other.received.length, 3);
      assert.deepEqual(
        (await pending(project)).map(({ state }) => state),
        ["on_hold", "on_hold", "on_hold"],
      );
    });
  });
});

Deno.test("C3 a receiver that does not answer holds up no other, and is left alone after three failures; an answer that comes too late confirms nothing", async () => {
  const hanging = Promise.withResolvers<void>();
  await withReceiver(async () => {
    await hanging.promise;
    return new Response();
  }, async (slow) => {
    await withReceiver(undefined, async (other) => {
      await addEndpoint(slow.url, "meter");
      await addEndpoint(other.url, "rooms");
      await seedStale(project, 260);

      const { deliveries } = await reap(project);

      assert.equal(deliveries?.delivered, 260, "several batches");
      assert.equal(deliveries?.failed + deliveries?.put_back, 50, "one batch");
      assert(deliveries?.failed < 50, "not all of them had to wait");
      assert.match(deliveries?.problems.meter, /did not answer in 10 s/);
      const rows = await project.sql<{ attempts: number }[]>`
        select attempts from sessions.deliveries`;
      const attempts = rows.map(({ attempts }) => attempts);
      assert.equal(attempts.length, 260);
      assert.equal(
        attempts.filter((count) => count === 1).length,
        deliveries?.failed,
        "what was not tried has lost no attempt",
      );
    });
    const first = slow.received.map(({ id }) => id);
    hanging.resolve();

    await letPausesPass(project);
    assert.equal((await reap(project)).deliveries?.delivered, 260);
    const again = slow.received.slice(first.length).map(({ id }) => id);
    assert.equal(new Set(again).size, 260);
    assert(first.every((id) => again.includes(id)), "under the same ids");
  });
});

Deno.test("C3 a receiver that was cut off after it had the event gets it again, under the same id", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const ids: string[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      const buffer = new Uint8Array(65536);
      const read = await connection.read(buffer) ?? 0;
      const text = new TextDecoder().decode(buffer.subarray(0, read));
      ids.push(/webhook-id: (\S+)/.exec(text)?.[1] ?? "");
      connection.close();
    }
  })();
  await addEndpoint(`http://127.0.0.1:${port}/`);
  await seedStale(project, 1);
  await reap(project);
  listener.close();
  await serving.catch(() => {});

  const answering = startReceiver(undefined, port);
  try {
    await letPausesPass(project);
    await reap(project);
    assert.deepEqual(
      [...new Set(ids), ...answering.received.map(({ id }) => id)],
      [ids[0], ids[0]],
    );
  } finally {
    await answering.stop();
  }
});

Deno.test("C3 killed between the request and its record, the function delivers it again, under the same id", async () => {
  const own = await startProject(options);
  try {
    let killing: Promise<void> | undefined;
    await withReceiver(async () => {
      await (killing ??= own.killFunctions());
      return new Response();
    }, async ({ url, received }) => {
      await addEndpoint(url, "meter", own);
      await seedStale(own, 1);
      assert.equal((await invoke(own)).status, 503);
      const [{ attempts }] = await pending(own);
      assert.equal(attempts, 1);
      await letPausesPass(own);

      assert.equal((await reap(own)).deliveries?.delivered, 1);

      assert.equal(received.length, 2);
      assert.equal(new Set(received.map(({ id }) => id)).size, 1);
      assert.deepEqual(await pending(own), []);
    });
  } finally {
    await own.stop();
  }
});

Deno.test("C3 a connection that is killed in the middle of a claim loses nothing", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    await addEndpoint(url);
    await project.sql`
      insert into sessions.deliveries (endpoint, data)
      select 'meter', '{"ended_at": "2026-01-01T00:00:00Z"}'
      from generate_series(1, 5)`;
    const victim = postgres(project.databaseUrl, { max: 1 });
    await victim`begin`;
    const claimed = await victim`select * from public.claim_deliveries()`;
    assert.equal(claimed.length, 5);
    const [{ pid }] = await victim`select pg_backend_pid() as pid`;
    await project.superuser`select pg_terminate_backend(${pid})`;
    await until("it is gone", async () => {
      const rows = await project.superuser`
        select from pg_stat_activity where pid = ${pid}`;
      return rows.length === 0;
    });

    assert.equal((await reap(project)).deliveries?.delivered, 5);
    assert.equal(received.length, 5);
    await victim.end({ timeout: 0 });
  });
});

Deno.test("C3 several invocations at once deliver each event once", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    await addEndpoint(url);
    await seedStale(project, 400);
    const runs = await Promise.all([1, 2, 3].map(() => reap(project)));
    assert.equal(
      runs.reduce((sum, run) => sum + (run.deliveries?.delivered ?? 0), 0),
      400,
    );
    assert.equal(received.length, 400);
    assert.equal(new Set(received.map(({ id }) => id)).size, 400);
  });
});

Deno.test("C3 a run delivers a bounded number, and the next one goes on", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    await addEndpoint(url);
    await project.sql`
      insert into sessions.deliveries (endpoint, data)
      select 'meter', '{"ended_at": "2026-01-01T00:00:00Z"}'
      from generate_series(1, 1500)`;
    assert.equal((await reap(project)).deliveries?.delivered, 1000);
    assert.equal((await reap(project)).deliveries?.delivered, 500);
    assert.equal(new Set(received.map(({ id }) => id)).size, 1500);
  });
});

Deno.test("C3 with many endpoints each gets all of its events, once, and no run is longer for it", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    for (const name of many) await addEndpoint(url, name);
    await project.sql`
      insert into sessions.deliveries (endpoint, data)
      select e.name, '{"ended_at": "2026-01-01T00:00:00Z"}'
      from sessions.endpoints e
      cross join generate_series(1, 60)`;
    const first = await reap(project);
    assert(
      first.deliveries && first.deliveries.delivered <= 1000,
      JSON.stringify(first.deliveries),
    );
    assert.equal(first.deliveries?.put_back, 0);
    await reap(project);
    assert.equal(received.length, 1500);
    assert.equal(new Set(received.map(({ id }) => id)).size, 1500);
    assert.deepEqual(await pending(project), []);
  });
});

Deno.test("C3 what has ended is delivered although the reaper fails, and the run fails all the same", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    await addEndpoint(url);
    const { client } = await project.newUser();
    await client.rpc("start_session", { session_id: "mine" });
    await client.rpc("end_session", { session_id: "mine" });
    const reaper = "function public.reap_stale_sessions(integer, boolean)";
    await project.sql.unsafe(`revoke execute on ${reaper} from service_role`);
    try {
      const { status, body } = await invoke(project);
      const { code, deliveries } = body as {
        code: string;
        deliveries: unknown;
      };
      assert.equal(status, 500);
      assert.equal(code, "42501");
      assert.deepEqual(deliveries, {
        delivered: 1,
        failed: 0,
        put_back: 0,
        problems: {},
      });
    } finally {
      await project.sql.unsafe(`grant execute on ${reaper} to service_role`);
    }
    assert.deepEqual(
      received.map((one) => verified(one).data.session_id),
      ["mine"],
    );
  });
});

Deno.test("C3 without its secret an endpoint gets nothing, loses nothing, and the run says why", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    await addEndpoint(url, "no_secret");
    await seedStale(project, 2);
    const { deliveries } = await reap(project);
    assert.deepEqual(deliveries, {
      delivered: 0,
      failed: 0,
      put_back: 2,
      problems: {
        no_secret:
          `INTERVIEW_SESSIONS_WEBHOOK_SECRETS has no secret named "no_secret".`,
      },
    });
    assert.deepEqual(received, []);
    assert.deepEqual(
      (await pending(project)).map(({ attempts }) => attempts),
      [0, 0],
    );
  });
});

Deno.test("C3 a row of the endpoints cannot make the function call into a network", async () => {
  await withReceiver(undefined, async ({ url, received }) => {
    const { port } = new URL(url);
    const urls = [
      `http://localhost:${port}/`,
      `https://localhost:${port}/`,
      `https://10.0.0.1/`,
      `https://172.16.0.1/`,
      `https://192.168.1.1/`,
      `https://169.254.169.254/latest/meta-data`,
      `https://100.64.0.1/`,
      `https://0.0.0.0/`,
      `https://3232235777/`,
      `https://0xa.1/`,
      `https://[::1]:${port}/`,
      `https://[::ffff:10.0.0.1]/`,
      `https://[fd00::1]/`,
      `https://[fe80::1]/`,
      `https://[64:ff9b::a00:1]/`,
    ];
    for (const bad of urls) {
      await addEndpoint(bad);
      await seedStale(project, 1);
      const { deliveries } = await reap(project);
      assert.equal(deliveries?.put_back, 1, bad);
      assert.match(deliveries?.problems.meter, /not public|no address/, bad);
      await project.sql`delete from sessions.endpoints where true`;
    }
    assert.deepEqual(received, []);
  });
});

for (
  const rest of [
    "?key=a-key-of-the-app",
    "/(a)?one=b)&two=a-key-of-the-app",
    "/%5B?key=a-key-of-the-app'\"",
  ]
) {
  Deno.test(`C3 a key in the URL is neither logged nor kept as an error: ${rest}`, async () => {
    const down = startReceiver();
    await down.stop();
    await addEndpoint(down.url + rest);
    await seedStale(project, 1);
    const { deliveries } = await reap(project);
    const [{ last_error }] = await pending(project);
    assert.match(
      last_error ?? "",
      /^The receiver could not be reached: .*refused/,
    );
    assert.doesNotMatch(JSON.stringify(deliveries) + last_error, /a-key/);
    for (const line of project.functionLines.all) {
      assert.doesNotMatch(line, /a-key/);
    }
  });
}

Deno.test("C3 no message of fetch brings the URL into an error", () => {
  const url = "https://EXAMPLE.com:443/hook/(a)?one=b)&key=a-key'";
  const href = new URL(url).href;
  for (
    const [message, why] of [
      [`error sending request for url (${href}): dns error`, "dns error"],
      [
        `error sending request from 10.0.0.1:1 for ${href} (10.0.0.2:443): client error (SendRequest): closed`,
        "client error (SendRequest): closed",
      ],
      [`builder error for url (${href})`, "no answer"],
      [`https://example.com/otherwise?key=a-key`, "no answer"],
      ["the connection was closed", "the connection was closed"],
    ]
  ) {
    const cause = new Error(message);
    assert.equal(whyUnreached(cause, url), why);
    assert.equal(
      whyUnreached(new TypeError("fetch failed", { cause }), url),
      why,
    );
  }
});

Deno.test("C3 private hosts are named as people write them", () => {
  const { privateHosts } = webhookSettingsOf(
    new Map([[
      "INTERVIEW_SESSIONS_PRIVATE_HOSTS",
      " Meter.internal,,fd00:0::1, [FD00::2],10.0.0.5",
    ]]),
  );
  assert.deepEqual(privateHosts, [
    "meter.internal",
    "fd00::1",
    "fd00::2",
    "10.0.0.5",
  ]);
});

Deno.test("C3 without the chapter the function reaps as before", async () => {
  const own = await startProject({ functions: true });
  try {
    await own.sql`drop function public.claim_deliveries(integer, text)`;
    await own.sql`notify pgrst`;
    await seedStale(own, 1);
    const run = await reap(own);
    assert.equal(run.reaped, 1);
    assert.equal("deliveries" in run, false);
  } finally {
    await own.stop();
  }
});
