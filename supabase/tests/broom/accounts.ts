// Runs a pgTAP file where every call is accounted for, and takes the times out of
// the accounts, so that two runs can be compared.
import type { Database } from "../../../scripts/test/databases.ts";
import { type PgtapResult, runPgtapFile } from "../../../scripts/test/pgtap.ts";
import { type Account, accountIn } from "./twins.ts";

/** What came of a file, and of every call in it. */
export interface AccountedRun {
  result: PgtapResult;
  /** In the order of the calls. */
  accounts: Account[];
}

/** Runs a pgTAP file in a database that has the twins. */
export async function runAccounted(
  database: Database,
  file: string,
): Promise<AccountedRun> {
  const accounts: Account[] = [];
  const result = await runPgtapFile(database.url(), file, {
    onNotice({ message }) {
      const account = accountIn(message);
      if (account) accounts.push(account);
    },
  });
  return { result, accounts };
}

/** The calls without their times, and without what the broom did. */
export function timesAside(accounts: Account[]): unknown[] {
  return accounts.map(({ swept: _swept, ...account }) => {
    if (!account.refusal) return withoutTimes(account);
    const { sqlstate, message, detail, hint } = account.refusal;
    return withoutTimes({
      ...account,
      refusal: {
        sqlstate,
        message,
        detail: inJson(detail),
        hint: hint.replace(/\b\d+ seconds\b/, "<seconds>"),
      },
    });
  });
}

const times = new Set([
  "created_at",
  "updated_at",
  "deadline_at",
  "expires_at",
  "started_at",
  "last_seen_at",
  "ended_at",
  "duration",
  "expires_in",
]);

/** A time that is not there stays not there. */
function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      times.has(key) && part !== null ? "<time>" : withoutTimes(part),
    ]),
  );
}

/** A detail as a program reads it; Postgres' own are no JSON. */
function inJson(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return detail;
  }
}
