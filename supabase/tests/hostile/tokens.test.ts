// R33: tokens that nobody issued, tokens of somebody else, and what a token says
// that the project itself has signed.
import assert from "node:assert/strict";
import { keys } from "../../../scripts/test/api_fixture.ts";
import {
  changingNothing,
  changingSomething,
  projectOfThisFile,
} from "../api/support.ts";
import {
  claimsOf,
  type HandWritten,
  type Holder,
  holders,
  send,
  tokenOf,
  verdict,
} from "./support.ts";

const project = projectOfThisFile();

/** What a thief would ask for, with the token that it has. */
function asksFor(victim: Holder): Record<string, HandWritten> {
  const rpc = (name: string, body: unknown): HandWritten => ({
    path: `rpc/${name}`,
    body,
  });
  return {
    start: rpc("start_session", { session_id: "thief", takeover: true }),
    heartbeat: rpc("heartbeat_session", { session_id: victim.live }),
    end: rpc("end_session", { session_id: victim.live }),
    revoke: rpc("revoke_session", { user_id: victim.id }),
    reap: rpc("reap_stale_sessions", {}),
    read: { method: "GET", path: "active_interview_sessions" },
  };
}

/** What each of the asks came to. */
async function verdicts(
  victim: Holder,
  credentials: Pick<HandWritten, "token" | "key" | "headers">,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [what, ask] of Object.entries(asksFor(victim))) {
    const answer = await send(project, { ...ask, ...credentials });
    assert(
      !answer.body.includes(victim.id) && !answer.body.includes(victim.device),
      answer.body,
    );
    found[what] = verdict(answer);
  }
  return found;
}

const everyAsk = (answer: string) => ({
  start: answer,
  heartbeat: answer,
  end: answer,
  revoke: answer,
  reap: answer,
  read: answer,
});

Deno.test("R33 a token that the project did not sign opens nothing: 401", async () => {
  const [victim, thief] = await holders(project, 2);
  const claims = claimsOf(victim);
  const asOperator = { ...claims, role: "service_role" };
  const [header, payload, signature] = victim.token.split(".");
  const [, , thiefsSignature] = thief.token.split(".");
  const unsigned = (alg: string) =>
    tokenOf(asOperator, { header: { alg } }).split(".").slice(0, 2).join(".");
  const forged: Record<string, string> = {
    "another key": tokenOf(claims, { secret: "another key" }),
    "another key, as an operator": tokenOf(asOperator, {
      secret: "another key",
    }),
    "an empty key": tokenOf(asOperator, { secret: "" }),
    "the publishable key as the key": tokenOf(asOperator, {
      secret: keys.publishable,
    }),
    "alg none": `${unsigned("none")}.`,
    "alg nOnE": `${unsigned("nOnE")}.`,
    "alg none, with a signature": `${unsigned("none")}.${signature}`,
    "alg RS256": tokenOf(asOperator, { header: { alg: "RS256" } }),
    "a kid that is a path": tokenOf(asOperator, {
      secret: "",
      header: { kid: "../../../../dev/null" },
    }),
    "a kid that is SQL": tokenOf(asOperator, {
      secret: "known",
      header: { kid: "x' union select 'known" },
    }),
    "a key that it brings along": tokenOf(asOperator, {
      secret: "known",
      header: { jwk: { kty: "oct", k: btoa("known") } },
    }),
    "no signature": `${header}.${payload}.`,
    "two parts": `${header}.${payload}`,
    "four parts": `${victim.token}.${signature}`,
    "half a signature": `${header}.${payload}.${signature.slice(0, 20)}`,
    "the signature of another token": `${header}.${payload}.${thiefsSignature}`,
    "the publishable key": `${keys.publishable}.`,
    "the secret key as a token": keys.secret.default,
    "no JSON": `${header}.${btoa("sub=1").replaceAll("=", "")}.${signature}`,
    "SQL": "' or role = 'service_role' --",
  };

  await changingNothing(project, async () => {
    for (const [what, token] of Object.entries(forged)) {
      assert.deepEqual(
        await verdicts(victim, { token: token.replaceAll(" ", "") }),
        everyAsk("401 PGRST301"),
        what,
      );
    }
  });
  await changingSomething(project, async () => {
    const { heartbeat } = asksFor(victim);
    const answer = await send(project, { ...heartbeat, token: victim.token });
    assert.equal(verdict(answer), "200", "with the victim's own");
  });
});

Deno.test("R33 a token whose time has gone or has not come opens nothing: 401", async () => {
  const [victim] = await holders(project, 1);
  const now = Math.floor(Date.now() / 1000);

  await changingNothing(project, async () => {
    for (const time of [{ exp: now - 60 }, { nbf: now + 3600 }, { exp: 0 }]) {
      const token = tokenOf({ ...claimsOf(victim), ...time });
      assert.deepEqual(
        await verdicts(victim, { token }),
        everyAsk("401 PGRST303"),
        JSON.stringify(time),
      );
    }
  });
});

