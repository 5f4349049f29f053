// Packs the npm package as for publication, and installs the tarball in a folder
// outside the clone, as an app does.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { nodeModules, repositoryRoot } from "../../../scripts/stack/paths.ts";
import {
  type CommandResult,
  runCommand,
} from "../../../scripts/test/command.ts";

const { signal } = new AbortController();

/** A packed package. */
export interface Packed {
  /** The tarball. */
  tarball: string;
  /** Its files, sorted. */
  files: string[];
  /** The size of the tarball in bytes. */
  size: number;
}

/** An app with the package installed. */
export interface App {
  folder: string;
  /** Runs a program of the app's node_modules under Node, in a subfolder. */
  run(script: string, args: string[], o: RunOptions): Promise<CommandResult>;
  /** Runs the package's own command, as npm linked it. */
  command(args: string[], o: RunOptions): Promise<CommandResult>;
  remove(): void;
}

/** Where and with what a program runs. */
export interface RunOptions {
  /** The folder in the app. */
  cwd: string;
  env?: Record<string, string>;
}

/** What the apps use besides the package, from the clone's node_modules. */
const tools = [
  "@supabase/server",
  "@supabase/supabase-js",
  "@types/node",
  "@types/react",
  "@types/react-dom",
  "@vitejs/plugin-react",
  "esbuild",
  "ipaddr.js",
  "react",
  "react-dom",
  "standardwebhooks",
  "typescript",
  "typescript-5",
  "vite",
];

/** Folders of the clone that are not part of a fresh one. */
const notCloned = [".git", ".stack", "dist", "node_modules"];

/** Packs a copy of the clone: tests at the same time share no `dist`. */
export async function pack(
  folder: string,
  prepare: (copy: string) => void = () => {},
): Promise<Packed> {
  const copy = path.join(folder, "clone");
  fs.cpSync(repositoryRoot, copy, {
    recursive: true,
    filter: (source) =>
      !notCloned.includes(path.relative(repositoryRoot, source)),
  });
  fs.symlinkSync(nodeModules, path.join(copy, "node_modules"));
  prepare(copy);
  const [{ filename, files, size }] = JSON.parse(
    await npm([
      ...["pack", "--json", "--foreground-scripts=false"],
      ...["--pack-destination", folder],
    ], copy),
  );
  return {
    tarball: path.join(folder, filename),
    files: files.map((file: { path: string }) => file.path).sort(),
    size,
  };
}

/** Packs the package and installs it in a new app with these sources, if any. */
export async function makeApp(sources?: string): Promise<App> {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "consumer-"));
  const app = path.join(folder, "app");
  try {
    if (sources) fs.cpSync(sources, app, { recursive: true });
    else fs.mkdirSync(app);
    fs.writeFileSync(
      path.join(app, "package.json"),
      JSON.stringify({ private: true, type: "module" }),
    );
    const { tarball } = await pack(folder);
    await npm(
      ["install", "--prefer-offline", "--ignore-scripts", tarball],
      app,
    );
    for (const tool of tools) {
      const link = path.join(app, "node_modules", tool);
      if (fs.existsSync(link)) continue;
      fs.mkdirSync(path.dirname(link), { recursive: true });
      fs.symlinkSync(path.join(nodeModules, tool), link);
    }
  } catch (error) {
    fs.rmSync(folder, { recursive: true });
    throw error;
  }
  return {
    folder: app,
    run: (script, args, { cwd, env }) =>
      runCommand("node", [path.resolve(app, cwd, script), ...args], {
        signal,
        cwd: path.join(app, cwd),
        env,
      }),
    command: (args, { cwd, env }) =>
      runCommand(
        path.join(app, "node_modules", ".bin", "interview-sessions"),
        args,
        { signal, cwd: path.join(app, cwd), env },
      ),
    remove: () => fs.rmSync(folder, { recursive: true }),
  };
}

async function npm(args: string[], cwd: string): Promise<string> {
  const { code, stdout, said } = await runCommand("npm", args, { signal, cwd });
  assert.equal(code, 0, said);
  return stdout;
}
