// Unpacks the Chromium of npm, and the libraries that come with it, into TMPDIR:
// a program of its own, since that is the only way to tell the package where.
import { fileURLToPath } from "node:url";
import chromium, { inflate } from "@sparticuz/chromium";

await chromium.executablePath();
const libraries = new URL(
  "../bin/al2023.tar.br",
  import.meta.resolve("@sparticuz/chromium"),
);
await inflate(fileURLToPath(libraries));
