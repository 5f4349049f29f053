// The programs that make the load, or that are measured: found on the machine,
// or else unpacked from Debian's packages; or there is a reason to say so.
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { repositoryRoot } from "../stack/paths.ts";
import { debianDependency, debianPackage } from "../test/debian.ts";
import type { Skipped } from "../test/part.ts";

/** A program that starts. */
export interface Tool {
  command: string;
  /** What it calls itself. */
  version: string;
  /** Where its libraries are, if not where the system looks. */
  env: Record<string, string>;
}

/** pgbench, which comes with the server's package. */
export function findPgbench(): Tool | Skipped {
  const [installed] = installedServers().map((folder) => starting(folder, {}))
    .filter((tool) => tool !== undefined);
  if (installed) return installed;
  const server = debianDependency("postgresql");
  if (typeof server !== "string") return server;
  const found = unpacked([server, "libpq5"]);
  if ("reason" in found) return found;
  const version = /\d+$/.exec(server)?.[0] ?? "";
  const folder = join(found.folders[0], "usr/lib/postgresql", version, "bin");
  return starting(folder, found.env) ??
    { reason: `pgbench of Debian's ${server} does not start here` };

  function starting(folder: string, env: Record<string, string>) {
    return toolThatStarts(join(folder, "pgbench"), env);
  }
}

function installedServers(): string[] {
  const parent = "/usr/lib/postgresql";
  const versions = fs.existsSync(parent) ? fs.readdirSync(parent) : [];
  return [
    ...versions.sort().reverse().map((version) => join(parent, version, "bin")),
    ...(process.env.PATH ?? "").split(":"),
  ].filter((folder) => fs.existsSync(join(folder, "pgbench")));
}

/** Redis and its own load generator. */
export interface Redis {
  server: Tool;
  benchmark: Tool;
}

/** Both, of one version. */
export function findRedis(): Redis | Skipped {
  const found = unpacked([
    ...["redis-server", "redis-tools"],
    ...["libjemalloc2", "liblzf1", "libatomic1"],
  ]);
  if ("reason" in found) return found;
  const [serverFolder, toolsFolder] = found.folders;
  const bin = (folder: string, name: string) =>
    toolThatStarts(join(folder, "usr/bin", name), found.env);
  // in its own package the server is but a link into the package of tools
  const server = bin(serverFolder, "redis-server") ??
    serverBehindTheLink(toolsFolder, found.env);
  const benchmark = bin(toolsFolder, "redis-benchmark");
  if (server && benchmark) return { server, benchmark };
  return { reason: "Debian's Redis does not start here" };
}

/** Redis looks at the name it is called by. */
function serverBehindTheLink(
  folder: string,
  env: Record<string, string>,
): Tool | undefined {
  const link = join(folder, "usr/bin/redis-server");
  if (!fs.existsSync(link)) fs.symlinkSync("redis-check-rdb", link);
  return toolThatStarts(link, env);
}

function unpacked(
  names: string[],
): { folders: string[]; env: Record<string, string> } | Skipped {
  const folders: string[] = [];
  for (const name of names) {
    const folder = debianPackage(name);
    if (typeof folder !== "string") return folder;
    folders.push(folder);
  }
  const libraries = folders.flatMap((folder) =>
    ["usr/lib", "lib"].flatMap((lib) => {
      const parent = join(folder, lib);
      if (!fs.existsSync(parent)) return [];
      return fs.readdirSync(parent).filter((name) => name.includes("-linux-"))
        .map((name) => join(parent, name));
    })
  );
  return { folders, env: { LD_LIBRARY_PATH: libraries.join(":") } };
}

function toolThatStarts(
  command: string,
  env: Record<string, string>,
): Tool | undefined {
  const { status, stdout } = spawnSync(command, ["--version"], {
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  if (status !== 0) return undefined;
  return { command, env, version: stdout.trim().split("\n")[0] };
}

/** The files of an npm package that is measured and not depended on. */
export function npmPackage(name: string, version: string): string | Skipped {
  const store = join(repositoryRoot, ".stack", "npm");
  const folder = join(store, `${name}-${version}`);
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(store, { recursive: true });
  const fresh = fs.mkdtempSync(join(store, "new-"));
  try {
    const at = { cwd: fresh, stdio: "ignore" } as const;
    execFileSync("npm", ["pack", `${name}@${version}`, "--silent"], at);
    const [archive] = fs.readdirSync(fresh);
    execFileSync("tar", ["-xzf", archive], at);
    if (!fs.existsSync(folder)) {
      fs.renameSync(join(fresh, "package"), folder);
    }
    return folder;
  } catch {
    return { reason: `npm does not bring ${name} ${version}` };
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}
