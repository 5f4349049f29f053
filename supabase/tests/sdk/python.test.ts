// The package `supabase` of Python.
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { programOf } from "./programs.ts";
import { lostAnswer, testsOf } from "./story.ts";

const program = await programOf({
  folder: "python",
  needs: [{ tool: ["python3", "--version"], atLeast: "3.11" }],
  build: (into) => ({
    commands: [
      ["python3", "-m", "venv", "--clear", into],
      [
        ...[join(into, "bin", "python"), "-m", "pip", "install", "--quiet"],
        ...["--disable-pip-version-check", "--no-deps", "--require-hashes"],
        ...["--only-binary", ":all:", "--requirement", "requirements.txt"],
      ] as [string, ...string[]],
    ],
  }),
  run: (built) => [
    join(built, "bin", "python"),
    // no __pycache__ beside the sources
    "-B",
    join(repositoryRoot, "supabase/tests/sdk/python/story.py"),
  ],
});

testsOf("Python", program, [lostAnswer.error]);
