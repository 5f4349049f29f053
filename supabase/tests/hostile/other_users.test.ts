// R33: what one user's token can find out about another user, or do to one. The
// answer for an id that is somebody else's must be, to the letter, the answer for
// an id that never was.
import assert from "node:assert/strict";
import {
  changingNothing,
  changingSomething,
  projectOfThisFile,
} from "../api/support.ts";
import {
  type HandWritten,
  type Holder,
  holders,
  secretsOf,
  send,
  verdict,
} from "./support.ts";

const project = projectOfThisFile();

/** An answer in which the id that was asked for reads the same whatever it is. */
async function answerTo(
  asker: Holder,
  ask: (id: string) => HandWritten,
  id: string,
): Promise<string> {
  const { status, headers, body } = await send(project, {
    ...ask(id),
    token: asker.token,
  });
  return `${status} ${JSON.stringify(headers)}\n${body}`.replaceAll(id, "<id>");
}

const rpc = (name: string, args: Record<string, unknown>): HandWritten => ({
  path: `rpc/${name}`,
  body: args,
});
const get = (path: string, headers = {}): HandWritten => ({
  method: "GET",
  path,
  headers,
});
const head = (path: string, headers = {}): HandWritten => ({
  method: "HEAD",
  path,
  headers,
});

const bySession: Record<string, (id: string) => HandWritten> = {
  heartbeat: (session_id) => rpc("heartbeat_session", { session_id }),
  complete: (session_id) => rpc("complete_session", { session_id }),
  end: (session_id) => rpc("end_session", { session_id }),
  "end, with a reason": (session_id) =>
    rpc("end_session", { session_id, reason: "cleared" }),
  holds: (session_id) => rpc("holds_session", { session_id }),
  "holds, by GET": (id) => get(`rpc/holds_session?session_id=${id}`),
  "start, while one's own is live": (session_id) =>
    rpc("start_session", { session_id }),
  "select it": (id) => get(`active_interview_sessions?session_id=eq.${id}`),
  "select what took it over": (id) =>
    get(`active_interview_sessions?previous_session_id=eq.${id}`),
  "select from the history": (id) =>
    get(`interview_session_history?session_id=eq.${id}`),
  "select one object": (id) =>
    get(`interview_session_history?session_id=eq.${id}`, {
      accept: "application/vnd.pgrst.object+json",
    }),
  "count exactly": (id) =>
    head(`interview_session_history?session_id=eq.${id}`, {
      prefer: "count=exact",
    }),
  "update it": (id) => ({
    method: "PATCH",
    path: `active_interview_sessions?session_id=eq.${id}`,
    body: { session_id: "stolen" },
  }),
  "delete it": (id) => ({
    method: "DELETE",
    path: `active_interview_sessions?session_id=eq.${id}`,
    headers: { prefer: "return=representation,count=exact" },
  }),
};

for (const [what, ask] of Object.entries(bySession)) {
  Deno.test(`R33 ${what}: somebody else's session is one that never was`, async () => {
    const [asker, other] = await holders(project, 2);

    await changingNothing(project, async () => {
      const never = await answerTo(asker, ask, crypto.randomUUID());
      for (const id of [other.live, other.ended]) {
        // the seconds in a refusal for one's own session may have gone on
        const seconds = /\d+ seconds|"expires_in\W+\d+/g;
        assert.equal(
          (await answerTo(asker, ask, id)).replace(seconds, ""),
          never.replace(seconds, ""),
        );
      }
      for (const secret of [...secretsOf(other)]) {
        assert(!never.includes(secret), never);
      }
    });
    if (what.startsWith("holds") || /select|count/.test(what)) {
      const mine = await Promise.all(
        [asker.live, asker.ended].map((id) => answerTo(asker, ask, id)),
      );
      const never = await answerTo(asker, ask, crypto.randomUUID());
      if (!what.includes("took it over")) {
        assert(
          mine.some((answer) => answer !== never),
          "one's own is not: there is something to be told",
        );
      }
    }
  });
}

