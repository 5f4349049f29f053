// What the API knows of the database's tables and functions: read once, and
// again when the database says that it has changed, as PostgREST does. Read as
// the owner of the tables; authenticator, whom requests connect as, sees none.
import type { IntrospectResult } from "@supabase/lite";
import {
  createPostgresConnection,
  type PostgresConnection,
} from "@supabase/lite/postgres";

/** The tables and functions, and the settings of the API roles. */
export interface Schema {
  /** As @supabase/lite wants them. */
  objects: IntrospectResult;
  /** `alter role … set …`, by role: PostgREST applies them to each request. */
  roleSettings: Map<string, [name: string, value: string][]>;
}

/** A cache that follows `notify pgrst`. */
export interface SchemaCache {
  /** The schema as of the last notification. Throws if it cannot be read. */
  read(): Promise<Schema>;
  /** Ends its connections. */
  close(): Promise<void>;
}

/** Starts to listen for changes; the schema is read when first asked for. */
export async function openSchemaCache(ownerUrl: string): Promise<SchemaCache> {
  const connection = createPostgresConnection({
    url: ownerUrl,
    postgresOptions: {
      max: 1,
      connect_timeout: 5,
      backoff: () => 0.1,
      onnotice: () => {},
      connection: { application_name: "schema cache" },
    },
  });
  let known: Promise<Schema> | undefined;
  const forget = () => known = undefined;

  const read = async (): Promise<Schema> => {
    const sql = connection.driver;
    const roles = await sql<{ role: string; settings: string[] }[]>`
      select rolname as role, rolconfig as settings
      from pg_roles
      where rolconfig is not null
      and rolname in ('anon', 'authenticated', 'service_role')`;
    const objects = await connection.introspect();
    // it reports a failure on the console, and returns an empty schema
    if (!objects.functions) throw new Error("The schema could not be read.");
    const roleSettings = new Map(
      roles.map(({ role, settings }) => [role, settings.map(splitSetting)]),
    );
    return { objects, roleSettings };
  };

  // after a lost connection, too, it may have changed
  await connection.driver.listen("pgrst", forget, forget);
  return {
    read() {
      if (!known) {
        const reading = read();
        known = reading;
        reading.catch(() => {
          if (known === reading) forget();
        });
      }
      return known;
    },
    close: () => endConnections(connection),
  };
}

/** The driver waits for ever for a connection that the server has cut. */
export async function endConnections({ driver }: PostgresConnection) {
  await driver.end({ timeout: 1 });
}

function splitSetting(setting: string): [string, string] {
  const at = setting.indexOf("=");
  return [setting.slice(0, at), setting.slice(at + 1)];
}
