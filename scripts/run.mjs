// The way in: `node scripts/run.mjs <command> [arguments]` installs what is
// missing and becomes scripts/<command>.ts under Deno. Plain Node without
// dependencies, since it must run before there are any.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { constants } from "node:os";
import * as path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const nodeModules = path.join(root, "node_modules");
const stamp = path.join(nodeModules, ".installed-from");
const lock = path.join(root, ".stack", "install.lock");

const [command, ...args] = process.argv.slice(2);
if (!command || !/^[a-z_]+$/.test(command) || !fs.existsSync(script())) {
  fail("usage: node scripts/run.mjs <command> [arguments]", 2);
}
if (!isInstalled()) await install();
become(denoBinary(), [
  ...["run", "-A", "--no-lock", "--cached-only", "--node-modules-dir=manual"],
  ...["--config", path.join(root, "deno.json"), script(), ...args],
]);

function script() {
  return path.join(root, "scripts", `${command}.ts`);
}

/** Is node_modules what the lock file says? */
function isInstalled() {
  try {
    if (fs.readFileSync(stamp, "utf8") === lockHash()) return true;
  } catch {
    // not by this script; perhaps somebody ran npm
  }
  if (!npmInstalledIt()) return false;
  fs.writeFileSync(stamp, lockHash());
  return true;
}

/** npm leaves a lock file in node_modules of what it has put there. */
function npmInstalledIt() {
  let present;
  try {
    present = packagesOf(path.join(nodeModules, ".package-lock.json"));
  } catch {
    return false;
  }
  return Object.entries(packagesOf(path.join(root, "package-lock.json")))
    .every(([name, wanted]) =>
      name === "" ||
      (name in present
        ? present[name].version === wanted.version
        : wanted.optional || wanted.peer)
    );
}

function packagesOf(lockFile) {
  return JSON.parse(fs.readFileSync(lockFile, "utf8")).packages;
}

function lockHash() {
  const bytes = fs.readFileSync(path.join(root, "package-lock.json"));
  return createHash("sha256").update(bytes).digest("hex");
}

/** One at a time: a second start on a fresh clone waits for the first. */
async function install() {
  await takeLock();
  try {
    if (isInstalled()) return;
    console.error("Installing the npm packages (once per change of the lock)");
    const npm = spawnSync(
      "npm",
      ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"],
      { cwd: root, stdio: ["ignore", "ignore", "inherit"] },
    );
    if (npm.status !== 0) {
      fail(
        `The npm packages could not be installed` +
          `${npm.error ? ` (${npm.error.message})` : ""}. Is the network up? ` +
          `"npm ci --ignore-scripts" in ${root} says more.`,
      );
    }
    fs.writeFileSync(stamp, lockHash());
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

async function takeLock() {
  for (;;) {
    try {
      fs.mkdirSync(path.dirname(lock), { recursive: true });
      fs.writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") {
        fail(`${root} cannot be written to: ${error.message}`);
      }
    }
    if (!holderIsAlive()) fs.rmSync(lock, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function holderIsAlive() {
  try {
    const pid = Number(fs.readFileSync(lock, "utf8"));
    // written a moment after the file is made
    if (!pid) return Date.now() - fs.statSync(lock).mtimeMs < 1000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Deno itself, not its npm wrapper: signals and exit codes pass through. */
function denoBinary() {
  const libc = process.platform === "linux" ? "-glibc" : "";
  const name = `@deno/${process.platform}-${process.arch}${libc}`;
  const binary = path.join(nodeModules, name, "deno");
  if (!fs.existsSync(binary)) {
    fail(
      `There is no Deno for ${process.platform}-${process.arch} in ` +
        `node_modules (${name}): this platform is not supported.`,
    );
  }
  // npm does not set this without the package's install script
  if ((fs.statSync(binary).mode & 0o111) !== 0o111) {
    fs.chmodSync(binary, 0o755);
  }
  return binary;
}

/**
 * Runs the program in our place. A Ctrl-C in the terminal reaches it as well as
 * us, and then once more from here: the programs take the second as the first.
 */
function become(program, programArgs) {
  const child = spawn(program, programArgs, {
    stdio: "inherit",
    // lets it notice when we are gone without a word
    env: { ...process.env, INTERVIEW_SESSIONS_RUNNER: String(process.pid) },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => fail(`Deno does not start: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + constants.signals[signal]);
  });
}

function fail(sentence, code = 1) {
  console.error(sentence);
  process.exit(code);
}