const byUser: Record<string, (id: string) => HandWritten> = {
  revoke: (user_id) => rpc("revoke_session", { user_id, note: "mine" }),
  "select it": (id) => get(`active_interview_sessions?user_id=eq.${id}`),
  "select the history": (id) =>
    get(`interview_session_history?user_id=eq.${id}`),
  "select their interviews": (id) => get(`interviews?user_id=eq.${id}`),
  "extend their interview": (user_id) =>
    rpc("extend_interview", { user_id, interview_id: "a", by: "1 hour" }),
  "hold in their name": (user_id) =>
    rpc("user_holds_session", { user_id, session_id: "a" }),
  "count exactly": (id) =>
    head(`interview_session_history?user_id=eq.${id}`, {
      prefer: "count=exact",
    }),
  "write in their name": (user_id) => ({
    path: "active_interview_sessions",
    body: { user_id, session_id: "forged", fence: 1 },
    headers: { prefer: "resolution=merge-duplicates" },
  }),
  "write in their name, whatever is there": (user_id) => ({
    path: "interview_session_history",
    body: [{ user_id, session_id: "forged", fence: 1 }],
    headers: { prefer: "resolution=ignore-duplicates,return=representation" },
  }),
};

for (const [what, ask] of Object.entries(byUser)) {
  Deno.test(`R33 ${what}: another user is one that never was`, async () => {
    const [asker, other] = await holders(project, 2);

    await changingNothing(project, async () =>
      assert.equal(
        await answerTo(asker, ask, other.id),
        await answerTo(asker, ask, crypto.randomUUID()),
      ));
  });
}

Deno.test("R33 M8 an id that is somebody else's is free to be one's own, and stays theirs", async () => {
  const [asker, other] = await holders(project, 2);
  const { live, ended } = other;
  const start = async (session_id: string) => {
    const { status, body } = await send(project, {
      ...rpc("start_session", { session_id, takeover: true }),
      token: asker.token,
    });
    assert.equal(status, 200, body);
    return JSON.parse(body);
  };
  const others = async () =>
    JSON.stringify([
      await project.sql`
        select a::text from public.active_interview_sessions a
        where user_id = ${other.id}`,
      await project.sql`
        select h::text from public.interview_session_history h
        where user_id = ${other.id}`,
    ]);
  const before = await others();

  // one that lives with them, one that has ended with them
  for (const id of [live, ended]) {
    const mine = await start(id);
    assert.equal(mine.user_id, asker.id);
    assert.equal(mine.session_id, id);
    const end = await send(project, {
      ...rpc("end_session", { session_id: id }),
      token: asker.token,
    });
    assert.deepEqual(
      JSON.parse(end.body).map((row: { user_id: string }) => row.user_id),
      [asker.id],
    );
  }

  assert.equal(await others(), before);
});

Deno.test("R33 a fence that is somebody else's opens nothing", async () => {
  const [asker, other] = await holders(project, 2);
  const holds = async (session_id: string, fence: number) =>
    JSON.parse(
      (await send(project, {
        ...rpc("holds_session", { session_id, fence }),
        token: asker.token,
      })).body,
    );

  assert.equal(await holds(asker.live, asker.fence), true);
  assert.equal(await holds(asker.live, other.fence), false);
  assert.equal(await holds(other.live, other.fence), false);
});

Deno.test("R33 two hundred guesses find nobody", async () => {
  const [asker] = await holders(project, 20);

  await changingNothing(project, async () => {
    const guesses = Array.from({ length: 200 }, () => crypto.randomUUID());
    const answers = new Set(
      await Promise.all(
        guesses.map((id) => answerTo(asker, bySession.heartbeat, id)),
      ),
    );
    assert.equal(answers.size, 1, "all are answered alike");
    assert.match([...answers][0], /^410 /);
  });
});

