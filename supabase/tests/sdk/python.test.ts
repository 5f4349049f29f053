// The package `supabase` of Python.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { programOf } from "./programs.ts";
import { lostAnswer, testsOf } from "./story.ts";

const program = await programOf({
  folder: "python",
  inputs: ["requirements.txt"],
  needs: [{ tool: ["python3", "--version"], atLeast: "3.11" }],
  build: (into) => ({
    commands: [
      ["python3", "-m", "venv", "--clear", into],
      [
        ...[join(into, "bin", "python"), "-m", "pip", "install", "--quiet"],
        ...["--disable-pip-version-check", "--no-deps", "--require-hashes"],
        ...["--only-binary", ":all:", "--requirement", "requirements.txt"],
      ],
    ],
  }),
  run: (built) => [
    join(built, "bin", "python"),
    // no __pycache__ beside the sources
    "-B",
    join(repositoryRoot, "supabase/tests/sdk/python/story.py"),
  ],
});

testsOf("Python", program, [
  lostAnswer.error,
  [
    "a server holds a session with its user's token, and ends it when it stops",
    ({ line, row }) => {
      const { status, device } = row("server");
      assert.deepEqual({ status, device }, {
        status: "active",
        device: "Phone line",
      });
      assert.equal(line("server").lost, false);
      assert.equal(row("server stopped").end_reason, "disconnected");
    },
  ],
  ["a server stops its work when the session is lost", ({ refusal }) => {
    const { code, details } = refusal("server lost");
    assert.equal(code, "PT410");
    assert.equal(details?.end_reason, "taken_over");
  }],
]);
