// The recipe for systemd: installed into a folder as docs/scheduling.md says,
// judged by systemd's own tools, and its ExecStart run.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  type Ended,
  folder,
  key,
  keyVariable,
  recipe,
  repositoryRoot,
  run,
  run200,
  standIn,
  testCommand,
  testWith,
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
  for (const folder of ["etc", "usr/local/bin"]) {
    fs.mkdirSync(path.join(root, folder), { recursive: true });
  }
  const lines = recipe("systemd/install.sh").trimEnd().split("\n");
  assert.match(lines.pop() ?? "", /^sudoedit \/etc\/interview-sessions\.env$/);
  for (const line of lines) {
    const command = line.replace(/^sudo /, "")
      .replaceAll(/(?<= )\/(?:etc|usr)\/\S+/g, (file) => `'${root}${file}'`);
    const { code, all } = await run(["sh", "-c", command], {}, {
      cwd: repositoryRoot,
    });
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
  using root = folder();
  await install(root.path);
  const [program, ...args] = valueOf(service, "ExecStart").split(" ");
  return await run([path.join(root.path, program), ...args], settings);
}

/** The units, as they would be with the script installed in that folder. */
function unitFiles(root: string, unit = service): string[] {
  const files = {
    [`${name}.service`]: unit.replace(/^(ExecStart=)/m, `$1${root}`),
    [`${name}.timer`]: timer,
  };
  return Object.entries(files).map(([file, text]) => {
    fs.writeFileSync(path.join(root, file), text);
    return path.join(root, file);
  });
}

testCommand("the service's ExecStart", { tools: ["curl"], critical: 3, call });

testWith(["curl"], "the service's ExecStart says what is not set", async () => {
  const some: Record<string, string> = { SUPABASE_URL: "http://127.0.0.1:9" };
  for (const settings of [{}, some]) {
    const { code, all } = await call(settings);
    assert.equal(code, 2, all);
    assert.match(all, /Set SUPABASE_URL and INTERVIEW_SESSIONS_SECRET_KEY/);
  }
});

testWith(
  ["install"],
  "what is installed is a program, and a file that root alone reads",
  async () => {
    using root = folder();

    await install(root.path);

    const mode = (file: string) =>
      fs.statSync(path.join(root.path, file)).mode & 0o777;
    assert.equal(mode(valueOf(service, "ExecStart")), 0o755);
    assert.equal(mode(valueOf(service, "EnvironmentFile")), 0o600);
  },
);

Deno.test("the environment file has what the script reads, and nothing else", () => {
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
  assert.deepEqual(valuesOf(service, "Environment"), [], "no key in the unit");
});

testWith(
  ["systemd-analyze"],
  "systemd finds nothing wrong with the units",
  async () => {
    using root = folder();
    await install(root.path);

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
    const [wrong] = unitFiles(root.path, `${service}DynamicUsers=yes\n`);

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

testWith(
  ["curl"],
  "I7: reap.sh refuses a URL over which the key would travel in the clear, or that is none, and calls nobody",
  async () => {
    await using project = standIn(run200());
    const { host } = new URL(project.url);
    for (
      const url of [
        ...[host, `localhost:${new URL(project.url).port}`],
        ...["ref.supabase.co", "http://ref.supabase.co", "ftp://localhost"],
        ...["http://localhost.example.com", "http://127.0.0.1.example.com"],
        ...["https://", "https://me@ref.supabase.co", `${project.url}/rest/v1`],
        ...[`${project.url}?x`, "-o"],
      ]
    ) {
      const { code, all } = await run(
        ["sh", path.join(repositoryRoot, "scripts", "reap.sh")],
        { SUPABASE_URL: url, [keyVariable]: key },
      );
      assert.equal(code, 2, `${url}: ${all}`);
      assert.match(all, /SUPABASE_URL/);
    }
    assert.equal(project.calls.length, 0);
  },
);

testWith(
  ["shellcheck"],
  "shellcheck finds nothing in scripts/reap.sh",
  async () => {
    const { code, all } = await run([
      "shellcheck",
      path.join(repositoryRoot, "scripts", "reap.sh"),
    ]);
    assert.equal(code, 0, all);
  },
);
