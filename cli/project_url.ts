// The URL of a Supabase project, as an argument.
import process from "node:process";
import { UsageProblem } from "./problem.ts";

/** How the URL may be. */
export interface UrlOptions {
  /** May it be http to another machine? */
  allowHttp: boolean;
}

/**
 * The project's URL; refuses what is none. Http to another machine is refused, or
 * warned of where it is allowed.
 */
export function projectUrl(text: string, o: UrlOptions): URL {
  const url = parsed(text);
  const isBare = url && url.pathname === "/" && !url.search && !url.hash &&
    !url.username && !url.password;
  if (!isBare || !/^https?:$/.test(url.protocol)) {
    throw new UsageProblem(
      `--url wants the project's URL alone, such as ` +
        `https://<project>.supabase.co: the path of the function is added.`,
    );
  }
  if (url.protocol === "https:" || isThisMachine(url.hostname)) return url;
  if (!o.allowHttp) {
    throw new UsageProblem(
      `Over http the secret key would travel in the clear. Give the ` +
        `project's URL with https or, on a network that you trust, allow it ` +
        `with --allow-http.`,
    );
  }
  process.stderr.write(
    `Warning: over http (--allow-http) the secret key travels unencrypted to ${url.host}.\n`,
  );
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
