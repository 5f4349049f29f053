// The pages from which schedules are copied, as a whole.
import assert from "node:assert/strict";
import { file } from "./support.ts";

/** How often each page names a version of the package. */
const pages = {
  // the crontab, systemd, Kubernetes, and an image of one's own
  "scheduling.md": 4,
  "self-hosting.md": 1,
};

Deno.test("C5 what runs unattended names this version of the package", () => {
  const { version } = JSON.parse(file("package.json"));
  for (const [page, count] of Object.entries(pages)) {
    const named = file("docs", page).matchAll(/interview-sessions@([\d.]*\d)/g);
    assert.deepEqual(
      [...named].map(([, it]) => it),
      Array(count).fill(version),
      page,
    );
  }
});
