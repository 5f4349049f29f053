// A wire between a client and Postgres that can be cut at a COMMIT: before the
// server has heard of it, or after it has carried it out.

/** Where the next COMMIT is caught. */
export type Cut = "before the server hears it" | "after the server has done it";

/** A wire, until it is taken away. */
export interface Wire {
  /** The address of the server through it. */
  through(url: string): string;
  /**
   * Cuts the connection that next sends a COMMIT. `then` is called at that
   * moment, with both ends still there.
   */
  cutAtCommit(where: Cut, then?: () => Promise<unknown>): Promise<void>;
  remove(): Promise<void>;
}

/** Lays one to the server on this port. */
export function layWire(port: number): Wire {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ends = new Set<Deno.Conn>();
  let trap: { where: Cut; spring(): Promise<void> } | undefined;

  const connect = async (client: Deno.Conn) => {
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    let mute = false;
    let answered: () => void = () => {};
    const cut = () => {
      for (const end of [client, server]) close(end);
    };
    for (const end of [client, server]) ends.add(end);
    const upstream = async () => {
      for await (const bytes of chunksOf(client)) {
        const sprung = isCommit(bytes) ? trap : undefined;
        if (!sprung) {
          await sendAll(server, bytes);
          continue;
        }
        trap = undefined;
        if (sprung.where === "after the server has done it") {
          mute = true;
          const done = new Promise<void>((resolve) => answered = resolve);
          await sendAll(server, bytes);
          await done;
        }
        await sprung.spring();
        cut();
        return;
      }
      cut();
    };
    const downstream = async () => {
      for await (const bytes of chunksOf(server)) {
        if (mute) answered();
        else await sendAll(client, bytes);
      }
      cut();
    };
    await Promise.all([upstream(), downstream()]);
  };
  const close = (end: Deno.Conn) => {
    if (!ends.delete(end)) return;
    try {
      end.close();
    } catch {
      // it was closed from the other side
    }
  };
  const connections: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const client of listener) {
      connections.push(connect(client).catch(() => {}));
    }
  })();

  return {
    through(url) {
      const through = new URL(url);
      through.port = String((listener.addr as Deno.NetAddr).port);
      return through.href;
    },
    cutAtCommit(where, then = () => Promise.resolve()) {
      return new Promise((resolve, reject) => {
        trap = {
          where,
          spring: () => then().then(() => resolve(), reject),
        };
      });
    },
    async remove() {
      listener.close();
      for (const end of [...ends]) close(end);
      await accepting;
      await Promise.all(connections);
    },
  };
}

/** A client waits for each answer: a statement is a chunk of its own. */
function isCommit(bytes: Uint8Array): boolean {
  return /\bcommit\b/i.test(new TextDecoder("latin1").decode(bytes));
}

async function* chunksOf(from: Deno.Conn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(65536);
  try {
    for (;;) {
      const length = await from.read(buffer);
      if (length === null) return;
      yield buffer.slice(0, length);
    }
  } catch {
    // it was cut
  }
}

async function sendAll(to: Deno.Conn, bytes: Uint8Array) {
  try {
    for (let sent = 0; sent < bytes.length;) {
      sent += await to.write(bytes.subarray(sent));
    }
  } catch {
    // it was cut, which the other direction notices, too
  }
}
