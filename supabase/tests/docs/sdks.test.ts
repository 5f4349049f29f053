// docs/sdks.md and docs/mobile-and-backend.md show code that supabase/tests/sdk
// runs, and name the versions that it runs with.
import assert from "node:assert/strict";
import { projectOfThisFile } from "../../../scripts/test/api_fixture.ts";
import { filesBelow, textOf } from "../../../scripts/test/files.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";

const project = projectOfThisFile();

/** The recipes of each page, and the files that they are taken from. */
const excerpts: Record<string, Record<string, string>> = {
  "docs/sdks.md": {
    "client.py": "python/client.py",
    "Sessions.kt": "kotlin/src/main/kotlin/Sessions.kt",
    "client.go": "go/sessions/client.go",
    "sessions.rs": "rust/src/sessions.rs",
    "client.ts": "javascript/client.ts",
  },
  "docs/mobile-and-backend.md": {
    "server.py": "python/server.py",
    "server_use.py": "python/server.py",
  },
};

/** What stands between blank lines. */
function paragraphs(text: string): string[] {
  return text.split(/\n{2,}/).map((text) => text.trimEnd())
    .filter((text) => text !== "");
}

for (const [page, files] of Object.entries(excerpts)) {
  for (const [name, file] of Object.entries(files)) {
    Deno.test(`C8 ${page}: ${name} is taken from the tested file`, () => {
      const tested = paragraphs(textOf(`supabase/tests/sdk/${file}`));
      let last = -1;
      for (const shown of paragraphs(recipesOf(page)(name))) {
        const index = tested.indexOf(shown);
        assert(index > last, `not in ${file}, or not in this order:\n${shown}`);
        last = index;
      }
    });
  }
}

Deno.test("C8 docs/sdks.md shows an excerpt of each client that is tested", () => {
  const clients = filesBelow("supabase/tests/sdk", "")
    .filter((file) => /\/(client|sessions)\.\w+$/i.test(file))
    .map((file) => file.replace("supabase/tests/sdk/", ""));

  const shown = Object.values(excerpts["docs/sdks.md"]);
  assert.deepEqual(clients.sort(), shown.sort());
});

/** The version of each package, in the file where its language pins it. */
const pins: [language: string, file: string, pin: RegExp][] = [
  [
    "JavaScript",
    "package.json",
    /"@supabase\/supabase-js": "([\d.]+)",\n +"@t/,
  ],
  ["Python", "supabase/tests/sdk/python/requirements.txt", /^supabase==(\S+)/m],
  [
    "Kotlin",
    "supabase/tests/sdk/kotlin/pom.xml",
    /postgrest-kt-jvm<\/artifactId>\s*<version>(.*?)</,
  ],
  ["Go", "supabase/tests/sdk/go/go.mod", /postgrest-go v(\S+)/],
  ["Rust", "supabase/tests/sdk/rust/Cargo.toml", /^postgrest = "=(.*)"/m],
];

for (const [language, file, pin] of pins) {
  Deno.test(`C8 docs/sdks.md names the version that is tested with ${language}`, () => {
    const version = pin.exec(textOf(file))?.[1];
    assert(version, `${file} pins no version`);
    const row = textOf("docs/sdks.md").split("\n")
      .find((line) => line.startsWith(`| ${language} `));
    const cells = row?.split("|").map((cell) => cell.trim());
    assert.equal(cells?.[3], version);
    assert.equal(cells?.[5], "yes");
  });
}

Deno.test("M10 docs/mobile-and-backend.md: the settings for apps that the user may leave", async () => {
  const user = await project.newUser();
  const away = recipesOf("docs/mobile-and-backend.md")("away.sql");
  await project.sql.unsafe(away).simple();

  const { data } = await user.client.rpc("start_session", {
    session_id: "phone",
  });

  const { expires_at, updated_at } = data!;
  assert.equal(Date.parse(expires_at) - Date.parse(updated_at), 600_000);
});
