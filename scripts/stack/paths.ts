// Where things are, relative to this file; the repository may live anywhere,
// also in a folder with a blank in its name.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const repositoryRoot = join(
  dirname(fileURLToPath(import.meta.url)),
  "..",
  "..",
);

/** What npm installed. */
export const nodeModules = join(repositoryRoot, "node_modules");
