// The whole local stack in one process tree: Postgres, the migrations, REST and
// Auth, the Edge Functions, the schedule, the example app, and somebody who
// watches.
import * as fs from "node:fs";
import * as path from "node:path";
import postgres from "postgres";
import { makeAdministrator } from "./administrator.ts";
import { startApi } from "./api.ts";
import { type AppFiles, appSource, buildApp, serveApp } from "./app.ts";
import { bootstrapCluster, bootstrapDatabase } from "./bootstrap.ts";
import type { StackEvent } from "./events.ts";
import { ownEnvironment, serveFunctions } from "./functions.ts";
import { type ApiKeys, localJwtSecret, localKeys } from "./keys.ts";
import { pushMigrations } from "./migrations.ts";
import { requireOwnFolder } from "./own_folder.ts";
import { repositoryRoot } from "./paths.ts";
import { requireFreePort } from "./ports.ts";
import { startPostgres } from "./postgres.ts";
import { StackProblem } from "./problem.ts";
import { announceStack, withdrawStack } from "./running_stack.ts";
import { startSchedule } from "./schedule.ts";
import {
  type SessionTimes,
  setSessionTimes,
  type TimesInForce,
} from "./session_times.ts";
import { addStorageSchema, startStorage } from "./storage.ts";
import { watchSessions } from "./watch.ts";

/** What a stack is started with. */
export interface StackOptions {
  /** Where it keeps its data and logs. */
  folder: string;
  /** The API's TCP port on 127.0.0.1. */
  apiPort: number;
  /** Postgres' TCP port on 127.0.0.1. */
  dbPort: number;
  /** The example app's TCP port on 127.0.0.1; null: no app. */
  appPort: number | null;
  /** The app's sources, if not those in `examples`. */
  appSource?: string;
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
  /** Where the example app is, or why it is not; null if none was asked for. */
  app: { url: string } | { problem: string } | null;
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
  requireOwnFolder(o.folder);
  // takes as long as all of the rest, and needs none of it
  const building = o.appPort === null ? null : tryToBuild(o.appSource);
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
  if (o.appPort !== null) requireFreePort(o.appPort, "the app", "--app-port");
  await bootstrapCluster(server);
  await bootstrapDatabase(server, "postgres");
  await pushMigrations(server.url());
  if (o.appPort !== null) await applyAppSchema(server.url());
  const times = await setSessionTimes(server.url(), {
    ...o.times,
    ...(o.reapEveryMs !== null && { reapEvery: o.reapEveryMs }),
  });

  const apiUrl = `http://127.0.0.1:${o.apiPort}`;
  const folderOfFunctions = path.join(repositoryRoot, "supabase", "functions");
  const functions = serveFunctions({
    folder: folderOfFunctions,
    env: {
      ...ownEnvironment(folderOfFunctions),
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

  const storage = o.appPort === null ? undefined : startStorage({
    databaseUrl: (role) => server.url("postgres", role),
    folder: path.join(o.folder, "storage"),
    jwtSecret: localJwtSecret,
  });
  cleanUp.push(async () => await storage?.close());

  const api = await startApi({
    databaseUrl: (role) => server.url("postgres", role),
    port: o.apiPort,
    keys: localKeys,
    jwtSecret: localJwtSecret,
    functions: functions.answer,
    ...(storage && { storage: storage.answer }),
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

  let app: Stack["app"] = null;
  if (o.appPort !== null) {
    await makeAdministrator(server.url(), api);
    const built = await building;
    if (built instanceof Map) {
      const config = { apiUrl, publishableKey: localKeys.publishable };
      const served = serveApp({ port: o.appPort, files: built, config });
      cleanUp.push(() => served.stop());
      app = { url: served.url };
    } else if (built) app = { problem: built.message };
  }

  const dbUrl = server.url();
  await announceStack(o.folder, { apiUrl, dbUrl, pid: Deno.pid });
  cleanUp.push(() => withdrawStack(o.folder));
  return {
    apiUrl,
    dbUrl,
    app,
    keys: localKeys,
    times,
    broken: server.exited.then(() => {}),
  };
}

/** The stack is of use without the app. */
async function tryToBuild(source?: string): Promise<AppFiles | StackProblem> {
  try {
    return await buildApp({ source });
  } catch (error) {
    if (error instanceof StackProblem) return error;
    return new StackProblem(`${error}`, { cause: error });
  }
}

async function applyAppSchema(databaseUrl: string) {
  await addStorageSchema(databaseUrl);
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    for (const file of ["schema.sql", "storage.sql"]) {
      const script = fs.readFileSync(path.join(appSource, file), "utf8");
      await sql.unsafe(script).simple();
    }
  } finally {
    await sql.end();
  }
}

/** What the functions print; the platform keeps it in its logs, too. */
function logTo(file: string): (name: string, line: string) => void {
  return (name, line) => {
    const at = new Date().toISOString();
    fs.appendFileSync(file, `${at} ${name} ${line}\n`);
  };
}
