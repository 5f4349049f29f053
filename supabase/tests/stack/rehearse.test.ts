// `npm run rehearse` as a person meets it: on a stack of its own, on a running
// stack, stopped half-way, and where the contract does not hold.
import assert from "node:assert/strict";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import { findRunningStack } from "../../../scripts/stack/running_stack.ts";
import { type Stack, startStack } from "../../../scripts/stack/stack.ts";
import { connected, until, withFolder } from "./support.ts";

/** `npm run rehearse` with these arguments, less npm. */
function rehearse(args: string[], env: Record<string, string> = {}) {
  const child = new Deno.Command("node", {
    args: ["scripts/run.mjs", "rehearse", ...args],
    cwd: repositoryRoot,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed = { out: "", err: "" };
  const collect = async (
    stream: ReadableStream<Uint8Array>,
    to: "out" | "err",
  ) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      printed[to] += chunk;
    }
  };
  const read = Promise.all([
    collect(child.stdout, "out"),
    collect(child.stderr, "err"),
  ]);
  return {
    printed,
    kill: (signal: Deno.Signal) => child.kill(signal),
    ended: child.status.then(async ({ code }) => {
      await read;
      return code;
    }),
  };
}

/** Each test that needs a running stack has this one, as `npm start` has it. */
let stack: Stack;
let folder: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "rehearse " });
  stack = await startStack({
    folder,
    apiPort: freePort(),
    dbPort: freePort(),
    appPort: null,
    reapEveryMs: 500,
    durable: false,
  });
});

Deno.test.afterAll(async () => {
  await stack.stop();
  await Deno.remove(folder, { recursive: true });
});

async function settings() {
  return await connected(stack.dbUrl, async (sql) => {
    const [row] =
      await sql`select s::text as settings from sessions.settings s`;
    return row.settings;
  });
}

/** The folders of stacks of their own. */
function rehearsalsIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.startsWith("rehearsal-"));
}

const steps = [
  "Two people sign up",
  "Ada starts an interview, in Chrome on Windows",
  "Her browser crashes",
  "She opens the page again, in Firefox on Linux",
  "She starts without a word about the other session",
  "One click: she takes over",
  "The zombie: Chrome had only been asleep, and goes on",
  "Ben starts an interview, in Safari on a Mac",
  "Ada submits her interview",
  "Ben starts again, his browser crashes, and nobody comes back",
  "The scheduled reaper comes by",
  "Ben starts at once",
];

function tellsTheWholeStory(out: string) {
  const told = [...out.matchAll(/^ ?\d+ {2}(.*)$/gm)].map(([, title]) => title);
  assert.deepEqual(told, steps);
  for (
    const said of [
      "✓ the session is hers",
      "Previous session detected. You began an interview on Chrome on Windows",
      "← 409  PT409: You already have an interview open on Chrome on Windows.",
      "✓ it is granted, with a higher fence",
      "← 410  PT410: This interview was continued in another window",
      "✓ its successor is untouched",
      "over, completed",
      "over, expired",
      "✓ it ended when its lease ran out, not when it was reaped",
    ]
  ) {
    assert(out.includes(said), `it does not say: ${said}\n${out}`);
  }
  assert.doesNotMatch(out, /✗/);
  assert.match(out, /\nAll of it is as the contract says: \d+ checks held\./);
}

Deno.test("M7 M13 B1 B3 B4 without a stack it brings one up, plays the story, and removes it", async () => {
  await withFolder(async (folder) => {
    const { printed, ended } = rehearse(
      [
        ...["--lease", "1s", "--reap-every", "500ms", "--reap-within", "2m"],
        ...["--data", `${folder}/none`],
      ],
      { TMPDIR: folder },
    );

    const code = await ended;

    assert.equal(code, 0, printed.out + printed.err);
    tellsTheWholeStory(printed.out);
    assert.match(printed.out, /^No stack is running here; bringing one up/);
    assert.match(
      printed.out,
      /\nLease 1 s, heartbeat every 0\.4 s, reaper every 0\.5 s: this takes 1 s to 6\.5 s\.\n/,
    );
    assert.equal(printed.err, "");
    assert.deepEqual(rehearsalsIn(folder), [], "its stack is still there");
  }, { prefix: "rehearse " });
});

