// A small server that speaks the protocol of Supabase Realtime (Phoenix channels,
// version 2.0.0), in front of a project's API. It broadcasts what realtime.send()
// writes into realtime.messages, and lets those join whom the policy lets read.
import assert from "node:assert/strict";
import postgres from "postgres";
import type { Project } from "../../../scripts/test/api_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";

/** A message in the form of version 2.0.0. */
type Message = [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: Record<string, unknown>,
];

/** A row of realtime.messages. */
interface Sent {
  topic: string;
  event: string;
  payload: Record<string, unknown>;
  private: boolean;
}

export interface Realtime {
  /** The project's URL, for clients that have Realtime. */
  url: string;
  /** The topics of the channels that are joined now. */
  joined(): string[];
  /** How many joins were refused so far. */
  refused(): number;
  /** How many heartbeats of connections were answered so far. */
  heartbeats(): number;
  /** The calls of the API that were answered so far, by path. */
  calls: string[];
  /** Drops all connections, and refuses new ones until `mend`. */
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
}

const layout = textOf("supabase/tests/database/notification/realtime.psql");

/** What Realtime has in the database, and a trigger in place of its replication. */
export async function addRealtime({ sql }: Project) {
  await sql.unsafe(layout);
  await sql.unsafe(`
    create function realtime.tell() returns trigger language plpgsql as $$
    begin
      perform pg_notify('realtime_messages', to_jsonb(new)::text);
      return null;
    end
    $$;
    create trigger tell after insert on realtime.messages
      for each row execute function realtime.tell();`);
}

export async function startRealtime(project: Project): Promise<Realtime> {
  const listening = postgres(project.databaseUrl, {
    max: 1,
    onnotice: () => {},
  });
  const sockets = new Set<WebSocket>();
  /** The sockets that joined a topic. */
  const channels = new Map<string, Set<WebSocket>>();
  const calls: string[] = [];
  let isCut = false;
  let refused = 0;
  let heartbeats = 0;

  await listening.listen("realtime_messages", (text) => {
    const { topic, event, payload, ...sent } = JSON.parse(text) as Sent;
    assert(sent.private, "every topic here is private");
    for (const socket of channels.get(`realtime:${topic}`) ?? []) {
      send(socket, [null, null, `realtime:${topic}`, "broadcast", {
        type: "broadcast",
        event,
        payload,
      }]);
    }
  });

  async function take(socket: WebSocket, message: Message) {
    const [joinRef, ref, topic, event, payload] = message;
    const reply = (status: "ok" | "error", response = {}) =>
      send(socket, [joinRef, ref, topic, "phx_reply", { status, response }]);
    const channel = channels.get(topic) ?? new Set();
    channels.set(topic, channel);
    switch (event) {
      case "heartbeat":
        heartbeats++;
        return reply("ok");
      case "phx_join":
        if (await mayJoin(project, topic, payload)) {
          channel.add(socket);
          return reply("ok", { postgres_changes: [] });
        }
        refused++;
        return reply("error", { reason: "Unauthorized" });
      case "phx_leave":
        channel.delete(socket);
        reply("ok");
        return send(socket, [joinRef, ref, topic, "phx_close", {}]);
    }
  }

  function connect(request: Request): Response {
    const { searchParams } = new URL(request.url);
    if (isCut) return new Response("no", { status: 503 });
    assert.equal(searchParams.get("vsn"), "2.0.0");
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.add(socket);
    socket.onmessage = ({ data }) => void take(socket, JSON.parse(data));
    socket.onclose = () => {
      sockets.delete(socket);
      for (const channel of channels.values()) channel.delete(socket);
    };
    return response;
  }

  async function passOn(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const response = await fetch(project.url + pathname + search, {
      method: request.method,
      headers: request.headers,
      ...(request.body && { body: await request.bytes() }),
    });
    calls.push(pathname);
    return response;
  }

  function closeAll() {
    for (const socket of sockets) socket.close();
  }

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) =>
      new URL(request.url).pathname === "/realtime/v1/websocket"
        ? connect(request)
        : passOn(request),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    joined: () =>
      [...channels].flatMap(([topic, { size }]) => Array(size).fill(topic)),
    refused: () => refused,
    heartbeats: () => heartbeats,
    calls,
    cut() {
      isCut = true;
      closeAll();
    },
    mend() {
      isCut = false;
    },
    async stop() {
      closeAll();
      await server.shutdown();
      await listening.end();
    },
  };
}

function send(socket: WebSocket, message: Message) {
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify(message));
  }
}

/** As Realtime asks it: may this user read a message of this topic? */
async function mayJoin(
  { sql }: Project,
  topic: string,
  payload: Message[4],
): Promise<boolean> {
  const { private: isPrivate } = payload.config as { private?: boolean };
  const claims = claimsOf(payload.access_token);
  if (!isPrivate || !claims) return false;
  const name = topic.replace(/^realtime:/, "");
  let mayRead = false;
  await sql.begin(async (transaction) => {
    await transaction`
      insert into realtime.messages (topic, extension) values (${name}, 'broadcast')`;
    await transaction`
      select
        set_config('request.jwt.claims', ${claims}, true),
        set_config('realtime.topic', ${name}, true)`;
    await transaction`set local role authenticated`;
    const rows = await transaction`
      select from realtime.messages where topic = ${name}`;
    mayRead = rows.length > 0;
    throw rolledBack;
  }).catch((error) => {
    if (error !== rolledBack) throw error;
  });
  return mayRead;
}

const rolledBack = new Error("rolled back");

/** The claims of a user's token; undefined for a key. */
function claimsOf(token: unknown): string | undefined {
  const payload = String(token).split(".")[1];
  return payload && atob(payload.replace(/-/g, "+").replace(/_/g, "/"));
}
