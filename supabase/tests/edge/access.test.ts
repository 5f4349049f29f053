// Who may call the Edge Function, and how. A stale session stands by in each
// test: whoever is refused must have reaped nothing, and whoever is not, it.
import assert from "node:assert/strict";
import {
  clear,
  invoke,
  keys,
  type Project,
  projectOfThisFile,
  reap,
  reaperRuns,
  seedStale,
  startProject,
  stillThere,
} from "./support.ts";

const project = projectOfThisFile({ functions: true });

type Call = Parameters<typeof invoke>[1];

async function refused(
  { calls, status, on = project }: {
    calls: Record<string, Call>;
    status: number;
    on?: Project;
  },
) {
  await clear(on);
  const stale = await seedStale(on, 1);
  const runs = await reaperRuns(on);

  for (const [who, call] of Object.entries(calls)) {
    const answer = await invoke(on, call);
    const said = JSON.stringify(answer.body);
    assert.equal(answer.status, status, `${who}: ${said}`);
    const { message } = answer.body as { message?: string };
    assert.match(message ?? "", /\w/, `${who}: it says why`);
    assert.doesNotMatch(said, /sb_secret_/, "no key in the answer");
  }

  assert.deepEqual(await stillThere(on), stale);
  assert.equal(await reaperRuns(on), runs);
  await reap(on);
  assert.deepEqual(await stillThere(on), [], "a good call does reap");
}

for (const name of ["default", "cron"] as const) {
  Deno.test(`the secret key named ${name} opens it`, async () => {
    await clear(project);
    await seedStale(project, 1);

    const { status } = await invoke(project, {
      headers: { apikey: keys.secret[name] },
    });

    assert.equal(status, 200);
    assert.deepEqual(await stillThere(project), []);
  });
}

Deno.test("a secret key of another name does not: 403", async () => {
  await refused({
    calls: { other: { headers: { apikey: keys.secret.other } } },
    status: 403,
  });
});

Deno.test("what is no secret key does not: 401", async () => {
  const user = await project.newUser();
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  await refused({
    calls: {
      "nobody": { headers: {} },
      "the publishable key": { headers: { apikey: keys.publishable } },
      "an unknown key": { headers: { apikey: "sb_secret_unknown" } },
      "an empty key": { headers: { apikey: "" } },
      "the right key and more": {
        headers: { apikey: `${keys.secret.default}x` },
      },
      "a user": {
        headers: { apikey: keys.publishable, ...bearer(user.token) },
      },
      "a user's token alone": { headers: bearer(user.token) },
      "a user's token as a key": { headers: { apikey: user.token } },
      "the secret key as a token": { headers: bearer(keys.secret.default) },
    },
    status: 401,
  });
});

Deno.test("a wrong key is 401, too, where no key named cron was made", async () => {
  const withoutCron = await startProject({
    functions: true,
    functionsEnv: {
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secret.default }),
    },
  });
  try {
    await refused({
      calls: {
        "the publishable key": { headers: { apikey: keys.publishable } },
        "an unknown key": { headers: { apikey: keys.secret.cron } },
      },
      status: 401,
      on: withoutCron,
    });
  } finally {
    await withoutCron.stop();
  }
});

Deno.test("I8 where only SUPABASE_SERVICE_ROLE_KEY is set, that key opens it, and no other", async () => {
  // the local API takes it for a secret key, as a self-hosted one does
  const legacy = keys.secret.default;
  const selfHosted = await startProject({
    functions: true,
    functionsEnv: {
      SUPABASE_SECRET_KEYS: "",
      SUPABASE_PUBLISHABLE_KEYS: "",
      SUPABASE_SERVICE_ROLE_KEY: legacy,
    },
  });
  try {
    await refused({
      calls: {
        "nobody": { headers: {} },
        "the publishable key": { headers: { apikey: keys.publishable } },
        "another secret key": { headers: { apikey: keys.secret.cron } },
        "what stands in for no key": { headers: { apikey: "not used" } },
      },
      status: 401,
      on: selfHosted,
    });
  } finally {
    await selfHosted.stop();
  }
});

Deno.test("I8 without any secret key it says which variable to set: 500", async () => {
  const keyless = await startProject({
    functions: true,
    functionsEnv: { SUPABASE_SECRET_KEYS: "" },
  });
  try {
    const { status, body } = await invoke(keyless);

    assert.equal(status, 500);
    assert.match(
      (body as { hint: string }).hint,
      /Set SUPABASE_SECRET_KEYS, or SUPABASE_SERVICE_ROLE_KEY/,
    );
  } finally {
    await keyless.stop();
  }
});

Deno.test("anything but POST is refused, with the right key, too: 405", async () => {
  const methods = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"];

  await refused({
    calls: Object.fromEntries(methods.map((method) => [
      method,
      { method, headers: { apikey: keys.secret.default } },
    ])),
    status: 405,
  });

  for (const method of [...methods, "HEAD"]) {
    const { status, headers } = await invoke(project, { method });
    assert.equal(status, 405);
    assert.equal(headers.get("allow"), "POST");
  }
});

Deno.test("a body that is not JSON is refused: 400", async () => {
  const bodies = ["not JSON", "{", "{'a': 1}", "<xml/>", "undefined"];

  await refused({
    calls: Object.fromEntries(bodies.map((body) => [
      body,
      { body, headers: { apikey: keys.secret.default } },
    ])),
    status: 400,
  });
});

Deno.test("a body that is JSON, or none, makes no difference", async () => {
  for (const body of [undefined, "", "  \n", "{}", "null", '{"name":"cron"}']) {
    await clear(project);
    await seedStale(project, 1);

    const { status } = await invoke(project, {
      body,
      headers: {
        apikey: keys.secret.default,
        "content-type": "application/json",
      },
    });

    assert.equal(status, 200, `the body ${body}`);
    assert.deepEqual(await stillThere(project), []);
  }
});

Deno.test("no page may call it: there are no CORS headers", async () => {
  const origin = "https://app.example.com";
  const calls: Call[] = [
    {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "apikey",
      },
    },
    { headers: { origin, apikey: keys.secret.default } },
    { headers: { origin, apikey: keys.publishable } },
    { headers: { origin, apikey: keys.secret.default }, body: "no JSON" },
    { method: "GET", headers: { origin } },
  ];

  for (const call of calls) {
    const { headers } = await invoke(project, call);
    const cors = [...headers.keys()].filter((name) =>
      name.startsWith("access-control-")
    );
    assert.deepEqual(cors, []);
  }
});
