// What `doctor` finds.

/** One line of the report. */
export interface Finding {
  /** `wrong` makes the exit code 1; `note` does not. */
  level: "ok" | "wrong" | "note";
  /** A sentence. */
  says: string;
  /** What to do about it. */
  todo?: string;
}

export const ok = (says: string): Finding => ({ level: "ok", says });
export const note = (says: string): Finding => ({ level: "note", says });
export const wrong = (says: string, todo: string): Finding => ({
  level: "wrong",
  says,
  todo,
});

/** Restores what differs, wherever a finding names this and no statement. */
export function applyAgain(optional: readonly string[]): string {
  const flags = optional.map((name) => ` --${name}`).join("");
  return `Apply the SQL again as postgres: npx interview-sessions plan${flags} ` +
    `| psql -v ON_ERROR_STOP=1 "$DATABASE_URL"`;
}

/** A statement, where applying the SQL again does not mend it; what then is `next`. */
export function runAsPostgres(
  statement: string,
  next?: string,
  or?: string,
): string {
  return `Run as postgres${or === undefined ? "" : ` or ${or}`}: ${statement}` +
    (next === undefined ? "" : ` Then: ${next}`);
}

const marks = { ok: "ok     ", wrong: "PROBLEM", note: "note   " } as const;

/** The finding for a person, on one or two lines. */
export function shown({ level, says, todo }: Finding): string {
  const line = `${marks[level]}  ${says}`;
  return todo === undefined ? line : `${line}\n         Fix: ${todo}`;
}
