// The recipe for systemd: its settings installed into a folder as docs/scheduling.md
// says, its units judged by systemd's own tools, and its ExecStart run.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  type Ended,
  folder,
  key,
  keyVariable,
  recipe,
  run,
  testCommand,
  testWith,
  withNpx,
} from "./support.ts";

const name = "reap-stale-sessions";
const service = recipe(`systemd/${name}.service`);
const timer = recipe(`systemd/${name}.timer`);

/** All values of a key of a unit. */
function valuesOf(unit: string, key: string): string[] {
  return unit.split("\n").filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}

function valueOf(unit: string, key: string): string {
  const [value, ...more] = valuesOf(unit, key);
  assert(value !== undefined && more.length === 0, `${key} is there once`);
  return value;
}

/** Does what the recipe says, with this folder in the place of /. */
async function install(root: string) {
  fs.mkdirSync(path.join(root, "etc"));
  const lines = recipe("systemd/install.sh").trimEnd().split("\n");
  assert.match(lines.pop() ?? "", /^sudoedit \/etc\/interview-sessions\.env$/);
  for (const line of lines) {
    const command = line.replace(/^sudo /, "")
      .replaceAll(/(?<= )\/etc\/\S+/g, (file) => `'${root}${file}'`);
    const { code, all } = await run(["sh", "-c", command]);
    assert.equal(code, 0, `${command}: ${all}`);
  }
}

/** Reads the file as systemd does, for values that need no quotes. */
function environment(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split("\n").filter((line) => line !== "")
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  );
}

async function call(settings: Record<string, string>): Promise<Ended> {
  using here = folder();
  return await run(valueOf(service, "ExecStart").split(" "), {
    ...settings,
    ...withNpx(here.path),
  });
}

/** The units as files in this folder. */
function unitFiles(root: string, unit = service): string[] {
  const files = { [`${name}.service`]: unit, [`${name}.timer`]: timer };
  return Object.entries(files).map(([file, text]) => {
    fs.writeFileSync(path.join(root, file), text);
    return path.join(root, file);
  });
}

testCommand("the service's ExecStart", { tools: [], critical: 3, call });

Deno.test("the service's ExecStart says what is not set", async () => {
  const missing = {
    "Which project\\?": { [keyVariable]: key },
    "no secret key": { SUPABASE_URL: "http://127.0.0.1:9" },
  };
  for (const [says, settings] of Object.entries(missing)) {
    const { code, all } = await call(settings);
    assert.equal(code, 2, all);
    assert.match(all, new RegExp(says));
  }
});

testWith(
  ["install"],
  "the file with the key can be read by root alone",
  async () => {
    using root = folder();

    await install(root.path);

    const file = path.join(root.path, valueOf(service, "EnvironmentFile"));
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  },
);

Deno.test("the environment file has what the command reads, and nothing else", () => {
  const settings = environment(recipe("systemd/interview-sessions.env"));

  assert.deepEqual(Object.keys(settings), [
    "SUPABASE_URL",
    keyVariable,
    "PING_URL",
  ]);
});

Deno.test("the timer runs every minute, at boot too, and keeps its time", () => {
  assert.equal(valueOf(timer, "OnBootSec"), "60s");
  assert.equal(valueOf(timer, "OnUnitActiveSec"), "60s");
  assert.equal(valueOf(timer, "AccuracySec"), "5s");
  assert.equal(valueOf(timer, "WantedBy"), "timers.target");
  assert.deepEqual(valuesOf(timer, "Persistent"), []);
});

Deno.test("the service runs once, for a bounded time, as nobody in particular", () => {
  assert.equal(valueOf(service, "Type"), "oneshot");
  assert.equal(valueOf(service, "TimeoutStartSec"), "240");
  assert.equal(valueOf(service, "DynamicUser"), "yes");
  assert.doesNotMatch(service, /sb_secret|INTERVIEW_SESSIONS_SECRET_KEY/);
});

Deno.test("the service keeps the package in a folder of its own, since it has no home", () => {
  assert.equal(valueOf(service, "CacheDirectory"), name);
  assert.equal(valueOf(service, "Environment"), `npm_config_cache=%C/${name}`);
  // Node compiles at run time
  assert.deepEqual(valuesOf(service, "MemoryDenyWriteExecute"), []);
});

testWith(
  ["systemd-analyze", "npx"],
  "systemd finds nothing wrong with the units",
  async () => {
    using root = folder();

    const { code, all } = await run([
      "systemd-analyze",
      "verify",
      ...unitFiles(root.path),
    ]);

    assert.equal(code, 0, all);
    assert.equal(all, "");
  },
);

testWith(
  ["systemd-analyze"],
  "systemd would find a wrong key, and a missing program",
  async () => {
    using root = folder();
    const [wrong] = unitFiles(
      root.path,
      service
        .replace(/^ExecStart=.*$/m, "ExecStart=/usr/bin/no-such-program")
        .concat("DynamicUsers=yes\n"),
    );

    const { all } = await run(["systemd-analyze", "verify", wrong]);

    assert.match(all, /Unknown key( name)? 'DynamicUsers'/);
    assert.match(all, /not executable/);
  },
);

testWith(
  ["systemd-analyze --offline"],
  "systemd calls the service well protected",
  async () => {
    using root = folder();
    const [unit] = unitFiles(root.path);

    const { code, all } = await run([
      ...["systemd-analyze", "security", "--offline=true", "--threshold=20"],
      unit,
    ]);

    assert.equal(code, 0, all);
  },
);
