// supabase-js in Deno.
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { configOf, offline } from "../../../scripts/test/deno_command.ts";
import { lostAnswer, testsOf } from "./story.ts";

testsOf("supabase-js in Deno", [
  Deno.execPath(),
  ...["run", "--quiet", "--no-check", "--allow-net", "--allow-env"],
  ...[...offline, ...configOf()],
  join(repositoryRoot, "supabase/tests/sdk/javascript/story.ts"),
], [
  // by fetch(), below the SDK
  lostAnswer.resent,
]);
