// Databases for a test file: copies of the templates that `npm test` has made, and
// new projects.
import { randomUUID } from "node:crypto";
import process from "node:process";
import {
  bootstrapDatabase,
  cloneDatabase,
  type DefaultPrivileges,
  dropDatabase,
} from "../stack/bootstrap.ts";
import type { PostgresServer } from "../stack/postgres.ts";
import { connected, type Database } from "./databases.ts";
import { filesBelow, textOf } from "./files.ts";

/** The database to copy: one of the runner's templates, or any by its name. */
export type Source = "migrated" | "bare" | { name: string };

/** A database that exists until it is dropped. */
export interface LastingDatabase extends Database {
  drop(): Promise<void>;
}

/** Copies a database, which must have no connections. */
export async function makeCopyOf(source: Source): Promise<LastingDatabase> {
  return await makeDatabase(async (name) => {
    for (const server of [...otherNodes(), theServer]) {
      await cloneDatabase(server, nameOf(source), name);
    }
  });
}

/** Copies a database, which must have no connections, for `work` alone. */
export async function withCopyOf<T>(
  source: Source,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  return await droppedAfter(await makeCopyOf(source), work);
}

/** A hosted project before its first migration. */
export async function makeNewProject(
  defaultPrivileges: DefaultPrivileges,
): Promise<LastingDatabase> {
  return await makeDatabase(async (name) => {
    // not a copy of template1: another test may be connected to that
    await connected(
      databaseUrl("postgres", "supabase_admin"),
      (sql) => sql`create database ${sql(name)} template template0`,
    );
    await bootstrapDatabase(theServer, name, { defaultPrivileges });
  });
}

/** A hosted project before its first migration, for `work` alone. */
export async function withNewProject<T>(
  defaultPrivileges: DefaultPrivileges,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  return await droppedAfter(await makeNewProject(defaultPrivileges), work);
}

/** Applies the migrations as in the SQL editor: each file in one transaction. */
export async function pasteMigrations(database: Database) {
  await database.connected(async (sql) => {
    for (const file of migrationFiles()) {
      await sql.begin((transaction) =>
        transaction.unsafe(textOf(file)).simple()
      );
    }
  });
}

/** The migrations in order. */
export function migrationFiles(): string[] {
  return filesBelow("supabase/migrations", ".sql");
}

/** Rows as plain values, to compare and print. */
export async function plainly(
  rows: PromiseLike<unknown>,
): Promise<Record<string, unknown>[]> {
  return JSON.parse(JSON.stringify(await rows));
}

async function makeDatabase(
  make: (name: string) => Promise<void>,
): Promise<LastingDatabase> {
  const name = `test_${randomUUID()}`;
  await make(name);
  const url = (role?: string) => databaseUrl(name, role);
  return {
    name,
    url,
    connected: (work, role) => connected(url(role), work),
    async drop() {
      for (const server of [theServer, ...otherNodes()]) {
        await dropDatabase(server, name);
      }
    },
  };
}

async function droppedAfter<T>(
  database: LastingDatabase,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  try {
    return await work(database);
  } finally {
    await database.drop();
  }
}

function nameOf(source: Source): string {
  if (typeof source === "object") return source.name;
  return fromRunner(
    source === "migrated" ? "TEST_TEMPLATE" : "TEST_BARE_TEMPLATE",
  );
}

/** The runner's server; only its address is used here. */
const theServer = { url: databaseUrl } as PostgresServer;

/** The other nodes, if the runner's server is one of a cluster: a database of the
 * cluster is a database of its name on each. */
export function otherNodes(): PostgresServer[] {
  const urls = process.env.TEST_OTHER_NODES?.split(" ") ?? [];
  return urls.map((admin) => ({
    url: (database, role) => urlAt(admin, database, role),
  } as PostgresServer));
}

/** Is the runner's server one of a cluster? */
export function isCluster(): boolean {
  return otherNodes().length > 0;
}

function databaseUrl(database?: string, role?: string): string {
  return urlAt(fromRunner("TEST_DATABASE_ADMIN_URL"), database, role);
}

function urlAt(admin: string, database = "postgres", role = "postgres") {
  const url = new URL(admin);
  url.username = role;
  url.pathname = encodeURIComponent(database);
  return url.href;
}

function fromRunner(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set: run these tests with "npm test".`);
}
