// The databases of a test run: one server for each version of Postgres, templates
// made once, and copies of them on demand.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import postgres from "postgres";
import {
  bootstrapCluster,
  bootstrapDatabase,
  cloneDatabase,
  type DefaultPrivileges,
  dropDatabase,
} from "../stack/bootstrap.ts";
import { pushMigrations } from "../stack/migrations.ts";
import { freePort } from "../stack/ports.ts";
import {
  type PostgresMajor,
  type PostgresServer,
  startPostgres,
} from "../stack/postgres.ts";

/** What a database contains. */
export interface Template {
  /** Which Postgres it is in. */
  major: PostgresMajor;
  /** Are the migrations applied? */
  migrated: boolean;
  /** What the project grants by default. */
  defaultPrivileges: DefaultPrivileges;
}

/** The Postgres version of a new hosted project. */
export const usualMajor = 17;

/** A hosted project with the migrations applied. */
export const migrated: Template = {
  major: usualMajor,
  migrated: true,
  defaultPrivileges: "granted",
};

/** A hosted project before its first migration. */
export const bare: Template = { ...migrated, migrated: false };

/** The name of the template database. */
export function databaseName(template: Template): string {
  return (template.migrated ? "migrated" : "bare") +
    (template.defaultPrivileges === "revoked" ? "_nothing_granted" : "");
}

/** A copy of a template. */
export interface Database {
  /** Its name. */
  name: string;
  /** A connection string; the role is `postgres` unless given. */
  url(role?: string): string;
  /** Runs `work` with one connection. */
  connected<T>(
    work: (sql: postgres.Sql) => Promise<T>,
    role?: string,
  ): Promise<T>;
}

/** The servers of a run. */
export interface Databases {
  /** Makes templates, before any of them is copied: Postgres cannot copy a
   * database that has connections. */
  prepare(templates: Template[]): Promise<void>;
  /** Copies a template, and drops the copy after `work`. */
  withCopy<T>(
    template: Template,
    work: (database: Database) => Promise<T>,
  ): Promise<T>;
  /** A superuser's connection string. */
  adminUrl(major: PostgresMajor): string;
  /** Stops the servers. */
  stop(): Promise<void>;
}

/** The superuser of every server. */
const superuser = "supabase_admin";

/** Servers that keep their data in `folder`, started as they are needed. */
export function databasesIn(folder: string): Databases {
  const servers = new Map<PostgresMajor, PostgresServer>();
  const made = new Set<string>();

  const serverOf = (major: PostgresMajor) => {
    const server = servers.get(major);
    if (!server) throw new Error(`Postgres ${major} has not been started`);
    return server;
  };
  const start = async (major: PostgresMajor) => {
    if (servers.has(major)) return;
    const server = await startPostgres({
      major,
      dataDir: join(folder, `postgres-${major}`),
      port: freePort(),
      durable: false,
      logFile: join(folder, `postgres-${major}.log`),
    });
    servers.set(major, server);
    await bootstrapCluster(server);
  };
  const make = async (template: Template) => {
    const name = databaseName(template);
    const key = `${template.major} ${name}`;
    if (made.has(key)) return;
    const server = serverOf(template.major);
    if (template.migrated) {
      const before = { ...template, migrated: false };
      await make(before);
      await cloneDatabase(server, databaseName(before), name);
      await pushMigrations(server.url(name));
    } else {
      const { defaultPrivileges } = template;
      await bootstrapDatabase(server, name, { defaultPrivileges });
    }
    made.add(key);
  };

  return {
    async prepare(templates) {
      const byMajor = Map.groupBy(templates, ({ major }) => major);
      const results = await Promise.allSettled(
        [...byMajor].map(async ([major, templates]) => {
          await start(major);
          for (const template of templates) await make(template);
        }),
      );
      const failed = results.find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    },
    async withCopy(template, work) {
      const server = serverOf(template.major);
      const name = `copy_${randomUUID()}`;
      await cloneDatabase(server, databaseName(template), name);
      const url = (role?: string) => server.url(name, role);
      try {
        return await work({
          name,
          url,
          connected: (work, role) => connected(url(role), work),
        });
      } finally {
        await dropDatabase(server, name);
      }
    },
    adminUrl: (major) => serverOf(major).url("postgres", superuser),
    async stop() {
      await Promise.all([...servers.values()].map((server) => server.stop()));
    },
  };
}

/** Runs `work` with one connection, which is closed afterwards. */
export async function connected<T>(
  url: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}
