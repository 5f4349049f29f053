// docs/scheduling.md as a whole: what is copied from it can be found by the tests, and
// runs this version of the package.
import assert from "node:assert/strict";
import { codeBlocksOf } from "../../../scripts/test/recipes.ts";
import { file } from "./support.ts";

const page = "docs/scheduling.md";

Deno.test("every code block of the page that can be copied is a recipe", () => {
  // the function answers JSON; blocks without a language are requests
  const nameless = codeBlocksOf(page).filter(({ language, recipe }) =>
    language !== "" && language !== "json" && recipe === undefined
  );

  assert.deepEqual(nameless, []);
});

Deno.test("C5 what runs unattended names this version of the package", () => {
  const { version } = JSON.parse(file("package.json"));
  const named = file(...page.split("/"))
    .matchAll(/interview-sessions@([\d.]*\d)/g);

  // the crontab, systemd, Kubernetes, and an image of one's own
  assert.deepEqual([...named].map(([, it]) => it), Array(4).fill(version));
});
