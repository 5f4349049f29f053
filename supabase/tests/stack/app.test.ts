// The example app in the local stack: built when its sources have changed,
// served as files, told where its API is; and its administrator.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { createClient } from "@supabase/supabase-js";
import { administrator } from "../../../scripts/stack/administrator.ts";
import {
  type AppFiles,
  buildApp,
  serveApp,
} from "../../../scripts/stack/app.ts";
import { localKeys } from "../../../scripts/stack/keys.ts";
import { nodeModules } from "../../../scripts/stack/paths.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import { type Stack, startStack } from "../../../scripts/stack/stack.ts";
import { type PreparedFolder, prepareFolder } from "./prepared_folder.ts";
import { answersOn, connected, withFolder } from "./support.ts";

/** An app of one script, which is built in no time. */
interface SmallApp {
  source: string;
  script: string;
  builds: string;
}

/** Makes one, and a folder for its builds. */
async function withSmallApp(
  work: (app: SmallApp) => Promise<void>,
) {
  await withFolder(async (folder) => {
    fs.symlinkSync(nodeModules, path.join(folder, "node_modules"));
    const source = path.join(folder, "app");
    const script = path.join(source, "main.ts");
    fs.mkdirSync(source);
    fs.writeFileSync(
      path.join(source, "index.html"),
      '<!doctype html><script type="module" src="/main.ts"></script>\n',
    );
    fs.writeFileSync(script, "console.log(1);\n");
    await work({ source, script, builds: path.join(folder, "builds") });
  }, { prefix: "an app " });
}

/** Makes a script of the app one that cannot be built. */
function breakIt(script: string) {
  fs.appendFileSync(script, 'import "./nowhere.ts";\n');
}

const config = { apiUrl: "http://api.example", publishableKey: "a key" };

async function withServed(
  files: AppFiles,
  work: (url: string) => Promise<void>,
) {
  const app = serveApp({ port: freePort(), files, config });
  try {
    await work(app.url);
  } finally {
    await app.stop();
  }
}

let prepared: PreparedFolder;
Deno.test.beforeAll(async () => {
  prepared = await prepareFolder();
});
Deno.test.afterAll(() => prepared.remove());

async function withStack(
  o: { folder: string; appSource?: string },
  work: (stack: Stack) => Promise<void>,
) {
  const stack = await startStack({
    apiPort: freePort(),
    dbPort: freePort(),
    appPort: freePort(),
    reapEveryMs: null,
    durable: false,
    ...o,
  });
  try {
    await work(stack);
  } finally {
    await stack.stop();
  }
}

Deno.test("what has been built is not built again, until a source changes", async () => {
  await withSmallApp(async ({ source, script, builds }) => {
    const first = await buildApp({ source, builds });
    const [build] = fs.readdirSync(builds);
    // would be gone if it were built again
    fs.writeFileSync(path.join(builds, build, "witness"), "");

    const second = await buildApp({ source, builds });
    assert(second.has("/witness"));
    assert.deepEqual(fs.readdirSync(builds), [build]);

    fs.appendFileSync(script, "console.log(2);\n");
    const third = await buildApp({ source, builds });
    assert(!third.has("/witness"));
    assert.equal(fs.readdirSync(builds).length, 2);
    assert.notDeepEqual([...third.keys()], [...first.keys()]);
  });
});

Deno.test("two that build at once do not disturb each other", async () => {
  await withSmallApp(async ({ source, builds }) => {
    const both = await Promise.all([
      buildApp({ source, builds }),
      buildApp({ source, builds }),
    ]);

    assert.deepEqual([...both[0].keys()], [...both[1].keys()]);
    assert.equal(fs.readdirSync(builds).length, 1);
  });
});

Deno.test("a build that fails says why, and leaves nothing behind", async () => {
  await withSmallApp(async ({ source, script, builds }) => {
    breakIt(script);

    await assert.rejects(buildApp({ source, builds }), {
      name: "StackProblem",
      message: /vite build[^]*nowhere\.ts/,
    });

    assert.deepEqual(
      fs.existsSync(builds) ? fs.readdirSync(builds) : [],
      [],
    );
  });
});