Deno.test("R33 a user's token is no key, and a key that is none opens nothing: 401", async () => {
  const [victim] = await holders(project, 1);
  const none = ["", "sb_secret_guessed", victim.token, "null", "'--"];

  await changingNothing(project, async () => {
    for (const key of none) {
      const found = await verdicts(victim, { key, token: victim.token });
      for (const [what, answer] of Object.entries(found)) {
        assert.match(answer, /^401/, `${what} with the key ${key}`);
      }
    }
  });
});

Deno.test("R33 a header cannot say who is asking", async () => {
  const [victim, thief] = await holders(project, 2);
  const claims = JSON.stringify(claimsOf(victim));
  const saying = {
    "request.jwt.claims": claims,
    "request.jwt.claim.sub": victim.id,
    "x-supabase-auth": claims,
    "x-user-id": victim.id,
    role: "service_role",
    "x-forwarded-for": "127.0.0.1",
  };
  const ask = (what: HandWritten) =>
    send(project, { ...what, token: thief.token, headers: saying });
  const { heartbeat, revoke, reap, read } = asksFor(victim);

  await changingNothing(project, async () => {
    assert.equal(verdict(await ask(heartbeat)), "410 PT410");
    assert.equal(verdict(await ask(revoke)), "403 42501");
    assert.equal(verdict(await ask(reap)), "403 42501");
    const rows = JSON.parse((await ask(read)).body);
    assert.deepEqual(
      rows.map(({ session_id }: { session_id: string }) => session_id),
      [thief.live],
    );
  });
  await changingSomething(project, async () => {
    const own = asksFor(thief).heartbeat;
    assert.equal(verdict(await ask(own)), "200", "the token alone counts");
  });
});

Deno.test("R33 a signed token for a role that is not of the API becomes nobody", async () => {
  const [victim] = await holders(project, 1);
  const roles = [
    ["postgres", "403 42501"],
    ["supabase_admin", "403 42501"],
    ["supabase_auth_admin", "403 42501"],
    ["nobody_of_this_name", "401 22023"],
    ["authenticated; set role postgres", "401 22023"],
    ["AUTHENTICATED", "401 22023"],
  ];

  await changingNothing(project, async () => {
    for (const [role, answer] of roles) {
      const token = tokenOf({ ...claimsOf(victim), role });
      assert.deepEqual(
        await verdicts(victim, { token }),
        everyAsk(answer),
        role,
      );
    }
  });
});

Deno.test("R33 a signed token without a role is anon's", async () => {
  const [victim] = await holders(project, 1);
  const { role: _role, ...claims } = claimsOf(victim);

  await changingNothing(project, async () =>
    assert.deepEqual(
      await verdicts(victim, { token: tokenOf(claims) }),
      everyAsk("401 42501"),
    ));
});

Deno.test("R33 a signed token for a user that is none is nobody's", async () => {
  const [victim] = await holders(project, 1);
  const notSignedIn = "401 PT401";
  const noUuid = "400 22P02";
  const subjects: [unknown, string][] = [
    [undefined, notSignedIn],
    [null, notSignedIn],
    [crypto.randomUUID(), notSignedIn],
    ["", noUuid],
    ["admin", noUuid],
    [42, noUuid],
    [true, noUuid],
    [[victim.id], noUuid],
    [{ id: victim.id }, noUuid],
    [`${victim.id}' or 'a' = 'a`, noUuid],
    [`${victim.id}\n`, noUuid],
    [`'; drop table public.active_interview_sessions; --`, noUuid],
  ];

  await changingNothing(project, async () => {
    for (const [sub, answer] of subjects) {
      const token = tokenOf({ ...claimsOf(victim), sub });
      const asks = Object.entries(asksFor(victim))
        .filter(([what]) => ["start", "heartbeat", "end"].includes(what));
      for (const [what, ask] of asks) {
        const { body, status } = await send(project, { ...ask, token });
        assert.equal(
          verdict({ body, status, headers: {} }),
          answer,
          `${what} as ${JSON.stringify(sub)}: ${body}`,
        );
        assert(!body.includes(victim.device) && !body.includes(victim.email));
      }
      const read = await send(project, { ...asksFor(victim).read, token });
      if (answer === notSignedIn) assert.equal(read.body, "[]");
      else assert.equal(verdict(read), answer);
    }
  });
});

Deno.test("R33 beside a user's token the secret key does not make an operator", async () => {
  const [victim, thief] = await holders(project, 2);

  const found = await changingNothing(project, async () => {
    const { revoke, reap, heartbeat } = asksFor(victim);
    const answers: string[] = [];
    for (const ask of [revoke, reap, heartbeat]) {
      answers.push(verdict(
        await send(project, {
          ...ask,
          key: keys.secret.default,
          token: thief.token,
        }),
      ));
    }
    return answers;
  });
  assert.deepEqual(found, ["403 42501", "403 42501", "410 PT410"]);
});
