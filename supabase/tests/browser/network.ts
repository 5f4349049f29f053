// The network between a page and its API: it can be cut, and it records what was
// answered.

/** A call that has been answered. */
export interface Call {
  /** As in "POST /rest/v1/rpc/start_session". */
  name: string;
  status: number;
}

/** A network. */
export interface Network {
  /** Where pages find the API. */
  url: string;
  /** What has been answered so far, by the API or in its place. */
  calls: Call[];
  /** Refuses connections. */
  cut(): Promise<void>;
  /** Accepts them again. */
  mend(): void;
  /** Leads to this API from now on. */
  leadTo(url: string): void;
  /** Calls with this in their name fail from now on; without it, none does. */
  fail(part?: string): void;
  /** Calls with this in their name are never answered; without it, all are. */
  hang(part?: string): void;
  /**
   * The API gets `other` wherever a page sends `token`, until it issues `token` anew:
   * tokens of the same second are the same.
   */
  replaceToken(token: string, other: string): void;
  /**
   * Pages are told that a lease is this long, and send a heartbeat every third of
   * it, while the database grants the usual one: a slow machine loses nothing.
   */
  tellLease(seconds: number): void;
  stop(): Promise<void>;
}

/** A network that leads to this API. */
export function startNetwork(to: string): Network {
  const calls: Call[] = [];
  const replaced = new Map<string, string>();
  let failing: string | undefined;
  let hanging: string | undefined;
  let toldLease: number | undefined;
  let port = 0;
  let stopping: AbortController;
  let server: Deno.HttpServer;

  async function answer(request: Request): Promise<Response> {
    const name = `${request.method} ${new URL(request.url).pathname}`;
    const response = await passOn(request, name);
    calls.push({ name, status: response.status });
    return response;
  }

  async function passOn(request: Request, name: string): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const { method } = request;
    // what a gateway answers whose service is down: no page may read it
    if (failing && name.includes(failing)) {
      return new Response("no", { status: 503 });
    }
    if (hanging && name.includes(hanging)) {
      await isAborted(request);
      return new Response("no", { status: 502 });
    }
    const headers = new Headers(request.headers);
    // as a gateway says it: Storage answers with URLs
    headers.set("x-forwarded-host", new URL(request.url).host);
    const token = headers.get("authorization")?.replace(/^Bearer /, "");
    const other = token && replaced.get(token);
    if (other) headers.set("authorization", `Bearer ${other}`);
    const body = await request.bytes();
    try {
      const response = await fetch(to + pathname + search, {
        method,
        headers,
        ...(body.length > 0 && { body }),
      });
      if (response.ok && name === "POST /auth/v1/token") {
        const { access_token } = await response.clone().json();
        replaced.delete(access_token);
      }
      return toldLease && response.ok && name.includes("_session")
        ? await withLease(response, toldLease)
        : response;
    } catch {
      return new Response("no", { status: 502 });
    }
  }

  function mend() {
    stopping = new AbortController();
    server = Deno.serve({
      hostname: "127.0.0.1",
      port,
      signal: stopping.signal,
      onListen: () => {},
    }, answer);
    port = (server.addr as Deno.NetAddr).port;
  }

  async function cut() {
    stopping.abort();
    await server.finished;
  }

  mend();
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    cut,
    mend,
    leadTo: (url) => to = url,
    fail: (part) => failing = part,
    hang: (part) => hanging = part,
    replaceToken: (token, other) => replaced.set(token, other),
    tellLease: (seconds) => toldLease = seconds,
    stop: cut,
  };
}

/** The same answer, with another lease if it is a session. */
async function withLease(
  response: Response,
  seconds: number,
): Promise<Response> {
  const { status, headers } = response;
  const text = await response.text();
  const row = JSON.parse(text || "null");
  if (!row?.expires_at) return new Response(text || null, { status, headers });
  const expires = new Date(Date.parse(row.updated_at) + seconds * 1000);
  const sent = new Headers(headers);
  sent.delete("content-length");
  return Response.json({ ...row, expires_at: expires.toISOString() }, {
    status,
    headers: sent,
  });
}

/** Resolves when the page, or the network, gives up. */
function isAborted({ signal }: Request): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