Deno.test("the pages, their files and their configuration are served, and nothing else", async () => {
  await withServed(await buildApp(), async (url) => {
    const get = async (place: string, method = "GET") => {
      const response = await fetch(url + place, { method });
      return {
        status: response.status,
        type: response.headers.get("content-type")?.split(";")[0],
        cache: response.headers.get("cache-control"),
        text: await response.text(),
      };
    };
    const page = await get("/");
    assert.equal(page.status, 200);
    assert.equal(page.type, "text/html");
    // "no-store" would keep the page out of the back/forward cache
    assert.equal(page.cache, "no-cache");
    for (const place of ["/admin", "/admin?refresh=1", "/?upload=1"]) {
      assert.deepEqual(await get(place), page, place);
    }

    const assets = page.text.match(/\/assets\/[\w.-]+\.(js|css)/g) ?? [];
    assert(assets.some((place) => place.endsWith(".js")));
    assert(assets.some((place) => place.endsWith(".css")));
    for (const place of assets) {
      const { type, cache } = await get(place);
      assert.equal(
        type,
        place.endsWith(".js") ? "text/javascript" : "text/css",
        place,
      );
      assert.match(cache!, /max-age=31536000, immutable/, place);
    }

    const { status, text } = await get("/config.json");
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text), config);

    for (const place of ["/src/main.tsx", "/nothing.js", "/..%2fschema.sql"]) {
      assert.equal((await get(place)).status, 404, place);
    }
    assert.equal((await get("/", "POST")).status, 405);
    assert.equal((await get("/", "HEAD")).text, "");
  });
});

Deno.test("files are served compressed, with brotli or else gzip, to whoever accepts it", async () => {
  await withServed(await buildApp(), async (url) => {
    /** By its own client: fetch would ask for compression, and undo it. */
    const get = (place: string, acceptEncoding?: string) =>
      new Promise<{ encoding?: string; vary?: string; bytes: Buffer }>(
        (resolve, reject) =>
          http.get(url + place, {
            headers: acceptEncoding
              ? { "accept-encoding": acceptEncoding }
              : {},
          }, async (response) => {
            const chunks: Buffer[] = [];
            for await (const chunk of response) chunks.push(chunk);
            const { "content-encoding": encoding, vary } = response.headers;
            resolve({ encoding, vary, bytes: Buffer.concat(chunks) });
          }).on("error", reject),
      );
    const page = await get("/");
    const [script] = `${page.bytes}`.match(/\/assets\/[\w.-]+\.js/) ?? [];
    for (const place of ["/", script!]) {
      const plain = await get(place);
      assert.equal(plain.encoding, undefined);
      for (
        const [accepted, encoding, decompress] of [
          ["gzip, deflate, br", "br", brotliDecompressSync],
          ["gzip", "gzip", gunzipSync],
        ] as const
      ) {
        const answer = await get(place, accepted);
        assert.equal(answer.encoding, encoding);
        assert.equal(answer.vary, "accept-encoding");
        assert(answer.bytes.length < plain.bytes.length);
        assert(decompress(answer.bytes).equals(plain.bytes));
      }
    }
  });
});

Deno.test("pages may load and call nothing but the app and its API", async () => {
  await withServed(await buildApp(), async (url) => {
    const response = await fetch(`${url}/admin`);
    await response.body?.cancel();
    const policy = new Map(
      response.headers.get("content-security-policy")!.split("; ")
        .map((rule) => {
          const [name, ...sources] = rule.split(" ");
          return [name, sources] as const;
        }),
    );
    assert.deepEqual(policy.get("default-src"), ["'none'"]);
    assert.deepEqual(policy.get("script-src"), ["'self'"]);
    assert.deepEqual(policy.get("connect-src"), [
      "'self'",
      "http://api.example",
      "ws://api.example",
    ]);
    assert.deepEqual(policy.get("frame-ancestors"), ["'none'"]);
  });
});

Deno.test("a port that is taken is named", async () => {
  const files = await buildApp();
  await withServed(files, (url) => {
    const port = Number(new URL(url).port);
    assert.throws(() => serveApp({ port, files, config }), {
      name: "StackProblem",
      message: new RegExp(`^Port ${port}, wanted for the app.*--app-port`),
    });
    return Promise.resolve();
  });
});

