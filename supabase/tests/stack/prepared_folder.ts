// The folder of a stack, made once for a file of tests: with a copy of it a stack
// is up in a fraction of the time that a new one takes.
import { freePort } from "../../../scripts/stack/ports.ts";
import { startStack } from "../../../scripts/stack/stack.ts";
import { copyFolder, withFolder } from "./support.ts";

/** The folder of a stack that has been up, for all tests of a file. */
export interface PreparedFolder {
  /** Runs `work` with a copy, whose stack is up again in a moment. */
  withCopy(work: (folder: string) => Promise<void>): Promise<void>;
  remove(): Promise<void>;
}

/** Has a stack use a folder, and stops it. */
export async function prepareFolder(): Promise<PreparedFolder> {
  const prepared = await Deno.makeTempDir({ prefix: "prepared-" });
  const stack = await startStack({
    folder: prepared,
    apiPort: freePort(),
    dbPort: freePort(),
    appPort: freePort(),
    reapEveryMs: null,
    durable: false,
  });
  await stack.stop();
  return {
    withCopy: (work) =>
      withFolder(async (folder) => {
        await copyFolder(prepared, `${folder}/stack`);
        await work(`${folder}/stack`);
      }),
    remove: () => Deno.remove(prepared, { recursive: true }),
  };
}
