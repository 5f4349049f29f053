// One story, played by a program in the SDK's own language: it prints a line of JSON
// for each step. The tests check these lines, and what the database has then.
import assert from "node:assert/strict";
import {
  keys,
  password,
  type Project,
  startProject,
} from "../../../scripts/test/api_fixture.ts";
import {
  type CommandResult,
  runCommand,
} from "../../../scripts/test/command.ts";
import type { Skipped } from "../../../scripts/test/part.ts";
import type { Command } from "./programs.ts";
import { type Call, type Fate, type Network, startNetwork } from "./proxy.ts";

/** What a program prints for a step. */
export interface Line {
  step: string;
  /** The row that a function returned, or null for no row. */
  row?: Record<string, unknown> | null;
  /** A refusal, as the client's code reads it. */
  refusal?: {
    code: string;
    message: string;
    details: Record<string, unknown> | null;
    hint: string;
  };
  /** Any other error in words. */
  trouble?: string;
  /** What else an SDK shows. */
  [more: string]: unknown;
}

/** The story as it went. */
export interface Story {
  program: CommandResult;
  /** The line of a step. */
  line(step: string): Line;
  /** The row that a step returned. */
  row(step: string): Record<string, unknown>;
  /** How a step was refused. */
  refusal(step: string): NonNullable<Line["refusal"]>;
  /** The answer that never reached the program. */
  lostAnswer: Record<string, unknown>;
  /** All sessions before the user was deleted. */
  sessions: { session_id: string; state: string }[];
}

/** A test: its name, and what must hold. */
export type Check = [name: string, check: (story: Story) => void];

/** What holds in each SDK. */
const contract: Check[] = [
  ["the story is played to its end", ({ program, line }) => {
    assert.equal(program.code, 0, program.said);
    line("deleted user");
  }],
  ["without a user, the call is refused", ({ line }) => {
    const { trouble } = line("signed out");
    assert.match(trouble ?? "", /permission denied for function start_session/);
  }],
  ["22023 names the argument that is invalid", ({ refusal }) => {
    const { code, message, details } = refusal("bad argument");
    assert.equal(code, "22023");
    assert.match(message, /^session_id must be /);
    assert.deepEqual(details, { argument: "session_id" });
  }],
  ["a signed-in user starts a session", ({ row }) => {
    const { session_id, status, device } = row("start");
    assert.deepEqual({ session_id, status, device }, {
      session_id: "phone",
      status: "active",
      device: "Phone",
    });
  }],
  ["a heartbeat renews the lease under the same fence", ({ row }) => {
    const [start, heartbeat] = ["start", "heartbeat"].map(row);
    assert.equal(heartbeat.fence, start.fence);
    assert(instant(heartbeat.expires_at) >= instant(start.expires_at));
  }],
  [
    "PT409 says which session is live, on which device, and for how long",
    ({ refusal }) => {
      const { code, message, details, hint } = refusal("refused");
      assert.equal(code, "PT409");
      assert.match(message, /\S/);
      assert.match(hint, /takeover/);
      assert.equal(details?.session_id, "phone");
      assert.equal(details?.device, "Phone");
      const seconds = Number(details?.expires_in);
      assert(seconds > 0 && seconds <= 300, `expires_in is ${seconds}`);
    },
  ],
  [
    "the same start again returns the session that was granted: a takeover",
    ({ row, lostAnswer }) => {
      const { session_id, fence, previous_session_id } = row("retry");
      assert.deepEqual({ session_id, fence, previous_session_id }, {
        session_id: "laptop",
        fence: lostAnswer.fence,
        previous_session_id: "phone",
      });
      assert(Number(fence) > Number(row("start").fence));
    },
  ],
  [
    "heartbeats go on after an error page, until PT410 says taken_over",
    ({ refusal }) => {
      const { code, message, details } = refusal("lost");
      assert.equal(code, "PT410");
      assert.match(message, /\S/);
      assert.equal(details?.session_id, "phone");
      assert.equal(details?.end_reason, "taken_over");
    },
  ],
  ["an end of the session that was lost says how it ended", ({ row }) => {
    const { session_id, end_reason } = row("end of the lost");
    assert.deepEqual({ session_id, end_reason }, {
      session_id: "phone",
      end_reason: "taken_over",
    });
  }],
  ["a gateway's error page is not a refusal", ({ line }) => {
    const { trouble } = line("error page");
    assert.match(trouble ?? "", /502/);
  }],
  ["complete marks the session as completing", ({ row }) => {
    const { session_id, status } = row("complete");
    assert.deepEqual({ session_id, status }, {
      session_id: "laptop",
      status: "completing",
    });
  }],
  ["end returns how the session ended", ({ row }) => {
    const { session_id, end_reason } = row("end");
    assert.deepEqual({ session_id, end_reason }, {
      session_id: "laptop",
      end_reason: "completed",
    });
  }],
  ["an end of an unknown session returns no row", ({ line }) => {
    assert.equal(line("unknown").row, null);
  }],
  ["a submitted interview is final: PT410 names it", ({ refusal }) => {
    const { code, message, details } = refusal("submitted");
    assert.equal(code, "PT410");
    assert.match(message, /submitted/);
    assert.equal(details?.interview_id, "attempt-1");
    assert.equal(details?.end_reason, "completed");
  }],
  ["PT401 tells a user who no longer exists to sign in", ({ refusal }) => {
    const { code, message, hint } = refusal("deleted user");
    assert.equal(code, "PT401");
    assert.equal(message, "You are not signed in.");
    assert.match(hint, /^Sign in again/);
  }],
  ["the database has both sessions, and how they ended", ({ sessions }) => {
    // a server's has a random id
    const named = sessions.filter(({ session_id }) => session_id.length < 36);
    assert.deepEqual(named, [
      { session_id: "phone", state: "taken_over" },
      { session_id: "laptop", state: "completed" },
    ]);
  }],
];

