// What the npm package contains, and what its manifest asks of an app.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { nodeModules } from "../../../scripts/stack/paths.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { withFolder } from "../stack/support.ts";
import { pack } from "./support.ts";

const { signal } = new AbortController();
const { version, dependencies = {}, ...manifest } = JSON.parse(
  textOf("package.json"),
);

/** Every file belongs to one of these. */
const wanted = [
  /^(CHANGELOG\.md|LICENSE|README\.md|package\.json)$/,
  /^dist\/client\/([a-z_]+\/)*[a-z_]+\.(js|d\.ts)$/,
  /^dist\/cli\/([a-z_]+\/)*[a-z_]+\.js$/,
  /^dist\/cli\/database_types\.d\.ts$/,
  /^cli\/doctor\/definitions\.json$/,
  /^supabase\/migrations\/\d{14}_[a-z_]+\.sql$/,
  /^supabase\/functions\/reap-stale-sessions\/(deno\.json|[a-z_]+\.ts)$/,
  /^scripts\/(health|rollback)\.sql$/,
];

Deno.test("C5 the package contains what an app needs and nothing else", async () => {
  await withFolder(async (folder) => {
    const { files, size, tarball } = await pack(folder, (copy) => {
      // none of this may be packed
      fs.writeFileSync(path.join(copy, ".env"), "SECRET=1");
      fs.mkdirSync(path.join(copy, "dist", "client"), { recursive: true });
      fs.writeFileSync(path.join(copy, "dist", "client", "old.js"), "");
    });

    const unwanted = files.filter((file) =>
      !wanted.some((pattern) => pattern.test(file))
    );
    assert.deepEqual(unwanted, []);
    assert(!files.includes("dist/client/old.js"), "dist is built anew");
    for (const sources of ["supabase/migrations", "supabase/functions"]) {
      for (const file of filesOf(sources)) assert(files.includes(file), file);
    }
    for (
      const file of [
        "dist/cli/database_types.d.ts",
        "cli/doctor/definitions.json",
      ]
    ) assert(files.includes(file), file);
    for (const target of exportedFiles()) {
      assert(files.includes(target), target);
    }
    assert(size < 200_000, `${size} bytes`);

    const publint = path.join(nodeModules, "publint", "src", "cli.js");
    const { code, said } = await runCommand(
      "node",
      [publint, "run", tarball, "--strict"],
      { signal },
    );
    assert.equal(code, 0, said);
  });
});

Deno.test("C5 an app installs no tools of this repository, and is not told which supabase-js or React", () => {
  assert.equal(manifest.private, undefined);
  assert.equal(manifest.sideEffects, false);
  assert.equal(manifest.optionalDependencies, undefined);
  const peers = Object.keys(manifest.peerDependencies);
  assert.deepEqual(peers, ["@supabase/supabase-js", "react"]);
  for (const peer of peers) {
    assert(manifest.peerDependenciesMeta[peer].optional, peer);
    assert(!(peer in dependencies), peer);
  }
});

Deno.test("C5 the package and the database have one version", () => {
  const released =
    /create or replace function sessions\.version\(\)[^]*?return '(.+?)'/
      .exec(textOf("supabase/migrations/20250124000000_tables.sql"))?.[1];
  assert.equal(version, released);
});

function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    return entry.isDirectory ? filesOf(file) : [file];
  });
}

function exportedFiles(): string[] {
  const targets: (string | Record<string, string>)[] = Object.values(
    manifest.exports,
  );
  return targets
    .flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target)
    )
    .map((target) => target.replace(/^\.\//, ""));
}