Deno.test("R33 no answer to one user names another, whatever the filter", async () => {
  const [asker, other] = await holders(project, 2);
  const active = "active_interview_sessions";
  const history = "interview_session_history";
  const asks = [
    get(`${active}?user_id=neq.${asker.id}`),
    get(`${active}?user_id=not.is.null&order=user_id.desc&limit=1000`),
    get(`${active}?or=(user_id.eq.${other.id},user_id.not.is.null)`),
    get(`${active}?not.and=(user_id.eq.${asker.id})`),
    get(`${active}?session_id=like.*&device=like.device*`),
    get(`${active}?session_id=match.^`),
    get(`${active}?fence=gt.0&select=fence,session_id,device`),
    get(`${active}?expires_at=lt.2000-01-01`),
    get(`${active}?select=device::text,user_id::text`),
    // an error of a cast would tell what is in a row that is not shown
    get(`${active}?select=device::int&user_id=eq.${other.id}`),
    get(`${history}?select=session_id::int&user_id=eq.${other.id}`),
    get(`${history}?select=*&user_id=neq.${asker.id}`),
    get(`${history}?interview_id=is.null&order=fence.asc`),
    get(`interviews?user_id=neq.${asker.id}`),
    get(`interviews?select=*,${history}(*)`),
    get(`interviews?select=*,extensions(*)`),
    get(`${history}?select=*,revocations(*)`),
    get(`${history}?select=*,note`),
    get(`${history}?limit=1000&offset=0`),
    get(`${history}`, { range: "0-1000000" }),
    get(`${history}`, { accept: "text/csv" }),
    // what is not there to be embedded
    get(`${active}?select=*,${history}(*)`),
    get(`${active}?select=*,users(*)`),
    get(`${active}?select=*,auth.users(*)`),
    get(`${active}?select=user_id,...users(email)`),
    get(`${history}?select=*,users!user_id(email)`),
    get(`${active}?select=*,start_session(*)`),
    get(`${active}?select=count()`),
    get(`${active}?select=fence.max()`),
    get(`${active}?select=(select email from auth.users)`),
    get(`${active}?user_id=in.(select id from auth.users)`),
    get(`${active}?order=(select email from auth.users)`),
    get(`${active}?select=*;select * from auth.users`),
    get(`${active}`, { accept: "application/vnd.pgrst.plan; options=analyze" }),
    rpc(`end_session?user_id=eq.${other.id}`, { session_id: other.live }),
    rpc("end_session?or=(user_id.not.is.null)", { session_id: other.ended }),
  ];

  await changingNothing(project, async () => {
    for (const ask of asks) {
      const { status, body, headers } = await send(project, {
        ...ask,
        token: asker.token,
      });
      assert(status < 500, `${status} ${ask.path}: ${body}`);
      const told = (body + JSON.stringify(headers))
        .replaceAll(ask.path, "");
      for (const secret of secretsOf(other)) {
        const asked = JSON.stringify(ask).includes(secret);
        assert(asked || !told.includes(secret), `${ask.path}: ${told}`);
      }
      if (status === 200 && body.startsWith("[")) {
        for (const row of JSON.parse(body)) {
          assert([asker.id, undefined].includes(row.user_id), body);
          assert([asker.device, undefined].includes(row.device), body);
        }
      }
    }
  });

  const seen = await send(project, { ...get(active), token: other.token });
  for (const secret of [other.id, other.live, other.device]) {
    assert(seen.body.includes(secret), "to themselves it is told");
  }
});

Deno.test("R33 a refusal names the session of whoever asks, and no other", async () => {
  const [asker, other] = await holders(project, 2);

  const answer = await send(project, {
    ...rpc("start_session", { session_id: other.live }),
    token: asker.token,
  });

  assert.equal(verdict(answer), "409 PT409");
  assert(answer.body.includes(asker.live));
  assert(answer.body.includes(asker.device));
  assert(!answer.body.includes(other.live));
  assert(!answer.body.includes(other.device));
});

Deno.test("R33 ending and taking over are for one's own: whoever has the token is the user", async () => {
  const [victim] = await holders(project, 1);
  const thief = { token: victim.token };

  await changingSomething(project, async () => {
    const taken = await send(project, {
      ...rpc("start_session", { session_id: "thief", takeover: true }),
      ...thief,
    });
    assert.equal(taken.status, 200);
  });
  const told = await send(project, {
    ...rpc("heartbeat_session", { session_id: victim.live }),
    token: victim.token,
  });
  assert.equal(verdict(told), "410 PT410");
  assert.equal(
    JSON.parse(JSON.parse(told.body).details).end_reason,
    "taken_over",
    "the victim is told",
  );
});

Deno.test("R33 revoking ends a session, not a user: their token may start another", async () => {
  const [user] = await holders(project, 1);
  await project.sql`select * from public.revoke_session(${user.id})`;

  const ended = await send(project, {
    ...rpc("heartbeat_session", { session_id: user.live }),
    token: user.token,
  });
  assert.equal(verdict(ended), "410 PT410");
  const started = await send(project, {
    ...rpc("start_session", { session_id: "another" }),
    token: user.token,
  });
  assert.equal(verdict(started), "200");
});