Deno.test("in a stack the page learns where the API is, and its table is guarded", async () => {
  await prepared.withCopy((folder) =>
    withStack({ folder }, async (stack) => {
      assert(stack.app && "url" in stack.app);
      const response = await fetch(`${stack.app.url}/config.json`);
      const { apiUrl, publishableKey } = await response.json();
      assert.equal(apiUrl, stack.apiUrl);

      const client = createClient(apiUrl, publishableKey, {
        auth: { persistSession: false, autoRefreshToken: false },
      });
      await client.auth.signUp({
        email: "a@example.com",
        password: "a-password",
      });
      const interview = { interview_id: "application" };
      const { data: session } = await client.rpc("start_session", {
        session_id: "one",
        ...interview,
      });
      const answer = {
        ...interview,
        session_id: "one",
        fence: session.fence,
        revision: 1,
        question: 1,
        answer: "an answer",
      };
      const save = (row: Record<string, unknown>) =>
        client.from("interview_answers")
          .upsert({ ...answer, ...row }, {
            onConflict: "user_id,interview_id,question",
          });
      const saved = async () =>
        (await client.from("interview_answers").select("question, answer"))
          .data;
      assert.equal((await save({})).error, null);
      const better = { revision: 3, answer: "a better one" };
      assert.equal((await save(better)).error, null);
      // an older version arrives late
      assert.equal((await save({ revision: 2 })).error, null);
      assert.deepEqual(await saved(), [{
        question: 1,
        answer: "a better one",
      }]);

      const { data: length } = await client.rpc("interview_seconds");
      assert.equal(length, 15 * 60);

      await client.rpc("start_session", {
        session_id: "two",
        takeover: true,
        ...interview,
      });
      const refused = [
        await save({ revision: 4, answer: "B5: too late" }),
        await save({ question: 2 }),
        // C1: no other interview, which would have a clock of its own
        await save({ session_id: "two", interview_id: "another" }),
      ];
      assert.deepEqual(refused.map(({ status }) => status), [403, 403, 403]);
      assert.deepEqual(refused.map(({ error }) => error?.code), [
        "42501",
        "42501",
        "42501",
      ]);
      assert.deepEqual(await saved(), [{
        question: 1,
        answer: "a better one",
      }]);
    })
  );
});

Deno.test("M17 the local administrator administers, nobody else does, also after a second start", async () => {
  await withFolder(async (folder) => {
    const healthFor = async (stack: Stack, isNew: boolean) => {
      const client = createClient(stack.apiUrl, localKeys.publishable, {
        auth: { persistSession: false, autoRefreshToken: false },
      });
      const { error } = isNew
        ? await client.auth.signUp({
          email: "ordinary@example.com",
          password: "a-password",
        })
        : await client.auth.signInWithPassword(administrator);
      assert.equal(error, null);
      return await client.rpc("admin_session_health");
    };
    const accounts = ({ dbUrl }: Stack) =>
      connected(dbUrl, (sql) =>
        sql`
          select id, raw_app_meta_data::text from auth.users
          where email = ${administrator.email}`);

    let before: unknown[] = [];
    await withStack({ folder }, async (stack) => {
      assert.equal((await healthFor(stack, false)).data.length, 1);
      const refused = await healthFor(stack, true);
      assert.equal(refused.status, 403);
      assert.equal(refused.error?.code, "42501");
      before = [...await accounts(stack)];
      assert.equal(before.length, 1);
    });
    await withStack({ folder }, async (stack) => {
      assert.deepEqual([...await accounts(stack)], before);
      assert.equal((await healthFor(stack, false)).data.length, 1);
    });
  });
});

Deno.test("a stack comes up without the app if that cannot be built, and says why", async () => {
  await withSmallApp(async ({ source, script }) => {
    breakIt(script);
    await prepared.withCopy((folder) =>
      withStack({ folder, appSource: source }, async (stack) => {
        assert(stack.app && "problem" in stack.app);
        assert.match(stack.app.problem, /nowhere\.ts/);
        assert.equal(await answersOn(Number(new URL(stack.apiUrl).port)), true);
      })
    );
  });
});
