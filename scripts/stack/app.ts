// The example app, examples/interview-room: built when its sources have changed
// and served as files. What differs from stack to stack is in its config.json,
// so that one build serves them all.
import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { nodeModules, repositoryRoot } from "./paths.ts";
import { requireFreePort } from "./ports.ts";
import { StackProblem } from "./problem.ts";

/** Where the app's sources are. */
export const appSource = path.join(repositoryRoot, "examples/interview-room");

/** The client's sources, which the app imports as the package. */
const clientSource = path.join(repositoryRoot, "client");

/** Where builds are kept, each in a folder named after what it was made of. */
export const appBuilds = path.join(repositoryRoot, ".stack", "app");

/** What the app's pages ask for before anything else. */
export interface AppConfig {
  /** The API, as supabase-js wants it. */
  apiUrl: string;
  /** What opens it. */
  publishableKey: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * A build: its files by their path in the URL; with ".br" and ".gz" after it,
 * the same file compressed.
 */
export type AppFiles = Map<string, Bytes>;

/** Builds the app, unless these very sources have been built before. */
export async function buildApp(
  o: { source?: string; builds?: string } = {},
): Promise<AppFiles> {
  const source = o.source ?? appSource;
  const builds = o.builds ?? appBuilds;
  const build = path.join(builds, hashOf(source));
  if (!fs.existsSync(build)) await runVite(source, builds, build);
  return filesIn(build);
}

/** Serves a build. */
export function serveApp(
  o: { port: number; files: AppFiles; config: AppConfig },
): { url: string; stop(): Promise<void> } {
  requireFreePort(o.port, "the app", "--app-port");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: o.port, onListen: () => {} },
    (request) => answer(request, o.files, o.config),
  );
  return {
    url: `http://127.0.0.1:${o.port}`,
    stop: () => server.shutdown(),
  };
}

function answer(
  request: Request,
  files: AppFiles,
  config: AppConfig,
): Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const { pathname } = new URL(request.url);
  const headers = new Headers({
    "x-content-type-options": "nosniff",
    // "no-store" would keep a page out of the browser's back/forward cache
    "cache-control": pathname.startsWith("/assets/")
      ? "public, max-age=31536000, immutable"
      : "no-cache",
  });
  if (pathname === "/config.json") return Response.json(config, { headers });
  const extension = path.posix.extname(pathname);
  const name = extension ? pathname : "/index.html";
  const encoding = encodingFor(request, files, name);
  const file = files.get(encoding ? name + encodings[encoding] : name);
  if (!file) return new Response("There is no such file.", { status: 404 });
  headers.set(
    "content-type",
    contentTypes[extension || ".html"] ?? "application/octet-stream",
  );
  headers.set("vary", "accept-encoding");
  if (encoding) headers.set("content-encoding", encoding);
  if (!extension) headers.set("content-security-policy", policyFor(config));
  return new Response(file, { headers });
}

const contentTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** By their names in HTTP, the best first: the ends of the files' names. */
const encodings = { br: ".br", gzip: ".gz" } as const;

type Encoding = keyof typeof encodings;

function encodingFor(
  request: Request,
  files: AppFiles,
  name: string,
): Encoding | undefined {
  const accepted = (request.headers.get("accept-encoding") ?? "")
    .split(",").map((one) => one.split(";")[0].trim());
  return (Object.keys(encodings) as Encoding[]).find((encoding) =>
    accepted.includes(encoding) && files.has(name + encodings[encoding])
  );
}

/** What the app's pages may load, and whom they may call. */
function policyFor({ apiUrl }: AppConfig): string {
  const api = new URL(apiUrl).origin;
  return [
    "default-src 'none'",
    "script-src 'self'",
    // Mantine writes its theme into a <style>
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "worker-src 'self' blob:",
    `connect-src 'self' ${api} ${api.replace(/^http/, "ws")}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Compresses once, when it is built. */
function compress(folder: string) {
  for (const [name, bytes] of filesIn(folder)) {
    if (!contentTypes[path.posix.extname(name)]) continue;
    const file = path.join(folder, name);
    fs.writeFileSync(file + encodings.br, brotliCompressSync(bytes));
    fs.writeFileSync(file + encodings.gzip, gzipSync(bytes, { level: 9 }));
  }
}

async function runVite(source: string, builds: string, build: string) {
  const unfinished = path.join(builds, `unfinished-${randomUUID()}`);
  try {
    const vite = await new Deno.Command("node", {
      args: [
        ...[path.join(nodeModules, "vite", "bin", "vite.js"), "build"],
        ...["--outDir", unfinished, "--emptyOutDir", "--logLevel", "warn"],
      ],
      cwd: source,
      env: { NO_COLOR: "1", NODE_ENV: "production" },
      stdin: "null",
    }).output();
    if (!vite.success) {
      const said = [vite.stderr, vite.stdout]
        .map((bytes) => new TextDecoder().decode(bytes)).join("").trim();
      throw new StackProblem(`vite build, in ${source}, says:\n${said}`);
    }
    compress(unfinished);
    try {
      fs.renameSync(unfinished, build);
    } catch (error) {
      // another start has built the same in the meantime
      if (!fs.existsSync(build)) throw error;
    }
    removeOld(builds, build);
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Served from memory, a build may go at any time; others may be at work. */
function removeOld(builds: string, build: string) {
  const anHourAgo = Date.now() - 3_600_000;
  for (const name of fs.readdirSync(builds)) {
    const folder = path.join(builds, name);
    const modified = fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (folder !== build && modified && modified < anHourAgo) {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}

function hashOf(source: string): string {
  const hash = createHash("sha256");
  const lock = path.join(repositoryRoot, "package-lock.json");
  hash.update(fs.readFileSync(lock));
  for (const [name, bytes] of [...filesIn(source), ...filesIn(clientSource)]) {
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

function filesIn(folder: string): AppFiles {
  return new Map(
    fs.readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .filter((file) => !file.includes(`${path.sep}node_modules${path.sep}`))
      .sort()
      .map((file) => [
        `/${path.relative(folder, file).split(path.sep).join("/")}`,
        new Uint8Array(fs.readFileSync(file)),
      ]),
  );
}
