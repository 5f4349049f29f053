// supabase-kt on the JVM.
import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { programOf } from "./programs.ts";
import { lostAnswer, testsOf } from "./story.ts";

const program = await programOf({
  folder: "kotlin",
  needs: [
    { tool: ["java", "-version"], atLeast: "17" },
    { tool: ["mvn", "--batch-mode", "--version"], atLeast: "3.8" },
  ],
  // pom.xml names the folder
  build: () => ({
    commands: [["mvn", "--batch-mode", "--quiet", "package"]],
  }),
  run: (built) => [
    "java",
    "-cp",
    [join(built, "classes"), join(built, "lib", "*")].join(delimiter),
    "StoryKt",
  ],
});

testsOf("Kotlin", program, [
  lostAnswer.error,
  [
    "the details of PostgrestRestException are a JSON string, decoded twice",
    ({ line }) => {
      const { raw, refusal } = line("refused");
      assert.deepEqual(JSON.parse(String(raw)), refusal?.details);
    },
  ],
  [
    "the message of PostgrestRestException names URL and headers; its error is for the user",
    ({ line }) => {
      const { text, refusal } = line("refused");
      assert.match(String(text), /\nURL: .*\nHeaders: /s);
      assert(!refusal?.message.includes("URL:"));
    },
  ],
]);
