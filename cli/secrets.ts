// Secret keys: read from the environment, never printed.
import process from "node:process";
import { UsageProblem } from "./problem.ts";

/** The environment variable with the secret key. */
export const secretVariable = "INTERVIEW_SESSIONS_SECRET_KEY";

/** Refuses a secret key, or a token of the older kind, as an argument. */
export function secretOnCommandLine(args: string[]) {
  if (!args.some((text) => /sb_secret_|eyJ[\w-]+\.eyJ/.test(text))) return;
  throw new UsageProblem(
    `A secret key does not belong on the command line, where others can ` +
      `see it. Put it in the environment variable ${secretVariable}; and ` +
      `since it may have been seen, make a new one.`,
  );
}

/** The secret key of the environment; undefined if there is none. */
export function secretKey(): string | undefined {
  const key = (process.env[secretVariable] ?? "").trim();
  if (key === "") return undefined;
  if (key.startsWith("sb_publishable_")) {
    throw new UsageProblem(
      `${secretVariable} holds a publishable key, which may not reap. Set it ` +
        `to the project's secret key named "default" or "cron".`,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new UsageProblem(
      `${secretVariable} holds no key: there are blanks, line ends or other ` +
        `characters in it that no key has.`,
    );
  }
  return key;
}

/** The text without the key. */
export function withoutSecret(text: string): string {
  const key = (process.env[secretVariable] ?? "").trim();
  return key === "" ? text : text.replaceAll(key, `<${secretVariable}>`);
}
