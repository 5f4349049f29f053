// Is all TypeScript formatted, free of lint, and free of type errors?
import assert from "node:assert/strict";
import { configOf, deno } from "../deno_command.ts";
import { filesBelow } from "../files.ts";
import { check, type Part } from "../part.ts";

const suite = "format";

/** What is formatted and linted: our TypeScript, and the Markdown. */
const folders = [
  "client",
  "cli",
  "scripts",
  "supabase/functions",
  "supabase/tests",
  "examples",
  "docs",
];

/** Markdown in the root. */
const pages = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
];

/** `deno check` has no --cached-only. */
const offline = ["--no-lock", "--no-remote", "--node-modules-dir=manual"];

/** `deno fmt`, `deno lint` and `deno check`. */
export function formatSuite(): Part[] {
  return [
    denoFindsNothing(
      "deno fmt",
      () => ["fmt", "--check", ...configOf(), ...folders, ...pages],
    ),
    denoFindsNothing("deno lint", () => ["lint", ...configOf(), ...folders]),
    denoFindsNothing("deno check", () => [
      ...["check", "--quiet", ...offline, ...configOf()],
      ...["cli", "scripts", "supabase/tests", "docs/.vitepress/config.ts"],
    ]),
    // a function with its dependencies as deployed, the client and the app with
    // the types of a browser
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
  return ["client", "supabase/functions", "supabase/tests/browser", "examples"]
    .flatMap((folder) => filesBelow(folder, "/deno.json"))
    .map((file) => file.slice(0, -"/deno.json".length));
}
