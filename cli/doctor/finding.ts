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

/** Restores everything that differs from the package's SQL. */
export const applyAgain =
  `Apply the SQL again as postgres: npx interview-sessions plan (with --admin ` +
  `if that chapter is installed).`;

const marks = { ok: "ok     ", wrong: "PROBLEM", note: "note   " } as const;

/** The finding for a person, on one or two lines. */
export function shown({ level, says, todo }: Finding): string {
  const line = `${marks[level]}  ${says}`;
  return todo === undefined ? line : `${line}\n         Fix: ${todo}`;
}
