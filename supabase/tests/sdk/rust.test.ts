// The crate postgrest.
import { join } from "node:path";
import { programOf } from "./programs.ts";
import { lostAnswer, testsOf } from "./story.ts";

const program = await programOf({
  folder: "rust",
  needs: [{ tool: ["cargo", "--version"], atLeast: "1.85" }],
  build: (into) => ({
    commands: [["cargo", "build", "--quiet", "--locked"]],
    env: { CARGO_TARGET_DIR: into },
  }),
  run: (built) => [join(built, "debug", "story")],
});

testsOf("Rust", program, [lostAnswer.error]);
