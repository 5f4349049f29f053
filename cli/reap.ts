// `reap`: calls the reaper of a project once, over HTTP, and says what came of it.
// For schedulers: its exit code is an alarm.
import process from "node:process";
import { print } from "./changes.ts";
import { callReaper, runLine } from "./call_reaper.ts";
import { exitCode, UsageProblem } from "./problem.ts";
import { projectUrl } from "./project_url.ts";
import { secretKey, secretVariable, withoutSecret } from "./secrets.ts";

/** Options of `reap`, as on the command line. */
export interface ReapOptions {
  url: string | undefined;
  allowHttp: boolean;
  json: boolean;
  timeout: string;
}

/** Calls the reaper; the exit code. */
export async function reap(o: ReapOptions): Promise<number> {
  const text = o.url ?? (process.env.SUPABASE_URL || undefined);
  if (text === undefined) {
    throw new UsageProblem(
      `Which project? Give its URL: --url https://<project>.supabase.co, or ` +
        `the environment variable SUPABASE_URL.`,
    );
  }
  const timeoutMs = milliseconds(o.timeout);
  const url = projectUrl(text, o);
  const key = secretKey();
  if (key === undefined) {
    throw new UsageProblem(
      `There is no secret key in the environment variable ${secretVariable}. ` +
        `Set it to the project's secret key named "default" or "cron".`,
    );
  }
  const run = await callReaper({ projectUrl: url, secretKey: key, timeoutMs });
  print(withoutSecret(o.json ? JSON.stringify(run) : runLine(run)));
  if (run.health.status === "critical") return exitCode.critical;
  await ping(process.env.PING_URL);
  return exitCode.ok;
}

/** Tells a dead man's switch, if there is one; that it fails is no alarm. */
async function ping(url: string | undefined) {
  if (!url) return;
  try {
    const { ok, status, body } = await fetch(url, {
      signal: AbortSignal.timeout(10_000),
    });
    // an answer that nobody reads would keep the process waiting
    await body?.cancel();
    if (!ok) process.stderr.write(`The ping failed: ${status}.\n`);
  } catch {
    process.stderr.write("The ping failed.\n");
  }
}

const unitMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

function milliseconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (unitMs[unit ?? ""] ?? NaN));
  if (ms > 0) return ms;
  throw new UsageProblem(`--timeout wants a time, such as 90s: ${text}`);
}
