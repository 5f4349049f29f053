// Is all TypeScript formatted, free of lint, and sound in its types?
import assert from "node:assert/strict";
import { configOf, deno } from "../deno_command.ts";
import { filesBelow } from "../files.ts";
import { check, type Part } from "../part.ts";

const suite = "format";

/** What has TypeScript of ours in it. */
const folders = ["scripts", "supabase/functions", "supabase/tests", "examples"];

/** `deno check` does not know --cached-only. */
const offline = ["--no-lock", "--no-remote", "--node-modules-dir=manual"];

/** `deno fmt`, `deno lint` and `deno check`. */
export function formatSuite(): Part[] {
  return [
    denoFindsNothing(
      "deno fmt",
      () => ["fmt", "--check", ...configOf(), ...folders],
    ),
    denoFindsNothing("deno lint", () => ["lint", ...configOf(), ...folders]),
    denoFindsNothing("deno check", () => [
      ...["check", "--quiet", ...offline, ...configOf()],
      ...["scripts", "supabase/tests"],
    ]),
    // a function with the dependencies that it has when it is deployed, an app
    // with what there is in a browser
    ...foldersOfTheirOwn().map((folder) =>
      denoFindsNothing(`deno check ${folder}`, () => [
        ...["check", "--quiet", ...offline, ...configOf(folder)],
        folder,
      ])
    ),
  ];
}

function denoFindsNothing(name: string, args: () => string[]): Part {
  return check(suite, name, {
    run: async ({ signal }) => {
      const { code, said } = await deno(args(), { signal });
      assert(code === 0, said);
    },
  });
}

function foldersOfTheirOwn(): string[] {
  return ["supabase/functions", "examples"]
    .flatMap((folder) => filesBelow(folder, "/deno.json"))
    .map((file) => file.slice(0, -"/deno.json".length));
}
