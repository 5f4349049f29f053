// The API and the Edge Function on a database that something is going to happen
// to.
import { join } from "node:path";
import { type Api, startApi } from "../../../scripts/stack/api.ts";
import {
  type Functions,
  serveFunctions,
} from "../../../scripts/stack/functions.ts";
import { localJwtSecret, localKeys } from "../../../scripts/stack/keys.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { liftedLimits } from "../timeouts.ts";

const functionName = "reap-stale-sessions";

/** They, until they are stopped. */
export interface Project {
  api: Api;
  functions: Functions;
  /** Calls the Edge Function as the schedule does. */
  invoke(): Promise<Response>;
  stop(): Promise<void>;
}

/** Starts them; the function's process starts when it is first called. */
export async function startProjectOn(
  databaseUrl: (role: string) => string,
  o: {
    onLine?(line: string): void;
    /** Stands between the function and the API. */
    between?(pass: () => Promise<Response>): Promise<Response>;
  } = {},
): Promise<Project> {
  const api = await startApi({
    databaseUrl,
    port: 0,
    keys: localKeys,
    jwtSecret: localJwtSecret,
    requestSettings: liftedLimits,
  });
  const network = o.between && startNetwork(api.url, o.between);
  const functions = serveFunctions({
    folder: join(repositoryRoot, "supabase", "functions"),
    env: {
      SUPABASE_URL: network?.url ?? api.url,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({
        default: localKeys.publishable,
      }),
      SUPABASE_SECRET_KEYS: JSON.stringify(localKeys.secret),
    },
    onLine: (_name, line) => o.onLine?.(line),
  });
  return {
    api,
    functions,
    invoke: () =>
      functions.answer(
        new Request(`${api.url}/functions/v1/${functionName}`, {
          method: "POST",
          headers: { apikey: localKeys.secret.default },
        }),
        functionName,
      ),
    async stop() {
      await functions.stop();
      await network?.stop();
      await api.stop();
    },
  };
}

function startNetwork(
  to: string,
  between: (pass: () => Promise<Response>) => Promise<Response>,
): { url: string; stop(): Promise<void> } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      const body = await request.text();
      return await between(() =>
        fetch(to + pathname + search, { method, headers, body })
      );
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: () => server.shutdown(),
  };
}
