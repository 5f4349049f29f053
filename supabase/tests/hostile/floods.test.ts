// R33: one user, or one thief of a token, who calls as often as they can. What
// holds is the order of it: one live session, every end in the history once, and
// nobody else is kept waiting. How often they may call is for the gateway to say.
import assert from "node:assert/strict";
import {
  type Answer,
  call,
  changingNothing,
  changingSomething,
  type Client,
  factsOf,
  granted,
  projectOfThisFile,
  refusal,
  refused,
  type User,
} from "../api/support.ts";
import { liftTimeouts } from "../timeouts.ts";
import { until } from "../waiting.ts";
import { holders } from "./support.ts";

const project = projectOfThisFile();

// many wait for one another, on a slow machine for longer than a call does
Deno.test.beforeAll(async () => {
  await liftTimeouts(project.superuser);
});

interface Row {
  session_id: string;
  fence: number;
}

async function theUser(): Promise<User> {
  const [user] = await project.newUsers(1);
  return user;
}

const activeOf = ({ id }: User) =>
  project.sql<{ session_id: string; fence: string }[]>`
    select session_id, fence from public.active_interview_sessions
    where user_id = ${id}`;

const historyOf = ({ id }: User) =>
  project.sql<
    {
      session_id: string;
      fence: string;
      end_reason: string;
      previous_session_id: string | null;
    }[]
  >`
    select session_id, fence, end_reason, previous_session_id
    from public.interview_session_history
    where user_id = ${id}
    order by fence`;

async function assertNoOverlap() {
  const overlaps = await project.sql`
    select * from sessions.overlapping_sessions()`;
  assert.deepEqual([...overlaps], []);
}

const times = <T>(count: number, work: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => work(n));

Deno.test("R33 M1 of 200 starts at once one wins, and the others are told of it", async () => {
  const user = await theUser();

  const answers = await Promise.all(
    times(200, (n) =>
      call(user.client, "start_session", {
        session_id: `tab ${n}`,
        device: `window ${n}`,
      })),
  );

  const winners = answers.filter(({ error }) => error === null);
  assert.equal(winners.length, 1);
  const winner = winners[0].data as Row;
  for (const answer of answers) {
    if (answer === winners[0]) continue;
    const { session_id, device, status } = factsOf(
      refused(answer, refusal.held),
    );
    assert.deepEqual(
      { session_id, device, status },
      {
        session_id: winner.session_id,
        device: winner.session_id.replace("tab", "window"),
        status: "active",
      },
    );
  }
  assert.deepEqual([...await activeOf(user)], [{
    session_id: winner.session_id,
    fence: String(winner.fence),
  }]);
  assert.deepEqual([...await historyOf(user)], []);
});

Deno.test("R33 B6 the same start 200 times at once is one", async () => {
  const user = await theUser();

  const answers = await Promise.all(
    times(200, () => user.client.rpc("start_session", { session_id: "one" })),
  );

  const fences = new Set(answers.map((answer) => granted(answer).fence));
  assert.equal(fences.size, 1);
  assert.deepEqual([...await activeOf(user)], [{
    session_id: "one",
    fence: String([...fences][0]),
  }]);
  assert.deepEqual([...await historyOf(user)], []);
});

Deno.test("R33 M8 a flood of heartbeats writes one row over and over, and keeps nobody waiting", async () => {
  const [user, other] = await holders(project, 2);
  const answers: { session_id: string; answer: Answer<unknown> }[] = [];
  const heartbeat = async (session_id: string) => {
    const answer = await call(user.client, "heartbeat_session", { session_id });
    answers.push({ session_id, answer });
  };
  const before = (await project.sql`
    select created_at::text, deadline_at::text
    from public.active_interview_sessions where user_id = ${user.id}`)[0];

  // goes on until the other has been answered, 100 calls at a time
  let isAnswered = false;
  const flood = Promise.all(times(100, async (n) => {
    do {
      // every other one is a zombie's
      await heartbeat(n % 2 === 0 ? user.live : user.ended);
    } while (!isAnswered || answers.length < 400);
  }));
  await until("the flood has come", () => answers.length >= 100);
  const beside = await call(other.client, "complete_session", {
    session_id: other.live,
  });
  isAnswered = true;
  await flood;

  granted(beside);
  for (const { session_id, answer } of answers) {
    if (session_id === user.live) granted(answer);
    else {
      const over = refused(answer, refusal.over);
      assert.equal(factsOf(over).end_reason, "disconnected");
    }
  }
  const [after] = await project.sql`
    select
      created_at::text, deadline_at::text,
      expires_at <= deadline_at as is_within,
      expires_at - updated_at <= (select lease from sessions.settings) as is_a_lease
    from public.active_interview_sessions where user_id = ${user.id}`;
  assert.deepEqual(after, { ...before, is_within: true, is_a_lease: true });
  assert.deepEqual(
    (await historyOf(user)).map(({ session_id }) => session_id),
    [user.ended],
  );
});

