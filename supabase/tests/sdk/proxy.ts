// The network between the SDKs and the API: it loses an answer and answers with a
// gateway's error page, always for the same calls of the story.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A call of a database function. */
export interface Call {
  /** The function. */
  name: string;
  /** Its session_id. */
  id: string;
  /** How many calls had the same name and session_id before. */
  before: number;
}

/** What happens to a call: it is passed on; or its answer is lost; or a gateway
 * answers instead of the API. */
export type Fate = "passed" | "lost" | "error page";

/** A network. */
export interface Network {
  url: string;
  /** The answer that was lost. */
  lostAnswer?: unknown;
  stop(): void;
}

/** Starts a network that leads to this URL. */
export async function startNetwork(
  to: string,
  fateOf: (call: Call) => Promise<Fate> | Fate,
): Promise<Network> {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const fate = await fateOf(callIn(request, body, calls));
    if (fate === "error page") {
      response.writeHead(502, { "content-type": "text/html" });
      response.end("<html><h1>502 Bad Gateway</h1></html>");
      return;
    }
    const answer = await fetch(to + request.url, {
      method: request.method,
      headers: headersOf(request),
      ...(body && { body }),
    });
    const answered = await answer.text();
    if (fate === "lost") {
      network.lostAnswer = JSON.parse(answered);
      request.socket.destroy();
      return;
    }
    const type = answer.headers.get("content-type") ?? "text/plain";
    response.writeHead(answer.status, { "content-type": type });
    response.end(answered);
  });
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  const { port } = server.address() as AddressInfo;
  const network: Network = {
    url: `http://127.0.0.1:${port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
  return network;
}

function callIn(request: IncomingMessage, body: string, calls: string[]): Call {
  const name = /\/rpc\/(\w+)/.exec(request.url ?? "")?.[1] ?? "";
  const id = name === "" ? "" : JSON.parse(body).session_id;
  const key = `${name} ${id}`;
  const before = calls.filter((call) => call === key).length;
  calls.push(key);
  return { name, id, before };
}

/** Without those that concern one connection only. */
function headersOf(request: IncomingMessage): [string, string][] {
  const ofTheConnection = /^(host|connection|content-length|accept-encoding)$/;
  const { headers } = request;
  return Object.entries(headers)
    .filter(([name]) => !ofTheConnection.test(name))
    .map(([name, value]) => [name, String(value)]);
}
