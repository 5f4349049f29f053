// Who may call what: every function, asked by everybody.
import assert from "node:assert/strict";
import {
  type Answer,
  call,
  changingNothing,
  changingSomething,
  type Client,
  granted,
  letExpire,
  projectOfThisFile,
  refusal,
  refused,
  type User,
} from "./support.ts";

const project = projectOfThisFile();

const forUsers: Record<string, Record<string, unknown>> = {
  start_session: {
    session_id: "wanted",
    takeover: true,
    device: "Chrome",
    interview_id: "wanted too",
  },
  heartbeat_session: { session_id: "held" },
  complete_session: { session_id: "held" },
  end_session: { session_id: "held", reason: "cleared" },
  holds_session: { session_id: "held", fence: 1, interview_id: "an interview" },
};
const forOperators = (user: User): Record<string, Record<string, unknown>> => ({
  user_holds_session: { user_id: user.id, session_id: "held" },
  extend_interview: {
    user_id: user.id,
    interview_id: "an interview",
    by: "1 minute",
    note: "why",
  },
  revoke_session: { user_id: user.id, note: "why" },
  reap_stale_sessions: { batch_size: 10, dry_run: false },
  session_health: {},
});

/** What only asks. */
const reading = ["holds_session", "user_holds_session", "session_health"];

/** Somebody with a live session "held" of "an interview". */
async function holder(): Promise<User> {
  const user = await project.newUser();
  granted(
    await user.client.rpc("start_session", {
      session_id: "held",
      interview_id: "an interview",
    }),
  );
  return user;
}

async function allRefused(
  calls: Record<string, Record<string, unknown>>,
  client: Client,
  wanted: { status: number; code: string },
) {
  await changingNothing(project, async () => {
    for (const [name, args] of Object.entries(calls)) {
      const error = refused(await call(client, name, args), wanted);
      if (wanted.code === "42501") {
        assert.equal(error.message, `permission denied for function ${name}`);
      }
    }
  });
}

Deno.test("B8 without a user nobody may call anything: 401", async () => {
  const user = await holder();

  await allRefused(forUsers, project.anon, refusal.anonMayNot);
  await allRefused(forOperators(user), project.anon, refusal.anonMayNot);
});

Deno.test("B8 a user may call what is for users, and each call counts", async () => {
  for (const [name, args] of Object.entries(forUsers)) {
    const { client } = await holder();
    const asking = () => call(client, name, args);
    granted(
      reading.includes(name)
        ? await changingNothing(project, asking)
        : await changingSomething(project, asking),
    );
  }
});

Deno.test("B8 a user may call nothing that is for operators: 403", async () => {
  const user = await holder();

  await allRefused(forOperators(user), user.client, refusal.roleMayNot);
});

Deno.test("B8 the secret key may call what is for operators", async () => {
  const user = await holder();

  for (const [name, args] of Object.entries(forOperators(user))) {
    const asking = () => call(project.service, name, args);
    granted(
      reading.includes(name)
        ? await changingNothing(project, asking)
        : await changingSomething(project, asking),
    );
  }
});

Deno.test("B8 the secret key stands for no user, and may start nothing: 403", async () => {
  await holder();

  await allRefused(forUsers, project.service, refusal.roleMayNot);
});

Deno.test("a user who was deleted is refused as not signed in, with a token that is still good", async () => {
  const user = await holder();
  await project.superuser`delete from auth.users where id = ${user.id}`;

  await changingNothing(project, async () => {
    for (const [name, args] of Object.entries(forUsers)) {
      const answer = await call(user.client, name, args);
      if (name === "holds_session") {
        assert.equal(granted(answer as Answer<boolean>), false);
      } else {
        const { message, hint } = refused(answer, refusal.notSignedIn);
        assert.equal(message, "You are not signed in.");
        assert.match(hint ?? "", /^Sign in again/);
      }
    }
  });
});

Deno.test("an expired token is refused: 401", async () => {
  const user = await holder();

  await allRefused(
    { ...forUsers, ...forOperators(user) },
    project.clientWith(project.expiredToken(user.token)),
    refusal.expiredToken,
  );
});

Deno.test("a token that was tampered with, or is none, is refused: 401", async () => {
  const user = await holder();
  const [header, , signature] = user.token.split(".");
  const claims = btoa(JSON.stringify({
    sub: user.id,
    role: "service_role",
    exp: 4e9,
  })).replaceAll("=", "");

  for (const token of [`${header}.${claims}.${signature}`, "nonsense"]) {
    await allRefused(
      { ...forUsers, ...forOperators(user) },
      project.clientWith(token),
      refusal.badToken,
    );
  }
});

Deno.test("a GET changes nothing, whoever sends it: 405", async () => {
  const user = await holder();
  await letExpire(project, await holder());
  const changing: [Client, string, Record<string, unknown>][] = [
    [user.client, "start_session", forUsers.start_session],
    [user.client, "heartbeat_session", forUsers.heartbeat_session],
    [user.client, "complete_session", forUsers.complete_session],
    [user.client, "end_session", forUsers.end_session],
    [project.service, "revoke_session", { user_id: user.id }],
    [project.service, "extend_interview", {
      ...forOperators(user).extend_interview,
    }],
    [project.service, "reap_stale_sessions", { batch_size: 10 }],
  ];

  await changingNothing(project, async () => {
    for (const [client, name, args] of changing) {
      refused(
        await client.rpc(name as never, args as never, { get: true }),
        refusal.readOnly,
      );
    }
  });
});

Deno.test("without an API key nothing answers: 401", async () => {
  const user = await holder();

  await changingNothing(project, async () => {
    const response = await fetch(`${project.url}/rest/v1/rpc/start_session`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${user.token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(forUsers.start_session),
    });
    await response.body?.cancel();
    assert.equal(response.status, 401);
  });
});
