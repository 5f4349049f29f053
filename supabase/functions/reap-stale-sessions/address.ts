// Which URLs a delivery may be sent to. Whoever can write a row of sessions.endpoints
// must not be able to make this function call into a private network.
import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";

/**
 * Why nothing may be sent to this URL; undefined if it may.
 *
 * The address is looked up again when the request is sent. Where that gives a
 * private one, TLS fails: nothing there has a certificate for this name.
 */
export async function refusalOfUrl(
  text: string,
  privateHosts: readonly string[],
): Promise<string | undefined> {
  const url = URL.parse(text);
  if (!url) return "The URL is invalid.";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (url.username || url.password) return "The URL contains a password.";
  const addresses = await addressesOf(host);
  if (addresses.length === 0) return `The host ${host} has no address.`;
  const ranges = new Set(addresses.map((a) => ipaddr.process(a).range()));
  if (url.protocol !== "https:") {
    const isLoopback = ranges.size === 1 && ranges.has("loopback");
    if (url.protocol !== "http:" || !isLoopback) {
      return "The URL must begin with https:, or with http: on this machine.";
    }
  }
  if (privateHosts.includes(host)) return undefined;
  const [range] = [...ranges].filter((range) => range !== "unicast");
  return range &&
    `The host ${host} has an address that is not public (${range}). If that is ` +
      `right, name it in INTERVIEW_SESSIONS_PRIVATE_HOSTS.`;
}

async function addressesOf(host: string): Promise<string[]> {
  if (ipaddr.isValid(host)) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
