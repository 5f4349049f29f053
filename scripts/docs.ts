// `npm run docs`: builds the docs site from docs/ into docs/.vitepress/dist, or with
// `-- dev` serves it while it is edited.
import * as path from "node:path";
import { nodeModules, repositoryRoot } from "./stack/paths.ts";

const [command = "build", ...options] = Deno.args;
const vitepress = path.join(nodeModules, "vitepress", "bin", "vitepress.js");
const { code } = await new Deno.Command("node", {
  args: [vitepress, command, path.join(repositoryRoot, "docs"), ...options],
}).spawn().status;
Deno.exit(code);
