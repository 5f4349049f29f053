// R33: arguments that are too long, of another type, or look like something
// else. What is no session_id is refused by name; what is one is taken to the
// letter, whatever it looks like.
import assert from "node:assert/strict";
import {
  call,
  changingNothing,
  changingSomething,
  type Client,
  factsOf,
  granted,
  projectOfThisFile,
  refusal,
  refused,
  theOne,
} from "../api/support.ts";
import { type HandWritten, holders, send, verdict } from "./support.ts";

const project = projectOfThisFile();

const megabyte = 1024 * 1024;

/** A user's client, and the ids that are live and over. */
async function somebody() {
  const [holder] = await holders(project, 1);
  return holder;
}

const start = (client: Client, session_id: string, device?: string) =>
  call(client, "start_session", { session_id, device, takeover: true });

Deno.test("R33 ten megabytes are refused by name, or are no session: nothing is kept", async () => {
  const { client, live } = await somebody();
  const long = "x".repeat(10 * megabyte);
  const asks: [string, Record<string, unknown>, string][] = [
    ["start_session", { session_id: long }, "session_id"],
    ["start_session", { session_id: "a", device: long }, "device"],
    ["heartbeat_session", { session_id: long }, "session_id"],
    ["complete_session", { session_id: long }, "session_id"],
    ["end_session", { session_id: long }, "session_id"],
    ["end_session", { session_id: live, reason: long }, "reason"],
    ["start_session", { session_id: "a", interview_id: long }, "interview_id"],
  ];

  await changingNothing(project, async () => {
    for (const [name, args, argument] of asks) {
      const error = refused(
        await call(client, name, args),
        refusal.badArgument,
      );
      assert.deepEqual(factsOf(error), { argument });
      assert(
        JSON.stringify(error).length < 400,
        "a refusal does not send it all back",
      );
    }
    assert.equal(
      granted(await client.rpc("holds_session", { session_id: long })),
      false,
    );
  });
  await changingSomething(
    project,
    async () =>
      granted(await call(client, "end_session", { session_id: live })),
  );
});

Deno.test("R33 an operator's ten megabytes are refused by name, too", async () => {
  const [{ id, interview }] = await holders(project, 1);
  const long = "x".repeat(10 * megabyte);
  const asked = { user_id: id, interview_id: interview, by: "1 minute" };
  const asks: [string, Record<string, unknown>, string][] = [
    ["revoke_session", { user_id: id, note: long }, "note"],
    ["extend_interview", { ...asked, note: long }, "note"],
    ["extend_interview", { ...asked, interview_id: long }, "interview_id"],
  ];

  await changingNothing(project, async () => {
    for (const [name, args, argument] of asks) {
      const error = refused(
        await call(project.service, name, args),
        refusal.badArgument,
      );
      assert.deepEqual(factsOf(error), { argument });
    }
    for (
      const args of [
        { user_id: id, session_id: long },
        { user_id: id, session_id: "a", interview_id: long },
      ]
    ) {
      assert.equal(
        granted(await call(project.service, "user_holds_session", args)),
        false,
      );
    }
  });
});

Deno.test("R33 what is no interview_id is refused, and nothing is started for it", async () => {
  const [user] = await project.newUsers(1);

  await changingNothing(project, async () => {
    for (
      const interview_id of [
        "",
        "x".repeat(129),
        "😀".repeat(129),
        "two\nlines",
        "\u001b[2J",
        "a\u0085b",
      ]
    ) {
      const error = refused(
        await call(user.client, "start_session", {
          session_id: "a",
          takeover: true,
          interview_id,
        }),
        refusal.badArgument,
      );
      assert.deepEqual(factsOf(error), { argument: "interview_id" });
    }
  });
  // the longest there is must fit into the table's index
  const interview_id = [...crypto.getRandomValues(new Uint16Array(128))]
    .map((n) => String.fromCodePoint(0x1f300 + n % 0x200)).join("");
  granted(
    await call(user.client, "start_session", { session_id: "a", interview_id }),
  );
  const rows = granted(await user.client.from("interviews").select());
  assert.equal(theOne(rows).interview_id, interview_id);
});

