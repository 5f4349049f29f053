// Is the module as small as docs/notification.md says?
import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { nodeModules } from "../../../scripts/stack/paths.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { textOf } from "../../../scripts/test/files.ts";

Deno.test("the module realtime is as small as documented, minified and compressed", async () => {
  const { code, stdout, said } = await runCommand("node", [
    join(nodeModules, "esbuild", "bin", "esbuild"),
    ...["client/realtime.ts", "--bundle", "--minify", "--format=esm"],
  ], { signal: new AbortController().signal });
  assert.equal(code, 0, said);
  assert(!stdout.includes("start_session"), "without the client");

  const documented = /at most ([\d.]+) kB/
    .exec(textOf("docs/notification.md"))?.[1];
  const size = gzipSync(stdout).length;
  assert(size <= Number(documented) * 1024, `${size} bytes`);
});
