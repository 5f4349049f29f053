// The wire between a page and the API: counts the bytes that the page sends, can be
// blocked in the middle of a request, and cut.

export interface Wire {
  /** Where pages find the API. */
  url: string;
  /** Bytes that have passed from pages to the API since the last `reset`. */
  sent(): number;
  /**
   * After this many more bytes, nothing passes any more. They may not have reached
   * the API yet when this resolves.
   */
  blockAfter(bytes: number): Promise<void>;
  /** Ends all connections; new ones fail. What the API has not read yet may be lost. */
  cut(): void;
  /** Leads to this API from now on. */
  leadTo(url: string): void;
  /** Ends all connections, and lets new ones pass. */
  reset(): void;
  stop(): void;
}

/** Opens a wire to the API at this URL. */
export function openWire(to: string): Wire {
  const hostname = "127.0.0.1";
  let port = Number(new URL(to).port);
  const listener = Deno.listen({ hostname, port: 0 });
  const connections = new Set<Deno.Conn>();
  let count = 0;
  let limit = Infinity;
  let isFaulty = false;
  let reached = Promise.withResolvers<void>();

  function blockAfter(bytes: number): Promise<void> {
    count = 0;
    limit = bytes;
    reached = Promise.withResolvers();
    return reached.promise;
  }

  function closeAll() {
    for (const connection of connections) close(connection);
    connections.clear();
  }

  function cut() {
    isFaulty = true;
    closeAll();
  }

  function reset() {
    closeAll();
    count = 0;
    limit = Infinity;
    isFaulty = false;
  }

  async function accept() {
    for await (const page of listener) {
      if (isFaulty) close(page);
      else void connect(page);
    }
  }

  async function connect(page: Deno.Conn) {
    const api = await Deno.connect({ hostname, port });
    connections.add(page).add(api);
    const allowed = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, out) {
        if (isFaulty) return;
        const passing = bytes.subarray(0, limit - count);
        out.enqueue(passing);
        count += passing.length;
        if (count < limit) return;
        isFaulty = true;
        reached.resolve();
      },
    });
    await Promise.allSettled([
      page.readable.pipeThrough(allowed).pipeTo(api.writable),
      api.readable.pipeTo(page.writable),
    ]);
    for (const connection of [page, api]) {
      connections.delete(connection);
      close(connection);
    }
  }

  void accept().catch(() => {});
  return {
    url: `http://${hostname}:${(listener.addr as Deno.NetAddr).port}`,
    sent: () => count,
    blockAfter,
    cut,
    leadTo: (url) => port = Number(new URL(url).port),
    reset,
    stop() {
      listener.close();
      closeAll();
    },
  };
}

function close(connection: Deno.Conn) {
  try {
    connection.close();
  } catch {
    // it has ended already
  }
}
