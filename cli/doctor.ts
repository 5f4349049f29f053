// `doctor`: what is wrong with an installation, and what to do about it.
import { print } from "./changes.ts";
import { apiFindings } from "./doctor/api.ts";
import { DatabaseProblem } from "./connection.ts";
import { databaseFindings } from "./doctor/database.ts";
import { type Finding, shown } from "./doctor/finding.ts";
import { exitCode, UsageProblem } from "./problem.ts";
import { projectUrl } from "./project_url.ts";
import { secretKey, withoutSecret } from "./secrets.ts";

/** Options of `doctor`. */
export interface DoctorOptions {
  dbUrl?: string;
  url?: string;
  allowHttp: boolean;
}

/** What is found in the database; that it cannot be examined is a finding. */
async function findingsIn(dbUrl: string): Promise<Finding[]> {
  try {
    return await databaseFindings(dbUrl);
  } catch (error) {
    if (error instanceof DatabaseProblem) return [error.finding];
    throw error;
  }
}

/** Prints each finding; the exit code. */
export async function doctor(o: DoctorOptions): Promise<number> {
  if (o.dbUrl === undefined && o.url === undefined) {
    throw new UsageProblem(
      `Nothing to examine. Give --db-url postgres://…, or --url ` +
        `https://<project>.supabase.co, or both.`,
    );
  }
  const url = o.url === undefined ? undefined : projectUrl(o.url, o);
  const key = url && secretKey();
  const findings: Finding[] = [
    ...(o.dbUrl === undefined ? [] : await findingsIn(o.dbUrl)),
    ...(url ? await apiFindings(url, key) : []),
  ];
  for (const finding of findings) print(withoutSecret(shown(finding)));
  const count = findings.filter(({ level }) => level === "wrong").length;
  print(
    count === 0
      ? "\nNo problems."
      : `\n${count} ${count === 1 ? "problem" : "problems"}.`,
  );
  return count === 0 ? exitCode.ok : exitCode.wrong;
}
