// Where the API is, and the key for it. Read when a page loads, so that one
// build serves any project.

/** The contents of `config.json`. */
export interface Config {
  apiUrl: string;
  publishableKey: string;
}

/** Reads `config.json`, which is served beside the page. */
export async function loadConfig(): Promise<Config> {
  // the same mode as the preload in index.html
  const response = await fetch("/config.json", { credentials: "same-origin" });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return await response.json();
}
