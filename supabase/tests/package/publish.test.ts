// The workflow that publishes the package: what can be run without npm's registry.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { runCommand } from "../../../scripts/test/command.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { withFolder } from "../stack/support.ts";

const { signal } = new AbortController();
const { on, permissions, jobs: { publish } } = parse(
  textOf(".github/workflows/publish.yml"),
);
const commands: string[] = publish.steps
  .flatMap(({ run }: { run?: string }) => run ?? []);
const { version } = JSON.parse(textOf("package.json"));

Deno.test("a version tag publishes with provenance, after the tests, and with no other rights", () => {
  assert.deepEqual(on, { push: { tags: ["v*"] } });
  assert.deepEqual(permissions, {});
  assert.deepEqual(publish.permissions, {
    contents: "read",
    "id-token": "write",
  });
  assert.match(commands.at(-1) ?? "", /^npm publish .*--provenance/);
  assert(commands.some((command) => command.startsWith("npm test ")));
});

Deno.test("a tag that is not the version of the package publishes nothing", async () => {
  const command = commandWith("GITHUB_REF_NAME");
  const codeFor = async (tag: string) => {
    const { code } = await runCommand("bash", ["-e", "-c", command], {
      signal,
      env: { GITHUB_REF_NAME: tag },
    });
    return code;
  };

  assert.equal(await codeFor(`v${version}`), 0);
  assert.equal(await codeFor("v9.9.9"), 1);
  assert.equal(await codeFor(version), 1);
});

Deno.test("the published manifest names the repository, which provenance requires", async () => {
  await withFolder(async (folder) => {
    const file = path.join(folder, "package.json");
    fs.writeFileSync(file, textOf("package.json"));

    const { code, said } = await runCommand(
      "bash",
      ["-e", "-c", commandWith("GITHUB_REPOSITORY")],
      {
        signal,
        cwd: folder,
        env: {
          GITHUB_SERVER_URL: "https://github.com",
          GITHUB_REPOSITORY: "an-owner/a-repository",
        },
      },
    );

    assert.equal(code, 0, said);
    const { repository } = JSON.parse(fs.readFileSync(file, "utf8"));
    assert.equal(
      repository.url,
      "git+https://github.com/an-owner/a-repository.git",
    );
  });
});

function commandWith(name: string): string {
  const command = commands.find((command) => command.includes(`$${name}`));
  assert(command, `no step uses ${name}`);
  return command;
}