Deno.test("R33 C1 an interview_id that only looks like one that is over is another interview", async () => {
  const { client } = await somebody();
  const begin = (session_id: string, interview_id: string) =>
    call(client, "start_session", { session_id, interview_id, takeover: true });
  granted(await begin("first", "attempt"));
  granted(
    await client.rpc("end_session", {
      session_id: "first",
      reason: "completed",
    }),
  );
  refused(await begin("again", "attempt"), refusal.over);

  // so the app, and not the client, must choose the ids that count
  for (const other of ["Attempt", "attempt ", "attempt\u200b"]) {
    granted(await begin(`session of ${other}`, other));
  }
});

Deno.test("R33 a megabyte of a character that takes four bytes is refused, and 128 of them are taken", async () => {
  const { client } = await somebody();

  await changingNothing(project, async () => {
    for (const session_id of ["😀".repeat(129), "😀".repeat(megabyte / 4)]) {
      refused(await call(client, "start_session", { session_id }), {
        ...refusal.badArgument,
      });
    }
  });
  // the longest there is must fit into the history's index
  const session_id = [...crypto.getRandomValues(new Uint16Array(128))]
    .map((n) => String.fromCodePoint(0x1f300 + n % 0x200)).join("");
  assert.equal([...session_id].length, 128);
  granted(await start(client, session_id));
  const end = granted(await client.rpc("end_session", { session_id }));
  assert.equal(theOne(end).session_id, session_id);
});

Deno.test("R33 deep JSON is the text that it is, and too long; the API lives on", async () => {
  const { token, live } = await somebody();
  const deep = (open: string, inner: string, close: string, times: number) =>
    `{"session_id":${open.repeat(times)}${inner}${close.repeat(times)}}`;

  await changingNothing(project, async () => {
    for (
      const body of [
        deep("[", "", "]", 1000),
        deep('{"a":', "1", "}", 1000),
      ]
    ) {
      for (const name of ["start_session", "heartbeat_session"]) {
        const answer = await send(project, {
          path: `rpc/${name}`,
          body,
          token,
        });
        assert.equal(verdict(answer), "400 22023", answer.body);
      }
    }
    // this deep the local API gives up before it asks the database
    const answer = await send(project, {
      path: "rpc/start_session",
      body: deep("[", "", "]", 200_000),
      token,
    });
    assert(answer.status >= 400, answer.body);
  });
  const answer = await send(project, {
    path: "rpc/heartbeat_session",
    body: { session_id: live },
    token,
  });
  assert.equal(answer.status, 200);
});

Deno.test("R33 JSON instead of text is its own text, and an id like any other", async () => {
  const values: [unknown, string][] = [
    [5, "5"],
    [-0.5, "-0.5"],
    [{ a: 1 }, '{"a":1}'],
    [{ $ne: null }, '{"$ne":null}'],
    [["x"], '["x"]'],
    [[["x"]], '[["x"]]'],
    [[], "[]"],
    [{}, "{}"],
  ];
  for (const [session_id, text] of values) {
    const { client, live } = await somebody();
    await changingNothing(project, async () => {
      const error = refused(
        await call(client, "heartbeat_session", { session_id }),
        refusal.over,
      );
      assert.equal(factsOf(error).session_id, text);
      assert.equal(factsOf(error).end_reason, null);
      refused(
        await call(client, "start_session", { session_id }),
        refusal.held,
      );
    });
    assert.equal(
      granted(await client.rpc("holds_session", { session_id: live })),
      true,
    );
    granted(await start(client, session_id as string));
    const [row] = granted(
      await client.from("active_interview_sessions").select(),
    );
    assert.equal(row.session_id, text);
  }
});

