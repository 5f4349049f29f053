// Entry point of every npm script: `node scripts/run.mjs <command> [arguments]`
// installs missing packages, then runs scripts/<command>.ts under Deno. Plain
// Node without dependencies, because it runs before any are installed.
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

/** Does node_modules match the lock file? */
function isInstalled() {
  try {
    if (fs.readFileSync(stamp, "utf8") === lockHash()) return true;
  } catch {
    // not installed by this script; npm may have been run by hand
  }
  if (!npmInstalledIt()) return false;
  try {
    fs.writeFileSync(stamp, lockHash());
  } catch {
    // another user installed them, with sudo perhaps; it only saves time
  }
  return true;
}

/**
 * npm lists what it installed in a lock file inside node_modules. It may have
 * left out development or optional packages: NODE_ENV=production does that.
 */
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
        : wanted.peer || (wanted.optional && !isForThisMachine(wanted)))
    );
}

/** Packages of binaries name their platforms; on Linux, only glibc will do. */
function isForThisMachine({ os, cpu, libc }) {
  return Boolean(
    os?.includes(process.platform) && cpu?.includes(process.arch) &&
      (!libc || libc.includes("glibc")),
  );
}

function packagesOf(lockFile) {
  return JSON.parse(fs.readFileSync(lockFile, "utf8")).packages;
}

function lockHash() {
  const bytes = fs.readFileSync(path.join(root, "package-lock.json"));
  return createHash("sha256").update(bytes).digest("hex");
}

/** One at a time: a second command in a fresh clone waits for the first. */
async function install() {
  await takeLock();
  try {
    if (isInstalled()) return;
    console.error("Installing the npm packages (once per change of the lock)");
    const npm = spawnSync(
      "npm",
      [
        ...["ci", "--ignore-scripts", "--include=dev", "--include=optional"],
        ...["--no-fund", "--no-audit", "--loglevel=error"],
      ],
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
    if (!holderIsAlive()) removeLock();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function removeLock() {
  try {
    fs.rmSync(lock, { force: true });
  } catch (error) {
    fail(
      `${lock} was left over and cannot be removed: ${error.message}. ` +
        `Remove it: sudo rm ${lock}`,
    );
  }
}

function holderIsAlive() {
  try {
    const pid = Number(fs.readFileSync(lock, "utf8"));
    // the process id is written just after the file is created
    if (!pid) return Date.now() - fs.statSync(lock).mtimeMs < 1000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** The Deno binary rather than its npm wrapper, which swallows signals. */
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
  // npm sets it only in the package's install script
  if ((fs.statSync(binary).mode & 0o111) !== 0o111) {
    try {
      fs.chmodSync(binary, 0o755);
    } catch (error) {
      fail(
        `${binary} cannot be made executable: ${error.message}. Were the ` +
          `packages installed as another user, with sudo perhaps? Give them ` +
          `to yourself: sudo chown -R "$(id -un)" "${nodeModules}"`,
      );
    }
  }
  return binary;
}

/**
 * Runs the program in place of this one. Ctrl-C in a terminal reaches both, and
 * is then passed on as well; the programs treat the second signal as the first.
 */
function become(program, programArgs) {
  const child = spawn(program, programArgs, {
    stdio: "inherit",
    // lets it notice when this process is killed
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
