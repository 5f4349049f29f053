// The machine that the figures are from; without it they mean nothing.
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { median } from "./statistics.ts";

/** What a reader needs to know of it. */
export interface Machine {
  system: string;
  processors: string;
  memoryGiB: number;
  /** How busy it was before the run: processes that wanted to run. */
  load: number;
  /** Milliseconds until 8 kB are on the disk. */
  syncMs: number;
}

/** Looks at this one. */
export function describeMachine(folder: string): Machine {
  const processors = os.cpus();
  return {
    system: `${os.type()} ${os.release()}, ${os.arch()}`,
    processors: `${processors.length} × ${processors[0]?.model.trim()}`,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    load: os.loadavg()[0],
    syncMs: timeOfSync(folder),
  };
}

function timeOfSync(folder: string): number {
  const path = join(folder, "sync");
  const file = fs.openSync(path, "w");
  const page = new Uint8Array(8192);
  const times: number[] = [];
  for (let i = 0; i < 100; i++) {
    const began = performance.now();
    fs.writeSync(file, page, 0, page.length, i * page.length);
    fs.fdatasyncSync(file);
    times.push(performance.now() - began);
  }
  fs.closeSync(file);
  fs.rmSync(path);
  return median(times);
}
