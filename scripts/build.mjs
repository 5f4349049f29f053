// Builds the npm package: compiles client/ and cli/ to dist/.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const packageFile = createRequire(import.meta.url)
  .resolve("typescript/package.json");
const tsc = path.join(path.dirname(packageFile), "bin", "tsc");

/** Each folder with the file that it must have to be compiled. */
const entries = { client: "index.ts", cli: "main.ts" };

fs.rmSync(path.join(root, "dist"), { recursive: true, force: true });
for (const [folder, entry] of Object.entries(entries)) {
  if (!fs.existsSync(path.join(root, folder, entry))) continue;
  const { status } = spawnSync(process.execPath, [tsc, "--project", folder], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(1);
}

// nobody imports the command: only its types of the database are printed, by "types"
for (const name of fs.readdirSync(dist("cli"), { recursive: true })) {
  if (!name.endsWith(".d.ts") || name === "database_types.d.ts") continue;
  fs.rmSync(path.join(dist("cli"), name));
}

function dist(folder) {
  return path.join(root, "dist", folder);
}
