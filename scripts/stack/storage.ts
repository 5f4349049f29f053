// Stands in for Supabase Storage: resumable uploads (tus) into private buckets.
// As in Storage, the policies of storage.objects decide: before each request that
// writes, the row of the object is inserted as the user and rolled back.
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";
import postgres from "postgres";
import { type Claims, readAccessToken } from "./access_token.ts";

/** What the stand-in is started with. */
export interface StorageOptions {
  /** A connection string of the database, for a role. */
  databaseUrl(role: string): string;
  /** The folder of the files. */
  folder: string;
  /** What user tokens are signed with. */
  jwtSecret: string;
}

/** A Storage that answers. */
export interface Storage {
  /** Answers a request to `/storage/v1/…`. */
  answer(request: Request): Promise<Response>;
  /** Ends its connections. */
  close(): Promise<void>;
}

const path = "/storage/v1/upload/resumable";

/** An upload's URL is good for a day, as in Storage. */
const uploadMayTakeMs = 24 * 3_600_000;

/** No file of a project on the free plan may be larger. */
const sizeLimit = 50 * 1024 * 1024;

/** Gives the database the schema that a hosted project has. */
export async function addStorageSchema(databaseUrl: string) {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const schema = new URL("storage_schema.sql", import.meta.url);
    await sql.unsafe(Deno.readTextFileSync(schema)).simple();
  } finally {
    await sql.end();
  }
}

/** Starts the stand-in. */
export function startStorage(o: StorageOptions): Storage {
  const sql = postgres(o.databaseUrl("authenticator"), {
    max: 5,
    onnotice: () => {},
  });
  const claimsOf = new WeakMap<object, Claims>();

  const server = new Server({
    path,
    datastore: new FileStore({
      directory: o.folder,
      expirationPeriodInMilliseconds: uploadMayTakeMs,
    }),
    namingFunction: (_request, metadata) => nameOf(metadata),
    generateUrl: (_request, { proto, host, id }) =>
      `${proto}://${host}${path}/${Buffer.from(id).toString("base64url")}`,
    getFileIdFromRequest: (_request, last = "") =>
      Buffer.from(last, "base64url").toString(),
    respectForwardedHeaders: true,
    maxSize: async (_request, id) =>
      Math.min(
        (id && (await bucketOf(id))?.file_size_limit) || sizeLimit,
        sizeLimit,
      ),
    async onIncomingRequest(request, id) {
      // whoever knows the URL of an upload may ask how far it is
      if (request.method === "HEAD") return;
      await insertAs(claimsOf.get(request) ?? {}, objectOf(id), rollBack);
    },
    async onUploadCreate(_request, { id, metadata }) {
      const type = metadata?.contentType ?? "";
      const allowed = (await bucketOf(id))?.allowed_mime_types;
      if (allowed && !allowed.includes(type)) {
        throw refusal(415, `mime type ${type} is not supported`);
      }
      return {};
    },
    async onUploadFinish(request, { id, metadata }) {
      await insertAs(claimsOf.get(request) ?? {}, {
        ...objectOf(id),
        user_metadata: sql.json(JSON.parse(metadata?.metadata ?? "null")),
      });
      return {};
    },
  });

  async function bucketOf(id: string): Promise<Bucket | undefined> {
    return await sql.begin(async (tx) => {
      await tx`select set_config('role', 'service_role', true)`;
      const [bucket] = await tx<Bucket[]>`
        select file_size_limit::float8, allowed_mime_types
        from storage.buckets
        where id = ${objectOf(id).bucket_id}`;
      return bucket;
    });
  }

  async function insertAs(claims: Claims, object: object, after = commit) {
    try {
      await sql.begin(async (tx) => {
        await tx`
          select
            set_config('role', ${String(claims.role ?? "anon")}, true),
            set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
        await tx`insert into storage.objects ${
          tx({ owner_id: String(claims.sub), ...object })
        }`;
        after();
      });
    } catch (error) {
      if (error !== rolledBack) throw asStorageSays(error);
    }
  }

  return {
    async answer(request) {
      const { pathname } = new URL(request.url);
      const isKnown = pathname === path || pathname.startsWith(`${path}/`);
      if (!isKnown || !["POST", "HEAD", "PATCH"].includes(request.method)) {
        return storageError(404, "not_found", "Route not found");
      }
      const [, token = ""] =
        /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "") ??
          [];
      const claims = await readAccessToken(token, o.jwtSecret);
      if (claims instanceof Response) {
        const { message } = await claims.json();
        return storageError(403, "Unauthorized", message);
      }
      claimsOf.set(request, claims);
      return await server.handleWeb(request);
    },
    close: () => sql.end(),
  };
}

interface Bucket {
  file_size_limit: number | null;
  allowed_mime_types: string[] | null;
}

/** `<bucket>/<object>/<version>`: a new one for each upload. */
function nameOf(metadata?: Record<string, string | null>): string {
  const { bucketName, objectName } = metadata ?? {};
  if (!bucketName || !objectName) {
    throw refusal(400, "Metadata header is required");
  }
  if (!/^[\w/!.*'() &$@=;:+,?-]+$/.test(objectName)) {
    throw refusal(400, `Invalid key: ${objectName}`);
  }
  return `${bucketName}/${objectName}/${randomUUID()}`;
}

function objectOf(id: string) {
  const [bucket, ...rest] = id.split("/");
  return {
    bucket_id: bucket,
    name: rest.slice(0, -1).join("/"),
    version: rest.at(-1) ?? "",
  };
}

const rolledBack = new Error("rolled back");

function rollBack() {
  throw rolledBack;
}

function commit() {}

function asStorageSays(error: unknown): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  switch (error.code) {
    case "42501":
      return refusal(403, "new row violates row-level security policy");
    case "23505":
      return refusal(409, "The resource already exists");
    case "23503":
      return refusal(404, "Bucket not found");
  }
  return error;
}

/** As @tus/server wants it. */
function refusal(status_code: number, body: string): Error {
  return Object.assign(new Error(body), { status_code, body });
}

/** Outside of tus, Storage answers 400 and gives the status in the body. */
function storageError(status: number, error: string, message: string) {
  return Response.json({ statusCode: String(status), error, message }, {
    status: 400,
  });
}
