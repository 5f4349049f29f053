// R33: what the server's log and the API's output keep of hostile calls. Session
// ids and devices, so that an operator can follow them; no token and no key.
import assert from "node:assert/strict";
import { keys } from "../../../scripts/test/api_fixture.ts";
import { localJwtSecret } from "../../../scripts/stack/keys.ts";
import { projectOfThisFile } from "../api/support.ts";
import { claimsOf, holders, send, tokenOf } from "./support.ts";

const project = projectOfThisFile();

/** What is written to the server's log while `work` is done. */
async function loggedDuring(work: () => Promise<unknown>): Promise<string> {
  const [{ folder }] = await project.superuser<{ folder: string }[]>`
    select current_setting('data_directory') as folder`;
  const file = `${folder}.log`;
  const { size } = await Deno.stat(file);
  await work();
  using log = await Deno.open(file);
  await log.seek(size, Deno.SeekMode.Start);
  return await new Response(log.readable).text();
}

/** What is printed while `work` is done. */
async function printedDuring(work: () => Promise<unknown>): Promise<string> {
  const names = ["log", "info", "warn", "error", "debug"] as const;
  const lines: string[] = [];
  const kept = names.map((name) => console[name]);
  for (const name of names) {
    console[name] = (...words: unknown[]) =>
      void lines.push(Deno.inspect(words));
  }
  try {
    await work();
  } finally {
    names.forEach((name, n) => console[name] = kept[n]);
  }
  return lines.join("\n");
}

Deno.test("R33 the logs have the sessions in them, and no token, key or e-mail address", async () => {
  const [user] = await holders(project, 1);
  const { token, live, device } = user;
  const expired = tokenOf({ ...claimsOf(user), exp: 1 });
  const forged = tokenOf(claimsOf(user), { secret: "another key" });
  const nobody = tokenOf({ ...claimsOf(user), sub: crypto.randomUUID() });
  const noUuid = tokenOf({ ...claimsOf(user), sub: "no uuid" });
  const noRole = tokenOf({ ...claimsOf(user), role: "postgres" });
  const tokens = [token, expired, forged, nobody, noUuid, noRole];

  let printed = "";
  const logged = await loggedDuring(async () => {
    printed = await printedDuring(async () => {
      for (const bearer of tokens) {
        for (
          const [name, body] of [
            ["start_session", { session_id: "another" }],
            ["heartbeat_session", { session_id: "never known" }],
            ["end_session", { session_id: live, reason: "bored" }],
            ["reap_stale_sessions", {}],
            ["holds_session", { session_id: live, fence: "none" }],
            ["not_there", {}],
          ] as const
        ) {
          await send(project, {
            path: `rpc/${name}?apikey=${keys.secret.other}`,
            body,
            token: bearer,
          });
        }
      }
      await send(project, {
        path: "rpc/reap_stale_sessions",
        body: { batch_size: 0 },
        key: keys.secret.default,
      });
    });
  });

  assert(logged.includes(live), "the refusal is in the log");
  assert(logged.includes(device));
  const secrets = [
    ...tokens.flatMap((each) => [each, each.split(".")[2]]),
    ...Object.values(keys.secret),
    localJwtSecret,
    user.email,
  ];
  for (const secret of secrets) {
    assert(!logged.includes(secret), `in the server's log: ${secret}`);
    assert(!printed.includes(secret), `printed: ${secret}`);
  }
});

Deno.test("R33 a refused argument of a megabyte is not kept in the log; one that is no number is, by Postgres", async () => {
  const [{ token, live }] = await holders(project, 1);
  const long = (letter: string) => letter.repeat(1024 * 1024);

  const logged = await loggedDuring(async () => {
    for (
      const [name, body] of [
        ["start_session", { session_id: long("v") }],
        ["start_session", { session_id: "b", device: long("v") }],
        ["end_session", { session_id: live, reason: long("v") }],
        ["heartbeat_session", { session_id: long("v") }],
        ["holds_session", { session_id: live, fence: long("w") }],
      ] as const
    ) {
      await send(project, { path: `rpc/${name}`, body, token });
    }
  });

  assert(logged.includes("session_id must be 1 to 128 characters"));
  assert(!logged.includes("v".repeat(1000)), "ours name the argument alone");
  // before the function is called; a limit for bodies at the gateway helps
  assert(logged.includes("w".repeat(1000)));
});

Deno.test("R33 nobody writes lines of their own into the log: a control character is refused", async () => {
  const [{ token, live }] = await holders(project, 1);
  const line = `${crypto.randomUUID()} LOG:  all is well`;

  const logged = await loggedDuring(async () => {
    for (
      const body of [
        { session_id: `a\n${line}` },
        { session_id: "b", device: `a\r\n${line}` },
        { session_id: `a\u0085${line}` },
        { session_id: `a\u001b[2K${line}` },
      ]
    ) {
      const answer = await send(project, {
        path: "rpc/start_session",
        body,
        token,
      });
      assert.equal(answer.status, 400);
      await send(project, {
        path: "rpc/heartbeat_session",
        body: { session_id: body.session_id === "b" ? live : body.session_id },
        token,
      });
    }
  });

  assert(logged.includes("none of them a control character"));
  assert(!logged.includes(line));
});