Deno.test("R33 R16 takeover ping-pong: each turn is in the history once, and the fences grow", async () => {
  const user = await theUser();
  const phone = project.clientWith(user.token);
  const devices: [string, Client][] = [
    ["laptop", user.client],
    ["phone", phone],
  ];
  const turns = 40;
  const granteds: Row[] = [];

  for (const n of times(turns, (n) => n)) {
    const [device, client] = devices[n % 2];
    const [otherDevice, other] = devices[(n + 1) % 2];
    granteds.push(granted(
      await client.rpc("start_session", {
        session_id: `${device} ${n}`,
        device,
        takeover: true,
      }),
    ));
    if (n === 0) continue;
    const zombie = `${otherDevice} ${n - 1}`;
    const over = refused(
      await call(other, "heartbeat_session", { session_id: zombie }),
      refusal.over,
    );
    assert.equal(factsOf(over).end_reason, "taken_over");
    refused(
      await call(other, "start_session", {
        session_id: zombie,
        takeover: true,
      }),
      refusal.over,
    );
  }

  const history = await historyOf(user);
  assert.deepEqual(
    history.map(({ session_id, fence, end_reason }) => ({
      session_id,
      fence,
      end_reason,
    })),
    granteds.slice(0, -1).map(({ session_id, fence }) => ({
      session_id,
      fence: String(fence),
      end_reason: "taken_over",
    })),
  );
  assert.deepEqual(
    history.map(({ previous_session_id }) => previous_session_id),
    [null, ...granteds.slice(0, -2).map(({ session_id }) => session_id)],
  );
  const fences = granteds.map(({ fence }) => fence);
  assert.deepEqual(fences, [...new Set(fences)].sort((a, b) => a - b));
  await assertNoOverlap();
});

Deno.test("R33 R16 sixty takeovers at once: all are granted, one is live, and the rest are in the history", async () => {
  const user = await theUser();

  const rows = (await Promise.all(
    times(60, (n) =>
      user.client.rpc("start_session", {
        session_id: `device ${n}`,
        takeover: true,
      })),
  )).map((answer) => granted(answer));

  const [live, ...more] = await activeOf(user);
  assert.deepEqual(more, []);
  const last = rows.toSorted((a, b) => a.fence - b.fence).at(-1);
  assert.equal(live.session_id, last?.session_id);
  const history = await historyOf(user);
  assert.deepEqual(
    new Set([live, ...history].map(({ session_id }) => session_id)),
    new Set(rows.map(({ session_id }) => session_id)),
  );
  assert.equal(history.length, 59);
  // in the order of the fences each took over from the one before
  assert.deepEqual(
    history.map(({ previous_session_id }) => previous_session_id),
    [null, ...history.slice(0, -1).map(({ session_id }) => session_id)],
  );
  await assertNoOverlap();
});

Deno.test("R33 the reaper does not come at a user's call, however often", async () => {
  const [user] = await holders(project, 1);
  await project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - interval '1 hour',
      updated_at = updated_at - interval '1 hour',
      deadline_at = deadline_at - interval '1 hour',
      expires_at = expires_at - interval '1 hour'
    where user_id = ${user.id}`;

  await changingNothing(project, async () => {
    const answers = await Promise.all(
      times(100, (n) =>
        call(user.client, "reap_stale_sessions", {
          batch_size: 2147483647,
          dry_run: n % 2 === 0,
        })),
    );
    for (const answer of answers) refused(answer, refusal.roleMayNot);
  });
  await changingSomething(
    project,
    async () => granted(await project.service.rpc("reap_stale_sessions", {})),
  );
});

Deno.test("R33 B7 a user may fill the history: a row for each session, and no bound but the gateway's", async () => {
  const user = await theUser();

  for (const n of times(50, (n) => n)) {
    const session_id = `session ${n}`;
    granted(await user.client.rpc("start_session", { session_id }));
    granted(await user.client.rpc("end_session", { session_id }));
  }

  assert.deepEqual(
    (await historyOf(user)).map(({ session_id }) => session_id),
    times(50, (n) => `session ${n}`),
  );
  assert.deepEqual([...await activeOf(user)], []);
});

Deno.test("R33 ends of sessions that never were leave ten rows per user at most, however many", async () => {
  const [user, other] = await holders(project, 2);
  const earlyEnds = async () => {
    const rows = await project.sql<{ user_id: string }[]>`
      select user_id from sessions.early_ends
      where user_id in (${user.id}, ${other.id})`;
    return rows.map(({ user_id }) => user_id);
  };
  assert.deepEqual(await earlyEnds(), []);

  await changingNothing(project, async () => {
    const answers = await Promise.all(
      times(
        200,
        (n) => user.client.rpc("end_session", { session_id: `guess ${n}` }),
      ),
    );
    for (const answer of answers) assert.deepEqual(granted(answer), []);
  });

  assert.deepEqual(await earlyEnds(), times(10, () => user.id));
  granted(
    await user.client.rpc("heartbeat_session", { session_id: user.live }),
  );
  // of all these ids only the latest ten cannot be started any more
  granted(await user.client.rpc("end_session", { session_id: "the last" }));
  const over = refused(
    await user.client.rpc("start_session", {
      session_id: "the last",
      takeover: true,
    }),
    refusal.over,
  );
  assert.equal(factsOf(over).end_reason, "disconnected");
  granted(
    await user.client.rpc("start_session", {
      session_id: "guess 7",
      takeover: true,
    }),
  );
});

Deno.test("R33 C1 a user may fill the interviews as they may the history: a row for each that they name", async () => {
  const user = await theUser();

  for (const n of times(20, (n) => n)) {
    granted(
      await user.client.rpc("start_session", {
        session_id: `session ${n}`,
        interview_id: `interview ${n}`,
        takeover: true,
      }),
    );
  }

  const [{ count }] = await project.sql`
    select count(*)::int from public.interviews where user_id = ${user.id}`;
  assert.equal(count, 20);
});

Deno.test("R33 what is refused leaves no row, however often", async () => {
  const [user] = await holders(project, 1);

  await changingNothing(project, async () => {
    const answers = await Promise.all(
      times(100, (n) =>
        call(
          user.client,
          ["start_session", "heartbeat_session", "complete_session"][n % 3],
          { session_id: `guess ${n}` },
        )),
    );
    for (const { error } of answers) {
      assert(error && ["PT409", "PT410"].includes(error.code));
    }
  });
});
