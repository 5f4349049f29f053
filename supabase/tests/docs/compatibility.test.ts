// Does docs/compatibility.md name the versions that the tests use?
import assert from "node:assert/strict";
import { textOf } from "../../../scripts/test/files.ts";
import { majors } from "../../../scripts/test/suites.ts";

const page = textOf("docs/compatibility.md");
const { devDependencies, engines } = JSON.parse(textOf("package.json"));

/** The first two parts of a version. */
const minor = (version: string) => /\d+\.\d+/.exec(version)![0];

/** What the page's column "tested" says of a part. */
function tested(part: string): string {
  const row = new RegExp(`^\\| ${part} +\\| ([^|]*)`, "m").exec(page);
  assert(row, `no row ${part}`);
  return row[1];
}

Deno.test("docs/compatibility.md names the versions that are tested", () => {
  const wanted: Record<string, string[]> = {
    "Postgres": majors.map(String),
    "REST and Auth": [devDependencies["@supabase/lite"]],
    "Edge Function": [minor(devDependencies.deno)],
    "Supabase CLI": [minor(devDependencies.supabase)],
    "supabase-js": [minor(devDependencies["@supabase/supabase-js"])],
    "Node": [/\d+/.exec(engines.node)![0]],
    "TypeScript": [
      minor(devDependencies.typescript),
      minor(devDependencies["typescript-5"].replace("npm:", "")),
    ],
    "React": [/\d+/.exec(devDependencies.react)![0]],
    "bundlers": [
      /\d+/.exec(devDependencies.vite)![0],
      minor(devDependencies.esbuild),
    ],
  };

  for (const [part, versions] of Object.entries(wanted)) {
    for (const version of versions) {
      assert(tested(part).includes(version), `${part}: ${version}`);
    }
  }
});
