// The npm package in the tools that apps are built with: from the tarball, in
// a folder outside the clone. Next itself is not installed: its default
// tsconfig.json decides what type-checks.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import { keys, projectOfThisFile } from "../../../scripts/test/api_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";
import { until } from "../waiting.ts";
import { type App, makeApp } from "./support.ts";

const project = projectOfThisFile();
let app: App;
Deno.test.beforeAll(async () => {
  app = await makeApp(path.join(import.meta.dirname!, "consumers"));
});
Deno.test.afterAll(() => app?.remove());

/** The newest TypeScript and the last one before it was rewritten. */
const compilers = ["typescript", "typescript-5"];

async function typeCheck(cwd: string) {
  for (const compiler of compilers) {
    const tsc = `../node_modules/${compiler}/bin/tsc`;
    const { code, said } = await app.run(tsc, ["--project", "."], { cwd });
    assert.equal(code, 0, `${compiler}: ${said}`);
  }
}

/** The minified bundle of a file in `esbuild/`. */
async function bundle(entry: string): Promise<string> {
  const { code, stdout, said } = await app.run(
    "../node_modules/esbuild/bin/esbuild",
    [entry, "--bundle", "--minify", "--format=esm", "--external:react"],
    { cwd: "esbuild" },
  );
  assert.equal(code, 0, said);
  return stdout;
}

Deno.test("W15 type-checks with Next's default tsconfig.json", () =>
  typeCheck("next"));

Deno.test("W15 type-checks with the tsconfig.json of Vite's React template", () =>
  typeCheck("vite"));

Deno.test("W15 type-checks with nodenext, exactOptionalPropertyTypes and the declarations themselves, without a DOM", () =>
  typeCheck("node"));

Deno.test("W15 takes supabase-js clients that are typed for any schema", () =>
  typeCheck("schemas"));

Deno.test("the code in the documentation type-checks", async () => {
  const pages = {
    "docs/client.md": ["client.ts", "react.tsx", "node.ts"],
    "docs/drafts.md": ["drafts.tsx"],
    "docs/quick-start.md": [
      ...["supabase.ts", "client.ts", "interview.tsx"],
      ...["rpc.ts", "previous.ts"],
    ],
  };
  const folder = path.join(app.folder, "documented");
  for (const [page, names] of Object.entries(pages)) {
    const source = path.join(folder, "src", path.basename(page, ".md"));
    fs.mkdirSync(source, { recursive: true });
    for (const name of names) {
      fs.writeFileSync(path.join(source, name), recipesOf(page)(name));
    }
  }
  fs.copyFileSync(
    path.join(app.folder, "vite", "tsconfig.json"),
    path.join(folder, "tsconfig.json"),
  );

  await typeCheck("documented");
});

Deno.test("Vite builds an app with it", async () => {
  const { code, said } = await app.run(
    "../node_modules/vite/bin/vite.js",
    ["build", "--logLevel", "warn"],
    { cwd: "vite", env: { NODE_ENV: "production" } },
  );

  assert.equal(code, 0, said);
  const assets = path.join(app.folder, "vite", "dist", "assets");
  const [script, ...more] = fs.readdirSync(assets)
    .filter((name) => name.endsWith(".js"));
  assert.deepEqual(more, []);
  const text = fs.readFileSync(path.join(assets, script), "utf8");
  assert.match(text, /start_session/);
});

Deno.test("the client has at most 5 kB, minified and compressed", async () => {
  const text = await bundle("client.js");

  for (const name of ["start_session", "heartbeat_session", "keepalive"]) {
    assert(text.includes(name), name);
  }
  const size = gzipSync(text).length;
  assert(size <= 5 * 1024, `${size} bytes`);
  const documented = /in at most (\d) kB/.exec(textOf("docs/client.md"))?.[1];
  assert.equal(documented, "5");
});

Deno.test("a bundle contains only what is imported", async () => {
  assert.doesNotMatch(await bundle("react.js"), /start_session/);
  assert.doesNotMatch(await bundle("refusal.js"), /start_session/);
  assert.equal(await bundle("nothing.js"), 'console.log("nothing else");\n');
});

Deno.test("W15 an interview in plain Node: started, refused to others, submitted", async () => {
  const email = `${randomUUID()}@example.com`;

  const { code, stdout, said } = await app.run("interview.mjs", [], {
    cwd: "node",
    env: { URL: project.url, KEY: keys.publishable, EMAIL: email },
  });

  assert.equal(code, 0, said);
  assert.equal(stdout, "idle starting live completing over\n");
  const { data } = await project.service.from("interview_session_history")
    .select("end_reason, device").eq("device", "A backend");
  assert.deepEqual(data, [{ end_reason: "completed", device: "A backend" }]);
});

Deno.test("W9 W7 one backend holds sessions for several users, each with that user's token", async () => {
  const [ada, bob] = await project.newUsers(2);

  const { code, stdout, said } = await app.run("sessions_for_users.mjs", [], {
    cwd: "node",
    env: {
      URL: project.url,
      KEY: keys.publishable,
      TOKENS: JSON.stringify({ ada: ada.token, bob: bob.token }),
    },
  });

  assert.equal(code, 0, said);
  assert.equal(stdout, "done\n");
  await until("bob's session has ended", async () => {
    const { data } = await project.service.from("interview_session_history")
      .select("user_id, end_reason").in("user_id", [ada.id, bob.id]);
    return data?.length === 2 &&
      data.every(({ user_id, end_reason }) =>
        end_reason === (user_id === ada.id ? "completed" : "disconnected")
      );
  });
});

Deno.test("W15 a React page is rendered on a server", async () => {
  const { code, stdout, said } = await app.run("server.mjs", [], {
    cwd: "node",
  });

  assert.equal(code, 0, said);
  assert.equal(stdout, "<p>idle, no seconds left</p>\n");
});
