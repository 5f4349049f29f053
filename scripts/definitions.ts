// `npm run definitions`: writes cli/doctor/definitions.json, what `doctor` compares a
// database with, from a database to which the chapters have just been applied.
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitionsText } from "./doctor/definitions_text.ts";
import { definitionsPath } from "../cli/doctor/definitions.ts";
import { bare, databasesIn } from "./test/databases.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "interview-definitions-"));
const databases = databasesIn(folder);
try {
  await databases.prepare([bare]);
  const text = await databases.withCopy(
    bare,
    (database) => database.connected(definitionsText),
  );
  fs.writeFileSync(definitionsPath, text);
} finally {
  await databases.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
