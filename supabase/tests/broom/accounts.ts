// Runs a pgTAP file and reports every call in it; makes the reports of two runs
// comparable.
import type { Database } from "../../../scripts/test/databases.ts";
import { type PgtapResult, runPgtapFile } from "../../../scripts/test/pgtap.ts";
import { type Account, accountIn } from "./twins.ts";

/** The result of a file, and every call in it. */
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

/**
 * The calls as another run may report them: without times and without what was
 * swept; of the fences only the order of the grants.
 */
export function comparable(accounts: Account[]): unknown[] {
  const fences = [...new Set(accounts.flatMap(fencesIn))]
    .toSorted((a, b) => a - b);
  return accounts.map(({ swept: _swept, ...account }) => {
    if (!account.refusal) return abstracted(account, fences);
    const { sqlstate, message, detail, hint } = account.refusal;
    return abstracted({
      ...account,
      refusal: {
        sqlstate,
        message,
        detail: inJson(detail),
        hint: hint.replace(/\b\d+ seconds\b/, "<seconds>"),
      },
    }, fences);
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
  "submitted_at",
  "duration",
  "expires_in",
]);

/** The fences of grants; how many are drawn depends on who ends a session. */
function fencesIn(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(fencesIn);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === "fence" && typeof part === "number" ? [part] : fencesIn(part)
  );
}

/** A null stays null. */
function abstracted(value: unknown, fences: number[]): unknown {
  if (Array.isArray(value)) {
    return value.map((part) => abstracted(part, fences));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      if (part === null) return [key, null];
      if (times.has(key)) return [key, "<time>"];
      if (key === "ended_fence") return [key, "<fence>"];
      if (key === "fence") return [key, fences.indexOf(part as number)];
      return [key, abstracted(part, fences)];
    }),
  );
}

/** A detail as a program reads it; those of Postgres itself are not JSON. */
function inJson(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return detail;
  }
}
