// The wire between a page and the API: counts the bytes that the page sends, and can
// be cut or blocked in the middle of a request.

export interface Wire {
  /** Where pages find the API. */
  url: string;
  /** Bytes that have passed from pages to the API since the last `reset`. */
  sent(): number;
  /** After this many more bytes, all connections end and new ones fail. */
  cutAfter(bytes: number): Promise<void>;
  /** After this many more bytes, nothing passes any more. */
  blockAfter(bytes: number): Promise<void>;
  /** Leads to this API from now on. */
  leadTo(url: string): void;
  /** Ends all connections, and lets new ones pass. */
  reset(): void;
  stop(): void;
}

type Fault = "cut" | "block";

/** Opens a wire to the API at this URL. */
export function openWire(to: string): Wire {
  const hostname = "127.0.0.1";
  let port = Number(new URL(to).port);
  const listener = Deno.listen({ hostname, port: 0 });
  const connections = new Set<Deno.Conn>();
  let count = 0;
  let limit = Infinity;
  let fault: Fault | undefined;
  let isFaulty = false;
  let reached = Promise.withResolvers<void>();

  function faultAfter(kind: Fault, bytes: number): Promise<void> {
    count = 0;
    limit = bytes;
    fault = kind;
    reached = Promise.withResolvers();
    return reached.promise;
  }

  function closeAll() {
    for (const connection of connections) close(connection);
    connections.clear();
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
        if (fault === "cut") closeAll();
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
    cutAfter: (bytes) => faultAfter("cut", bytes),
    blockAfter: (bytes) => faultAfter("block", bytes),
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
