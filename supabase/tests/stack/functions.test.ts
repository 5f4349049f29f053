// Edge Functions: each in a process of its own, which comes and goes as it must.
import assert from "node:assert/strict";
import {
  type Functions,
  ownEnvironment,
  serveFunctions,
} from "../../../scripts/stack/functions.ts";
import { isAlive, until, withFolder } from "./support.ts";

const sources: Record<string, string> = {
  echo: `export default {
    fetch: async (request) => Response.json({
      path: new URL(request.url).pathname,
      method: request.method,
      text: await request.text(),
      apikey: request.headers.get("apikey"),
    }, { status: 201, headers: { "x-mine": "1" } }),
  };`,
  environment: `export default {
    fetch: () => Response.json({ pid: Deno.pid, env: Deno.env.toObject() }),
  };`,
  broken: `throw new Error("broken at boot");`,
  chatty: `console.log("at boot"); export default {
    fetch: () => { console.error("when asked"); return new Response("ok"); },
  };`,
  dying: `export default { fetch: () => Deno.exit(3) };`,
};

/** Functions of the given names, in a folder with a blank. */
async function withFunctions(
  names: string[],
  work: (functions: Functions, lines: string[]) => Promise<void>,
) {
  await withFolder(async (folder) => {
    for (const name of names) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/index.ts`, sources[name]);
    }
    const lines: string[] = [];
    const functions = serveFunctions({
      folder,
      env: { SUPABASE_URL: "http://127.0.0.1:1" },
      onLine: (name, line) => lines.push(`${name}: ${line}`),
    });
    try {
      await work(functions, lines);
    } finally {
      await functions.stop();
    }
  }, { prefix: "functions of mine " });
}

function request(path: string, init?: RequestInit): Request {
  return new Request(`http://127.0.0.1/functions/v1/${path}`, init);
}

Deno.test("a request reaches its function and the answer comes back, whole", async () => {
  await withFunctions(["echo"], async (functions) => {
    const response = await functions.answer(
      request("echo/more?a=b", {
        method: "POST",
        body: "hello",
        headers: { apikey: "k" },
      }),
      "echo",
    );
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("x-mine"), "1");
    assert.deepEqual(await response.json(), {
      path: "/echo/more",
      method: "POST",
      text: "hello",
      apikey: "k",
    });
  });
});

Deno.test("an unknown function is a 404, also one outside of the folder", async () => {
  await withFunctions(["echo"], async (functions) => {
    for (const name of ["none", "", "..", "_shared", "ECHO"]) {
      const response = await functions.answer(request(name), name);
      assert.equal(response.status, 404, name);
      assert.equal((await response.json()).code, "NOT_FOUND");
    }
  });
});

Deno.test("a function sees its own environment and little of ours", async () => {
  Deno.env.set("SECRET_OF_OURS", "1");
  await withFunctions(["environment"], async (functions) => {
    const response = await functions.answer(
      request("environment"),
      "environment",
    );
    const { env } = await response.json();
    assert.equal(env.SUPABASE_URL, "http://127.0.0.1:1");
    assert.equal(env.SECRET_OF_OURS, undefined);
  });
  Deno.env.delete("SECRET_OF_OURS");
});

Deno.test("what it prints is passed on, line by line", async () => {
  await withFunctions(["chatty"], async (functions, lines) => {
    await (await functions.answer(request("chatty"), "chatty")).text();
    await until("both lines", () => lines.length >= 2);
    assert.deepEqual(lines, ["chatty: at boot", "chatty: when asked"]);
  });
});

Deno.test("one that does not start is a 503, and says why in the log", async () => {
  await withFunctions(["broken"], async (functions, lines) => {
    const response = await functions.answer(request("broken"), "broken");
    assert.equal(response.status, 503);
    assert.equal((await response.json()).code, "BOOT_ERROR");
    await until(
      "the reason is logged",
      () => lines.some((line) => line.includes("broken at boot")),
    );
  });
});

Deno.test("one that dies is a 503 once, and is started again by the next request", async () => {
  await withFunctions(["dying", "environment"], async (functions) => {
    for (let i = 0; i < 2; i++) {
      const response = await functions.answer(request("dying"), "dying");
      assert.equal(response.status, 503);
      assert.equal((await response.json()).code, "WORKER_ERROR");
    }
    const pidOf = async () =>
      (await (await functions.answer(request("environment"), "environment"))
        .json()).pid;
    const first = await pidOf();
    assert.equal(await pidOf(), first);
    Deno.kill(first, "SIGKILL");
    await until("it is gone", () => !isAlive(first));
    let second = first;
    await until("another one answers", async () => {
      const response = await functions.answer(
        request("environment"),
        "environment",
      );
      const { pid } = await response.json();
      second = pid ?? first;
      return second !== first;
    });
  });
});

Deno.test("stopping ends the processes", async () => {
  let pid = 0;
  await withFunctions(["environment"], async (functions) => {
    await functions.warmUp();
    ({ pid } =
      await (await functions.answer(request("environment"), "environment"))
        .json());
    assert.ok(isAlive(pid));
  });
  assert.equal(isAlive(pid), false);
});

Deno.test("the file .env adds to their environment, as with the Supabase CLI, and replaces no key", async () => {
  await withFolder(async (folder) => {
    assert.deepEqual(ownEnvironment(folder), {});
    await Deno.writeTextFile(
      `${folder}/.env`,
      `# mine
INTERVIEW_SESSIONS_WEBHOOK_SECRETS='{"meter": "whsec_a whsec_b"}'
SUPABASE_URL=http://elsewhere.example
PLAIN=1
`,
    );
    assert.deepEqual(ownEnvironment(folder), {
      INTERVIEW_SESSIONS_WEBHOOK_SECRETS: '{"meter": "whsec_a whsec_b"}',
      PLAIN: "1",
    });
  });
});
