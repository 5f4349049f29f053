// Where the API is, and the key that opens it. Asked for when a page loads, so
// that one build serves any project.

/** What `config.json` says. */
export interface Config {
  apiUrl: string;
  /** The publishable key. */
  publishableKey: string;
}

/** Reads `config.json`, which stands beside the page. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch("/config.json");
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return await response.json();
}
