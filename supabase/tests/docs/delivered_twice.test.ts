// The receivers of docs/deliveries.md when one event comes twice, because their answer
// was lost after they had handled it: the real Edge Function, the real receivers, and a
// proxy between them that loses the answer.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { SessionEnded } from "../../../client/webhook.ts";
import { keys } from "../../../scripts/test/api_fixture.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";
import { clear, projectOfThisFile, reap, seedStale } from "../edge/support.ts";
import { webhookModule } from "./webhook_recipes.ts";

const secret = `whsec_${btoa("a secret of the endpoint meter..")}`;

const project = projectOfThisFile({
  functions: true,
  functionsEnv: {
    INTERVIEW_SESSIONS_WEBHOOK_SECRETS: JSON.stringify({ meter: secret }),
    INTERVIEW_SESSIONS_PRIVATE_HOSTS: "127.0.0.1",
  },
});

type Release = (event: SessionEnded) => Promise<void>;

/** Listens while the work is done; its URL. */
async function listening(server: Server, work: (url: string) => Promise<void>) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await work(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

/** The receivers of the page: the handler, as a server, of both. */
const receivers: Record<string, (release: Release) => Promise<Server>> = {
  "in Deno": async (release) => {
    const { default: receiver } = await webhookModule<
      { default: { fetch(request: Request): Promise<Response> } }
    >("receiver.ts", release);
    return createServer(async (request, response) => {
      const { status } = await receiver.fetch(await requestOf(request));
      response.writeHead(status).end();
    });
  },
  "in Node": async (release) =>
    (await webhookModule<{ server: Server }>("receiver_node.ts", release))
      .server,
};

async function requestOf(request: IncomingMessage): Promise<Request> {
  return new Request(`http://receiver.example${request.url}`, {
    method: request.method,
    headers: request.headers as Record<string, string>,
    body: await buffer(request),
  });
}

/** Passes requests on, and loses the answers until told otherwise: the connection is cut instead. */
function losingAnswers(to: string) {
  const ids: string[] = [];
  const state = { isLosing: true };
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const { method, headers } = request;
    const id = String(headers["webhook-id"]);
    const answer = await fetch(to, {
      method,
      headers: headers as Record<string, string>,
      body: await buffer(request),
    });
    await answer.body?.cancel();
    ids.push(id);
    assert.equal(answer.status, 204, "the receiver has handled it");
    if (state.isLosing) request.socket.destroy();
    else response.writeHead(answer.status).end();
  };
  return { proxy: createServer(pass), ids, state };
}

/**
 * Ends a session, and delivers its event until it is confirmed: in two attempts, and
 * more than two requests if Deno's fetch() repeats one whose connection was cut.
 */
async function deliverTwice(
  server: Server,
): Promise<{ id: string; times: number }> {
  await clear(project);
  await project.sql`delete from sessions.endpoints where true`;
  let delivered = { id: "", times: 0 };
  await listening(server, async (receiver) => {
    const { proxy, ids, state } = losingAnswers(receiver);
    await listening(proxy, async (url) => {
      await project.sql`
        insert into sessions.endpoints (name, url) values ('meter', ${url})`;
      await seedStale(project, 1);

      assert.equal((await reap(project)).deliveries?.failed, 1);
      state.isLosing = false;
      // as if the pause until the next attempt were over
      await project.sql`
        update sessions.deliveries set due_at = clock_timestamp() where true`;
      assert.equal((await reap(project)).deliveries?.delivered, 1);

      assert(ids.length >= 2, `${ids.length}`);
      assert.equal(new Set(ids).size, 1, "under the same id");
      delivered = { id: ids[0]!, times: ids.length };
    });
  });
  return delivered;
}

Deno.env.set("WEBHOOK_SECRET", secret);

for (const [where, receiver] of Object.entries(receivers)) {
  Deno.test(`C3 one event, delivered twice because the answer was lost, to a receiver ${where}: the meter that takes its id as idempotency key stops once`, async () => {
    // as services with idempotency keys do: what has one that is known does nothing
    const stops = new Map<string, unknown>();
    let requests = 0;
    const meter = createServer(async (request, response) => {
      requests++;
      const key = String(request.headers["idempotency-key"]);
      const body = JSON.parse(String(await buffer(request)));
      if (!stops.has(key)) stops.set(key, body);
      response.end();
    });
    await listening(meter, async (url) => {
      Deno.env.set("METER_URL", url);
      const { release } = await webhookModule<{ release: Release }>("meter.ts");

      const { id, times } = await deliverTwice(await receiver(release));

      assert.equal(requests, times, "without the key it would stop each time");
      assert.deepEqual([...stops.keys()], [id]);
    });
  });

  Deno.test(`C3 so does a row that has the id as its key, to a receiver ${where}: it is written once`, async () => {
    await project.sql.unsafe(
      `drop table if exists public.charges; ${
        recipesOf("docs/deliveries.md")("once.sql")
      } notify pgrst;`,
    ).simple();
    Deno.env.set("SUPABASE_URL", project.url);
    Deno.env.set("SUPABASE_SECRET_KEY", keys.secret.default);
    const { release } = await webhookModule<{ release: Release }>("once.ts");
    let released = 0;

    const { id, times } = await deliverTwice(
      await receiver(async (event) => {
        await release(event);
        released++;
      }),
    );

    assert.equal(released, times, "without the key there would be more rows");
    const charges = await project.sql`
      select c.webhook_id, h.session_id
      from public.charges c
      join public.interview_session_history h using (user_id, session_id)`;
    assert.deepEqual(charges.map(({ webhook_id }) => webhook_id), [id]);
  });
}
