// The URL of a Supabase project, as an argument.
import { UsageProblem } from "./problem.ts";

/** The project's URL; refuses what is none, and http to another machine. */
export function projectUrl(text: string): URL {
  const url = parsed(text);
  const isBare = url && url.pathname === "/" && !url.search && !url.hash &&
    !url.username && !url.password;
  if (!isBare || !/^https?:$/.test(url.protocol)) {
    throw new UsageProblem(
      `--url wants the project's URL alone, such as ` +
        `https://<project>.supabase.co: the path of the function is added.`,
    );
  }
  if (url.protocol === "http:" && !isThisMachine(url.hostname)) {
    throw new UsageProblem(
      `Over http the secret key would travel in the clear. Give the ` +
        `project's URL with https.`,
    );
  }
  return url;
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function isThisMachine(hostname: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
