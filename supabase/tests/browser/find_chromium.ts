// Finds a Chromium for the tests: one on the PATH, else, on Linux x64, the
// headless shell that npm installs, unpacked once into .stack.
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { randomUUID } from "node:crypto";
import { nodeModules, repositoryRoot } from "../../../scripts/stack/paths.ts";
import { StackProblem } from "../../../scripts/stack/problem.ts";
import { followParent } from "../../../scripts/stack/unprivileged.ts";
import { configOf, offline } from "../../../scripts/test/deno_command.ts";

/** How to start a browser. */
export interface Program {
  command: string;
  env: Record<string, string>;
}

/** In the order in which they are tried. */
const namesOnPath = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
];

const npmPackage = join(nodeModules, "@sparticuz", "chromium");

/** The browser to test with; undefined if this machine can have none. */
export async function findChromium(
  o: { unpackedTo?: string } = {},
): Promise<Program | undefined> {
  for (const command of namesOnPath) {
    const program = { command, env: {} };
    if (await runs(program)) return program;
  }
  const isSupported = process.platform === "linux" && process.arch === "x64" &&
    fs.existsSync(npmPackage);
  if (isSupported) return await fromNpm(o.unpackedTo ?? unpackedByDefault);
}

/** Also tells a browser from Ubuntu's script that only advertises a snap. */
async function runs({ command, env }: Program): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args: ["--version"],
      env,
      stdin: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

const unpackedByDefault = join(repositoryRoot, ".stack", "chromium");

async function fromNpm(root: string): Promise<Program> {
  const folder = await unpacked(root);
  const command = join(folder, "chromium");
  const env = { FONTCONFIG_FILE: join(folder, "fonts.conf") };
  const withLibraries = {
    ...env,
    LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
  };
  // the package's own libraries are for machines that lack them
  for (const program of [{ command, env }, { command, env: withLibraries }]) {
    if (await runs(program)) return program;
  }
  throw new StackProblem(
    `Chromium from npm does not start: try "${command} --version".`,
  );
}

/** The folder with the unpacked package. */
async function unpacked(root: string): Promise<string> {
  const { version } = JSON.parse(
    fs.readFileSync(join(npmPackage, "package.json"), "utf8"),
  );
  const folder = join(root, version);
  if (fs.existsSync(folder)) return folder;
  try {
    fs.mkdirSync(root, { recursive: true });
    using lock = await Deno.open(join(root, "lock"), {
      create: true,
      write: true,
    });
    // the kernel releases it when this process ends, in whatever way
    await lock.lock(true);
    if (!fs.existsSync(folder)) await unpack(root, folder);
  } catch (cause) {
    throw new StackProblem(
      `Chromium could not be unpacked into ${root}: ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
  return folder;
}

/** Unpacks into a new folder, which is complete when it gets its name. */
async function unpack(root: string, folder: string) {
  for (const entry of fs.readdirSync(root)) {
    if (entry !== "lock") {
      fs.rmSync(join(root, entry), { recursive: true, force: true });
    }
  }
  const unfinished = join(root, `unfinished-${randomUUID()}`);
  fs.mkdirSync(unfinished);
  const { command, args } = followParent(Deno.execPath(), [
    ...["run", "-A", "--no-check", ...offline, ...configOf()],
    join(import.meta.dirname!, "unpack_chromium.ts"),
  ]);
  const { success, stderr } = await new Deno.Command(command, {
    args,
    // the package unpacks into the folder for temporary files
    env: { TMPDIR: unfinished },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  // for other users of this repository, too
  fs.chmodSync(join(unfinished, "chromium"), 0o755);
  fs.writeFileSync(join(unfinished, "fonts.conf"), fontsConf);
  fs.renameSync(unfinished, folder);
}

/** The machine's fonts, and those of the package where it has none. */
const fontsConf = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;
