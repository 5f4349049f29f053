// supabase-js in Node.
import { join } from "node:path";
import { nodeModules } from "../../../scripts/stack/paths.ts";
import { programOf } from "./programs.ts";
import { lostAnswer, testsOf } from "./story.ts";

const program = await programOf({
  folder: "javascript",
  needs: [{ tool: ["node", "--version"], atLeast: "20.10" }],
  build: (into) => ({
    commands: [[
      ...["node", join(nodeModules, "esbuild/bin/esbuild"), "story.ts"],
      ...["--bundle", "--packages=external", "--format=esm"],
      `--outfile=${join(into, "story.mjs")}`,
    ]],
  }),
  // Node 20 has no WebSocket without it, which supabase-js asks for
  run: (built) => [
    "node",
    "--experimental-websocket",
    join(built, "story.mjs"),
  ],
});

testsOf("supabase-js in Node", program, [lostAnswer.error]);