/** What an SDK makes of an answer that is lost on the way. */
export const lostAnswer: Record<"error" | "resent", Check> = {
  error: [
    "a lost answer is an error of the network, not a refusal",
    ({ line }) => {
      const { trouble, ...other } = line("no answer");
      assert.match(trouble ?? "", /\S/, JSON.stringify(other));
    },
  ],
  resent: [
    "a call whose answer is lost is sent again unasked, and gets the same session",
    ({ row, lostAnswer }) => {
      assert.equal(row("no answer").fence, lostAnswer.fence);
    },
  ],
};

/** Registers the tests of an SDK: the contract, and what is true of this one. */
export function testsOf(
  sdk: string,
  program: Command | Skipped,
  its: Check[],
) {
  if ("reason" in program) {
    const name = `C8 ${sdk}: the story (skipped: ${program.reason})`;
    Deno.test({ name, ignore: true, fn() {} });
    return;
  }
  let story: Story;
  Deno.test.beforeAll(async () => {
    story = await played(program);
  });
  for (const [name, check] of [...contract, ...its]) {
    Deno.test(`C8 ${sdk}: ${name}`, () => check(story));
  }
}

async function played(command: Command): Promise<Story> {
  const project = await startProject();
  const user = await project.newUser();
  let sessions: Story["sessions"] = [];
  const network = await startNetwork(project.url, async (call) => {
    if (call.id === "late") {
      sessions = await sessionsOf(project);
      await project.superuser`delete from auth.users where id = ${user.id}`;
    }
    return fateOf(call);
  });
  try {
    const [program, ...args] = command;
    const result = await runCommand(program, args, {
      signal: new AbortController().signal,
      env: {
        URL: network.url,
        KEY: keys.publishable,
        EMAIL: user.email,
        PASSWORD: password,
      },
    });
    return storyOf(result, network, sessions);
  } finally {
    network.stop();
    await project.stop();
  }
}

/** The first answer to the takeover is lost; a gateway answers the second heartbeat
 * of one session and the first of the other. */
function fateOf({ name, id, before }: Call): Fate {
  const call = `${name} ${id} ${before}`;
  // the first start is refused, the second takes over
  if (call === "start_session laptop 1") return "lost";
  const isBeforeAGateway = call === "heartbeat_session phone 1" ||
    call === "heartbeat_session laptop 0";
  return isBeforeAGateway ? "error page" : "passed";
}

function storyOf(
  program: CommandResult,
  network: Network,
  sessions: Story["sessions"],
): Story {
  const lines: Line[] = program.stdout.split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  const line = (step: string): Line => {
    const found = lines.find((line) => line.step === step);
    assert(found, `no line about "${step}":\n${program.said}`);
    return found;
  };
  return {
    program,
    line,
    row(step) {
      const { row, ...other } = line(step);
      assert(row, `no row, but ${JSON.stringify(other)}`);
      return row;
    },
    refusal(step) {
      const { refusal, ...other } = line(step);
      assert(refusal, `not refused, but ${JSON.stringify(other)}`);
      return refusal;
    },
    lostAnswer: Object(network.lostAnswer),
    sessions,
  };
}

async function sessionsOf({ sql }: Project): Promise<Story["sessions"]> {
  const rows = await sql<{ session_id: string; state: string }[]>`
    select session_id, 'live' as state, fence
    from public.active_interview_sessions
    union all
    select session_id, end_reason, fence
    from public.interview_session_history
    order by fence`;
  return rows.map(({ session_id, state }) => ({ session_id, state }));
}

function instant(timestamp: unknown): number {
  return Date.parse(String(timestamp));
}
