// Which URLs a delivery may be sent to. Whoever can write a row of sessions.endpoints
// must not be able to make this function call into a private network.
import ipaddr from "ipaddr.js";

/**
 * Why nothing may be sent to this URL; undefined if it may.
 *
 * The address is looked up again when the request is sent. If that gives a private
 * one, TLS fails: nothing there has a certificate for this name.
 */
export async function refusalOfUrl(
  text: string,
  privateHosts: readonly string[],
): Promise<string | undefined> {
  const url = URL.parse(text);
  if (!url) return "The URL is invalid.";
  if (url.username || url.password) return "The URL contains a password.";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const mayBeHttp = url.protocol === "http:" && isLoopback(host);
  if (url.protocol !== "https:" && !mayBeHttp) {
    return "The URL must begin with https:, or with http: on this machine.";
  }
  if (privateHosts.includes(host)) return undefined;
  if (isLoopback(host)) return notPublic(host, "loopback");
  const addresses = ipaddr.isValid(host) ? [host] : await addressesOf(host);
  if (addresses.length === 0) return `The host ${host} has no address.`;
  const range = addresses.map((address) => ipaddr.process(address).range())
    .find((range) => range !== "unicast");
  return range && notPublic(host, range);
}

function isLoopback(host: string): boolean {
  return host === "localhost" ||
    ipaddr.isValid(host) && ipaddr.process(host).range() === "loopback";
}

function notPublic(host: string, range: string): string {
  return `The host ${host} has an address that is not public (${range}). If that ` +
    `is right, name it in INTERVIEW_SESSIONS_PRIVATE_HOSTS.`;
}

async function addressesOf(host: string): Promise<string[]> {
  const answers = await Promise.all(
    (["A", "AAAA"] as const).map((type) =>
      Deno.resolveDns(host, type).catch(() => [])
    ),
  );
  return answers.flat();
}
