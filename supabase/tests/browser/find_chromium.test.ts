// The Chromium from npm is unpacked once, whoever asks for it at the same time and
// however an unpacking was interrupted; and it is what the tests take it for.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { configOf, offline } from "../../../scripts/test/deno_command.ts";
import { findChromium } from "./find_chromium.ts";

const isSupported = process.platform === "linux" && process.arch === "x64";

/** A folder with a blank in its name. */
async function withFolder(work: (folder: string) => Promise<void>) {
  const folder = fs.mkdtempSync(join(tmpdir(), "interview browsers "));
  try {
    await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A program that looks for Chromium where there is none on the PATH. */
function startSearch(folder: string): Deno.ChildProcess {
  const finder = new URL("find_chromium.ts", import.meta.url).href;
  const program = `
    const { findChromium } = await import(${JSON.stringify(finder)});
    console.log((await findChromium({ unpackedTo: Deno.args[0] })).command);`;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", ...offline, ...configOf(), program, folder],
    env: { PATH: "/nowhere" },
    stdin: "null",
    stdout: "piped",
    // a process group of its own, to be killed as one
    detached: true,
  }).spawn();
}

async function found(search: Deno.ChildProcess): Promise<string> {
  const { success, stdout } = await search.output();
  assert(success);
  return new TextDecoder().decode(stdout).trim();
}

/** What is in the folder, without the lock. */
function entries(folder: string): string[] {
  return fs.readdirSync(folder).filter((name) => name !== "lock");
}

Deno.test({
  name: "several searches at once unpack one Chromium, which starts",
  ignore: !isSupported,
  fn: () =>
    withFolder(async (folder) => {
      const commands = await Promise.all(
        [1, 2, 3].map(() => found(startSearch(folder))),
      );

      const [version] = entries(folder);
      assert.deepEqual(entries(folder), [version]);
      const command = join(folder, version, "chromium");
      assert.deepEqual(commands, [command, command, command]);
      const { success, stdout } = await new Deno.Command(command, {
        args: ["--version"],
      }).output();
      assert(success);
      assert.match(new TextDecoder().decode(stdout), /^Chromium \d+\./);
    }),
});

Deno.test({
  name: "an interrupted unpacking leaves nothing that is taken for Chromium",
  ignore: !isSupported,
  fn: () =>
    withFolder(async (folder) => {
      const watcher = Deno.watchFs(folder);
      const interrupted = startSearch(folder);
      for await (const { paths } of watcher) {
        if (paths.some((path) => path.includes("unfinished"))) break;
      }
      Deno.kill(-interrupted.pid, "SIGKILL");
      await interrupted.output();
      const [unfinished] = entries(folder);
      assert.match(unfinished, /^unfinished-/);

      const command = await found(startSearch(folder));

      const [version] = entries(folder);
      assert.deepEqual(entries(folder), [version]);
      assert.equal(command, join(folder, version, "chromium"));
    }),
});

Deno.test({
  name: "where nothing can be unpacked, the error says where",
  ignore: !isSupported,
  fn: () =>
    withFolder(async (folder) => {
      const file = join(folder, "no folder");
      fs.writeFileSync(file, "");
      const path = process.env.PATH;
      process.env.PATH = "/nowhere";
      try {
        await assert.rejects(
          findChromium({ unpackedTo: join(file, "x") }),
          (error: Error) => error.message.includes(`into ${join(file, "x")}`),
        );
      } finally {
        process.env.PATH = path;
      }
    }),
});

Deno.test("a browser on the PATH goes first, unless it does not run", () =>
  withFolder(async (folder) => {
    const install = (name: string, script: string) =>
      fs.writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, {
        mode: 0o755,
      });
    // as Ubuntu's, which advertises a snap
    install("chromium-browser", "exit 1");
    install("google-chrome", "echo Google Chrome");
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      assert.deepEqual(await findChromium(), {
        command: "google-chrome",
        env: {},
      });
      install("chromium", "echo Chromium");
      assert.equal((await findChromium())?.command, "chromium");
    } finally {
      process.env.PATH = path;
    }
  }));
