// postgrest-go and gotrue-go.
import assert from "node:assert/strict";
import { join } from "node:path";
import { programOf } from "./programs.ts";
import { lostAnswer, testsOf } from "./story.ts";

const program = await programOf({
  folder: "go",
  needs: [{ tool: ["go", "version"], atLeast: "1.22" }],
  build: (into) => ({
    commands: [["go", "build", "-o", join(into, "story"), "."]],
    // no other version of Go, no change of go.mod
    env: { GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly -buildvcs=false" },
  }),
  run: (built) => [join(built, "story")],
});

testsOf("Go", program, [
  lostAnswer.error,
  [
    "RpcWithError of postgrest-go takes a refusal for an answer: the status is ignored",
    ({ line }) => {
      const { error, text } = line("Rpc alone");
      assert.equal(error, null);
      assert.equal(JSON.parse(String(text)).code, "PT409");
    },
  ],
]);
