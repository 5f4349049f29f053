// Is the module as small as docs/drafts.md says?
import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { nodeModules } from "../../../scripts/stack/paths.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { textOf } from "../../../scripts/test/files.ts";

Deno.test("drafts are as small as documented, minified and compressed, without idb", async () => {
  const { code, stdout, said } = await runCommand("node", [
    join(nodeModules, "esbuild", "bin", "esbuild"),
    ...["client/drafts.ts", "--bundle", "--minify", "--format=esm"],
    "--external:idb",
  ], { signal: new AbortController().signal });
  assert.equal(code, 0, said);
  assert(!stdout.includes("start_session"), "without the client");

  const documented = /at most ([\d.]+) kB/.exec(textOf("docs/drafts.md"))?.[1];
  const size = gzipSync(stdout).length;
  assert(size <= Number(documented) * 1024, `${size} bytes`);
});