Deno.test("R33 the live session is not hit by JSON that has its id in it", async () => {
  const { client, live, fence } = await somebody();

  await changingNothing(project, async () => {
    for (const session_id of [[live], { id: live }, [[live]], [live, live]]) {
      for (const name of ["heartbeat_session", "complete_session"]) {
        refused(await call(client, name, { session_id }), refusal.over);
      }
      assert.deepEqual(
        granted(await call(client, "end_session", { session_id })),
        [],
      );
      assert.equal(
        granted(await call(client, "holds_session", { session_id })),
        false,
      );
    }
    for (const session_id of [true, false]) {
      const { error } = await call(client, "heartbeat_session", { session_id });
      // PostgREST takes it for text, the local API for no such function
      assert(error && ["PT410", "42883"].includes(error.code));
    }
  });
  assert.equal(
    granted(
      await call(client, "holds_session", { session_id: live, fence }),
    ),
    true,
  );
});

Deno.test("R33 what is no fence is refused, or is not this one", async () => {
  const { client, live, fence } = await somebody();
  const none: [unknown, string][] = [
    ["1 or 1=1", "22P02"],
    ["", "22P02"],
    [1.5, "22P02"],
    ["0x10g", "22P02"],
    [{}, "22P02"],
    [`${fence}; drop table x`, "22P02"],
    ["9".repeat(1000), "22003"],
    ["9223372036854775808", "22003"],
  ];

  await changingNothing(project, async () => {
    for (const [wrong, code] of none) {
      refused(
        await call(client, "holds_session", { session_id: live, fence: wrong }),
        { status: 400, code },
      );
    }
    for (
      const other of [fence + 1, fence - 1, 0, -fence, "-9223372036854775808"]
    ) {
      assert.equal(
        granted(
          await call(client, "holds_session", {
            session_id: live,
            fence: other,
          }),
        ),
        false,
      );
    }
  });
});

Deno.test("R33 a NUL, half of a pair, bytes that are no UTF-8: no id, and nothing lives by it", async () => {
  const { token, live } = await somebody();
  const texts: HandWritten["body"][] = [
    `{"session_id":"${live}\\u0000"}`,
    `{"session_id":"\\u0000"}`,
    `{"session_id":"${live}\\ud800"}`,
    `{"session_id":"\\udc00${live}"}`,
    Uint8Array.from([
      ...new TextEncoder().encode(`{"session_id":"${live}`),
      ...[0xff, 0xfe, 0xc0, 0x80],
      ...new TextEncoder().encode('"}'),
    ]),
  ];

  await changingNothing(project, async () => {
    for (const body of texts) {
      for (const name of ["heartbeat_session", "complete_session"]) {
        const answer = await send(project, {
          path: `rpc/${name}`,
          body,
          token,
        });
        // PostgREST refuses the JSON; the local API puts a sign for it
        assert([400, 410].includes(answer.status), answer.body);
      }
    }
  });
});

const é = { composed: "caf\u00e9", decomposed: "cafe\u0301" };

/** Ids that look alike, or are made alike by some. They are not the same. */
const twins: [what: string, one: string, other: string][] = [
  ["composed and decomposed", é.composed, é.decomposed],
  ["decomposed and composed", é.decomposed, é.composed],
  ["the sign for kelvin and K", "\u212a", "K"],
  ["a ligature and its letters", "\ufb01", "fi"],
  ["full width", "\uff21", "A"],
  ["capitals", "ABC", "abc"],
  ["a sharp s", "stra\u00dfe", "strasse"],
  ["a Turkish i", "\u0130", "i\u0307"],
  ["a Cyrillic a", "\u0430", "a"],
  ["a blank at the end", "id ", "id"],
  ["a blank at the beginning", " id", "id"],
  ["a blank that does not break", "i\u00a0d", "i d"],
  ["a space of no width", "id\u200b", "id"],
  ["a mark for byte order", "\ufeffid", "id"],
  ["a soft hyphen", "i\u00add", "id"],
  ["from right to left", "\u202eid", "id"],
  ["a sign for what cannot be read", "\ufffd", "?"],
  ["a leading zero", "007", "7"],
  ["a number and its other spelling", "1e3", "1000"],
  ["braces of an id", "{0}", "0"],
  ["a wildcard", "a%", "ab"],
  ["a joker", "a_", "ab"],
];

