// The hooks on a server, in Node.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../../scripts/test/command.ts";
import { bundled } from "./support.ts";

Deno.test("W15 the hooks are rendered in Node, and leave nothing running", async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "interview-server-"));
  try {
    const script = join(folder, "server.mjs");
    fs.writeFileSync(
      script,
      await bundled("supabase/tests/react/page/server.jsx", "node"),
    );

    const { code, stdout, said } = await runCommand("node", [script], {
      signal: new AbortController().signal,
    });

    assert.equal(code, 0, said);
    const page = "<p>idle unknown empty true</p>\n";
    assert.equal(stdout, page + page);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
