// The whole local stack in one process tree: Postgres, the migrations, REST and
// Auth, the Edge Functions, the schedule, and somebody who watches.
import * as fs from "node:fs";
import * as path from "node:path";
import { startApi } from "./api.ts";
import { bootstrapCluster, bootstrapDatabase } from "./bootstrap.ts";
import type { StackEvent } from "./events.ts";
import { serveFunctions } from "./functions.ts";
import { type ApiKeys, localJwtSecret, localKeys } from "./keys.ts";
import { pushMigrations } from "./migrations.ts";
import { repositoryRoot } from "./paths.ts";
import { requireFreePort } from "./ports.ts";
import { startPostgres } from "./postgres.ts";
import { announceStack, withdrawStack } from "./running_stack.ts";
import { startSchedule } from "./schedule.ts";
import {
  type SessionTimes,
  setSessionTimes,
  type TimesInForce,
} from "./session_times.ts";
import { watchSessions } from "./watch.ts";

/** What a stack is started with. */
export interface StackOptions {
  /** Where it keeps its data and logs. */
  folder: string;
  /** The API's TCP port on 127.0.0.1. */
  apiPort: number;
  /** Postgres' TCP port on 127.0.0.1. */
  dbPort: number;
  /** Milliseconds between two calls of the reaper; null: nobody calls it. */
  reapEveryMs: number | null;
  /** Must the data survive a power cut? */
  durable: boolean;
  /** Times to change in sessions.settings. */
  times?: SessionTimes;
  /** Told of what happens. */
  onEvent?(event: StackEvent): void;
}

/** A stack that runs. */
export interface Stack {
  /** The API, as supabase-js wants it. */
  apiUrl: string;
  /** The database, as `postgres`. */
  dbUrl: string;
  /** The API keys. */
  keys: ApiKeys;
  /** The times in force. */
  times: TimesInForce;
  /** Resolves if Postgres ends by itself; the stack is to be stopped then. */
  broken: Promise<void>;
  /** Stops all of it, in order. */
  stop(): Promise<void>;
}

/** Starts the stack; what had been started is stopped again if it fails. */
export async function startStack(o: StackOptions): Promise<Stack> {
  const folder = path.resolve(o.folder);
  const cleanUp: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let step = cleanUp.pop(); step; step = cleanUp.pop()) await step();
  };
  try {
    return { ...await start({ ...o, folder }, cleanUp), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  o: StackOptions,
  cleanUp: (() => Promise<void>)[],
): Promise<Omit<Stack, "stop">> {
  const onEvent = o.onEvent ?? (() => {});
  const server = await startPostgres({
    major: 17,
    dataDir: path.join(o.folder, "postgres"),
    port: o.dbPort,
    durable: o.durable,
    logFile: path.join(o.folder, "postgres.log"),
  });
  cleanUp.push(() => server.stop());
  // before the work that takes time, not after it
  requireFreePort(o.apiPort, "the API", "--api-port");
  await bootstrapCluster(server);
  await bootstrapDatabase(server, "postgres");
  await pushMigrations(server.url());
  const times = await setSessionTimes(server.url(), {
    ...o.times,
    ...(o.reapEveryMs !== null && { reapEvery: o.reapEveryMs }),
  });

  const apiUrl = `http://127.0.0.1:${o.apiPort}`;
  const functions = serveFunctions({
    folder: path.join(repositoryRoot, "supabase", "functions"),
    env: {
      SUPABASE_URL: apiUrl,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({
        default: localKeys.publishable,
      }),
      SUPABASE_SECRET_KEYS: JSON.stringify(localKeys.secret),
    },
    onLine: logTo(path.join(o.folder, "functions.log")),
  });
  cleanUp.push(() => functions.stop());

  const watch = await watchSessions({ databaseUrl: server.url(), onEvent });
  cleanUp.push(() => watch.stop());

  const api = await startApi({
    databaseUrl: (role) => server.url("postgres", role),
    port: o.apiPort,
    keys: localKeys,
    jwtSecret: localJwtSecret,
    functions: functions.answer,
    onRefusal: (refusal) => watch.tell({ kind: "refused", ...refusal }),
  });
  cleanUp.push(() => api.stop());

  if (o.reapEveryMs !== null) {
    const schedule = startSchedule({
      url: `${apiUrl}/functions/v1/reap-stale-sessions`,
      key: localKeys.secret.cron,
      everyMs: o.reapEveryMs,
      onFailure: (message) => watch.tell({ kind: "trouble", message }),
    });
    cleanUp.push(() => schedule.stop());
  }

  const dbUrl = server.url();
  await announceStack(o.folder, { apiUrl, dbUrl, pid: Deno.pid });
  cleanUp.push(() => withdrawStack(o.folder));
  return {
    apiUrl,
    dbUrl,
    keys: localKeys,
    times,
    broken: server.exited.then(() => {}),
  };
}

/** What the functions print; the platform keeps it in its logs, too. */
function logTo(file: string): (name: string, line: string) => void {
  return (name, line) => {
    const at = new Date().toISOString();
    fs.appendFileSync(file, `${at} ${name} ${line}\n`);
  };
}