Deno.test("on a running stack it changes the times, puts them back, and leaves it running", async () => {
  const before = await settings();
  const args = ["--lease", "1s", "--reap-within", "2m", "--data", folder];
  const { printed, ended } = rehearse(args);
  await until("it has begun", () => printed.out.includes("Two people sign up"));

  const another = rehearse(args);
  assert.equal(await another.ended, 1);
  assert.match(another.printed.err, /Another rehearsal has changed the times/);
  const code = await ended;

  assert.equal(code, 0, printed.out + printed.err);
  tellsTheWholeStory(printed.out);
  assert.match(printed.out, /, the stack that is running\.\n/);
  assert.equal(await settings(), before);
  assert(await findRunningStack(folder), "the stack has been stopped");
});

Deno.test("stopped half-way it puts the times back", async () => {
  const before = await settings();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const { printed, kill, ended } = rehearse(
      ["--lease", "1h", "--heartbeat-every", "1m", "--data", folder],
    );
    await until(
      "it waits for the lease",
      () => printed.out.includes("… waiting for the end of the lease: "),
    );
    assert.notEqual(await settings(), before);

    kill(signal);

    assert.equal(await ended, 130, printed.err);
    assert.match(printed.err, /Stopped before the end\./);
    assert.equal(await settings(), before);
  }
});

Deno.test("where the scheduled reaper does not run it says so, and ends with 1", async () => {
  await connected(stack.dbUrl, (sql) =>
    sql`
      revoke execute on function public.reap_stale_sessions
      from service_role`);

  const { printed, ended } = rehearse(
    ["--lease", "1s", "--reap-within", "500ms", "--data", folder],
  );

  assert.equal(await ended, 1);
  assert.match(printed.out, /✗ the schedule has called the reaper, as it/);
  assert.match(printed.err, /^\nStep 11 \(The scheduled reaper comes by\)/);
});

Deno.test("where an answer is not the contract's it ends with 1, says which, and puts the times back", async () => {
  const before = await settings();
  await connected(stack.dbUrl, async (sql) => {
    await sql.unsafe(`
      create or replace function public.holds_session(
        session_id text, fence bigint default null,
        interview_id text default null
      )
      returns boolean language sql stable set search_path = ''
      as $$ select true $$`);
  });

  const { printed, ended } = rehearse(["--lease", "5s", "--data", folder]);

  assert.equal(await ended, 1);
  assert.match(
    printed.out,
    /← 200 {2}true\n +✗ the guard of the app's own tables keeps it out\n$/,
  );
  assert.equal(
    printed.err.trim(),
    "Step 7 (The zombie: Chrome had only been asleep, and goes on): the " +
      "answer is not the contract's. It should be so, and is not: the " +
      "guard of the app's own tables keeps it out.",
  );
  assert.equal(await settings(), before);
});

Deno.test("options that make no sense: 2, with a sentence; --help: 0", async () => {
  for (
    const [args, sentence] of [
      [["--nope"], /^Unknown option '--nope'/],
      [["faster"], /^Unexpected argument 'faster'/],
      [["--lease"], /^Option '--lease <value>' argument missing/],
      [["--lease", "soon"], /^--lease wants a time, such as 5s or 10m: soon/],
      [["--reap-every", "0s"], /^--reap-every wants a time/],
      [["--reap-within", "soon"], /^--reap-within wants a time/],
    ] as const
  ) {
    const { printed, ended } = rehearse([...args]);
    assert.equal(await ended, 2);
    assert.match(printed.err, sentence);
    assert.match(printed.err, /"npm run rehearse -- --help" lists the options/);
    assert.equal(printed.out, "");
  }
  const { printed, ended } = rehearse(["--help"]);
  assert.equal(await ended, 0);
  assert.match(printed.out, /--heartbeat-every <time>/);
});

Deno.test("times that do not go together: 1, with a sentence", async () => {
  await withFolder(async (folder) => {
    const { printed, ended } = rehearse(
      [
        ...["--lease", "5s", "--heartbeat-every", "4s"],
        ...["--data", `${folder}/none`],
      ],
      { TMPDIR: folder },
    );

    assert.equal(await ended, 1);
    assert.match(printed.err, /^\nThese times do not go together/);
    assert.deepEqual(rehearsalsIn(folder), []);
  });
});
