// What the environment says about deliveries.

/** The secrets of the endpoints, and the private hosts they may be on. */
export interface WebhookSettings {
  /** The Standard Webhooks secret (whsec_…) of an endpoint, by its name; while it is replaced, both, with a blank between. */
  secrets: Record<string, string>;
  /** Hosts with private addresses that may be called. */
  privateHosts: string[];
  /** What is wrong with the environment. No secret is in it. */
  problem?: string;
}

/** Reads the environment. */
export function webhookSettingsOf(
  env: { get(name: string): string | undefined },
): WebhookSettings {
  const privateHosts = (env.get("INTERVIEW_SESSIONS_PRIVATE_HOSTS") ?? "")
    .split(",").map((host) => hostnameOf(host.trim()))
    .filter((host) => host !== "");
  const text = env.get("INTERVIEW_SESSIONS_WEBHOOK_SECRETS") ?? "{}";
  try {
    const secrets: unknown = JSON.parse(text);
    if (isRecordOfStrings(secrets)) return { secrets, privateHosts };
  } catch {
    // said below
  }
  return {
    secrets: {},
    privateHosts,
    problem:
      "INTERVIEW_SESSIONS_WEBHOOK_SECRETS must be a JSON object of secrets by the name of the endpoint.",
  };
}

/** As `URL` writes it: in lower case, and IPv6 in one form, here without brackets. */
function hostnameOf(host: string): string {
  const address = host.includes(":") && !host.startsWith("[")
    ? `[${host}]`
    : host;
  const hostname = URL.parse(`https://${address}`)?.hostname ?? host;
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

function isRecordOfStrings(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((one) => typeof one === "string");
}
