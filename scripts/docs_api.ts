// `npm run docs:api`: writes docs/api.md from the comments, signatures and grants of
// a database to which the migrations have just been applied.
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiPage, apiPagePath } from "./docs/api_page.ts";
import { databasesIn, migrated } from "./test/databases.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "interview-docs-"));
const databases = databasesIn(folder);
try {
  await databases.prepare([migrated]);
  const page = await databases.withCopy(
    migrated,
    (database) => database.connected(apiPage),
  );
  fs.writeFileSync(apiPagePath, page);
} finally {
  await databases.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