for (const [what, one, other] of twins) {
  Deno.test(`R33 twins are two: ${what}`, async () => {
    const [{ client }, ender] = await holders(project, 2);
    granted(await start(client, one));
    granted(await start(ender.client, one));

    await changingNothing(project, async () => {
      for (const name of ["heartbeat_session", "complete_session"]) {
        refused(await call(client, name, { session_id: other }), refusal.over);
      }
      assert.deepEqual(
        granted(await ender.client.rpc("end_session", { session_id: other })),
        [],
      );
      assert.equal(
        granted(await client.rpc("holds_session", { session_id: other })),
        false,
      );
      const error = refused(
        await call(client, "start_session", { session_id: other }),
        refusal.held,
      );
      assert.equal(factsOf(error).session_id, one);
    });
    assert.equal(
      granted(await client.rpc("holds_session", { session_id: one })),
      true,
    );
    granted(await start(client, other));
    const over = refused(
      await call(client, "heartbeat_session", { session_id: one }),
      refusal.over,
    );
    assert.equal(factsOf(over).end_reason, "taken_over");
  });
}

/** Text that would be something else, if anybody took it for that. */
const somethingElse = [
  "'; drop table public.active_interview_sessions; --",
  "' or '1'='1",
  "$$; select 1; $$",
  "$1",
  "\\'; select pg_sleep(9) --",
  "x'); reset role; --",
  "execute s1",
  "prepare s1 as select 1",
  "null",
  "default",
  "{}",
  "%s %I %L %1$s %",
  "% %% %",
  "\\u0027 or 1=1",
  "eq.null",
  "*",
  "auth.uid()",
  "../../etc/passwd",
  "<img src=x onerror=alert(1)>",
  "</script><script>alert(1)</script>",
  "javascript:alert(1)",
  "${jndi:ldap://localhost/a}",
  "{{7*7}}",
  "__proto__",
  "constructor",
  "=cmd|' /C calc'!A0",
];

Deno.test("R33 what looks like SQL, markup or a format is a name, letter for letter", async () => {
  const [untouched] = await holders(project, 1);
  for (const text of somethingElse) {
    const { client } = await somebody();
    const row = granted(await start(client, text, text)) as {
      session_id: string;
      device: string;
    };
    assert.equal(row.session_id, text);
    assert.equal(row.device, text);

    const held = refused(
      await call(client, "start_session", { session_id: "another" }),
      refusal.held,
    );
    assert.equal(
      held.message,
      `You already have an interview open on ${text}.`,
    );
    assert.equal(factsOf(held).device, text);
    granted(await call(client, "heartbeat_session", { session_id: text }));
    const found = granted(
      await client.from("active_interview_sessions").select(),
    );
    assert.equal(theOne(found).device, text);
    await changingNothing(project, async () => {
      const error = refused(
        await call(client, "end_session", { session_id: text, reason: text }),
        refusal.badArgument,
      );
      assert(!JSON.stringify(error).includes(text) || text === "null");
    });
    const end = granted(await client.rpc("end_session", { session_id: text }));
    assert.equal(theOne(end).device, text);
    const over = refused(
      await call(client, "heartbeat_session", { session_id: text }),
      refusal.over,
    );
    assert.equal(factsOf(over).session_id, text);
  }
  assert.equal(
    granted(
      await untouched.client.rpc("holds_session", {
        session_id: untouched.live,
      }),
    ),
    true,
  );
});

Deno.test("R33 what is not true or false does not take over", async () => {
  const { client, live } = await somebody();

  await changingNothing(project, async () => {
    for (const takeover of ["false", "no", "f", "0", 0]) {
      const answer = await call(client, "start_session", {
        session_id: "b",
        takeover,
      });
      refused(answer, refusal.held);
    }
    assert.equal(
      granted(await client.rpc("holds_session", { session_id: live })),
      true,
    );
  });
});
