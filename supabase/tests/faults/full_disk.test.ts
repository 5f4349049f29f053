// The disk is full. What needs room is refused and says why, what does not goes
// on; nothing is damaged, and with room again all is as before.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { configOf, offline } from "../../../scripts/test/deno_command.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { report, testUnless, withFolder } from "./support.ts";

/** Into a mount namespace: as root at once, else as root of a user namespace. */
const namespaces = [["-m"], ["--user", "--map-root-user", "-m"]];
const namespace = namespaces.find((flags) =>
  spawnSync("unshare", [...flags, "mount", "-t", "tmpfs", "none", "/mnt"])
    .status === 0
);
const obstacle = namespace
  ? undefined
  : "no small disk can be mounted here: there are no mount namespaces";

const size = "160M";

testUnless(
  obstacle,
  "M13: a full disk refuses what needs room, with 53100, and lets the rest go on; with room again nobody has to help",
  async (t) => {
    await onSmallDisk("no room for data");
    report({
      test: t.name,
      produced: `a disk of ${size} in memory, filled to the last block; ` +
        "starts until one finds no room",
      times: 1,
      lost: "nothing: the start that was refused was told so (`53100`) " +
        "and left nothing behind; heartbeats went on",
    });
  },
);

testUnless(
  obstacle,
  "M13: a disk without room for the log stops Postgres; started with room again it has lost nothing it acknowledged",
  async (t) => {
    await onSmallDisk("no room for the log");
    report({
      test: t.name,
      produced:
        `a disk of ${size} in memory, filled to the last block; calls until the log needs a new file`,
      times: 1,
      lost: "nothing. Postgres ends itself, since it could keep no promise; " +
        "whoever starts it (the platform does) must make room first",
    });
  },
);

async function onSmallDisk(what: string) {
  await withFolder(async (folder) => {
    const disk = join(folder, "disk");
    await Deno.mkdir(disk);
    // gone with the process, however that ends
    const mountAndRun =
      `mount -t tmpfs -o size=${size} none "$1" && shift && exec "$@"`;
    const { success, stderr } = await new Deno.Command("unshare", {
      args: [
        ...namespace!,
        ...["sh", "-c", mountAndRun, "sh", disk, Deno.execPath(), "run"],
        ...["--allow-all", "--no-check", ...offline, ...configOf()],
        join(repositoryRoot, "supabase/tests/faults/full_disk.ts"),
        ...[what, disk, folder],
      ],
      stdout: "null",
      stderr: "piped",
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  });
}
