// A lock that a connection holds: it is gone the moment its holder is. Where one
// connection a session can be afforded, nothing else is needed.
import type { Party } from "../party.ts";

/** Nothing is stored: there is nothing to seed. */
export const advisoryLock: Party = {
  name: "advisory lock",
  what:
    "pg_try_advisory_lock over a connection of one's own for as long as the session lasts: no heartbeat, no clean-up, nothing on disk; but a connection a session, which neither the API nor a pooler offers, and a drop of the network ends it",
  setUp: "",
  clear: "select 1",
  fill: () => "select 1",
  scripts: {
    start: "select pg_try_advisory_lock(:n);",
    refusal: "select pg_try_advisory_xact_lock(:n);",
  },
  role: "authenticator",
};
