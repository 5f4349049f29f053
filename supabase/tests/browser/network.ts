// What is between a page and its API: a network that can be cut, and that knows
// what has gone over it.

/** A call that has been answered. */
export interface Call {
  /** As in "POST /rest/v1/rpc/start_session". */
  name: string;
  status: number;
  /** When, in milliseconds. */
  at: number;
}

/** A network. */
export interface Network {
  /** Where pages find the API. */
  url: string;
  /** What has been answered so far, by the API or in its place. */
  calls: Call[];
  /** Nobody is there any more: connections are refused. */
  cut(): Promise<void>;
  /** The API is there again. */
  mend(): void;
  /** It leads to this API, from now on. */
  leadTo(url: string): void;
  /** Calls with this in their name fail, from now on; without it, none does. */
  fail(part?: string): void;
  stop(): Promise<void>;
}

/** A network that leads to this API. */
export function startNetwork(to: string): Network {
  const calls: Call[] = [];
  let failing: string | undefined;
  let port = 0;
  let stopping: AbortController;
  let server: Deno.HttpServer;

  async function answer(request: Request): Promise<Response> {
    const name = `${request.method} ${new URL(request.url).pathname}`;
    const response = await passOn(request, name);
    calls.push({ name, status: response.status, at: performance.now() });
    return response;
  }

  async function passOn(request: Request, name: string): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    // as a gateway answers whose service is down: no page may read it
    if (failing && name.includes(failing)) {
      return new Response("no", { status: 503 });
    }
    const body = await request.bytes();
    try {
      return await fetch(to + pathname + search, {
        method,
        headers,
        ...(body.length > 0 && { body }),
      });
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
    stop: cut,
  };
}
