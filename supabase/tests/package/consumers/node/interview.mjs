// An interview from beginning to end, in plain Node.
import assert from "node:assert/strict";
import process from "node:process";
import { createClient } from "@supabase/supabase-js";
import { createSession, refusalOf } from "interview-sessions";

assert.equal(typeof document, "undefined");

const { URL: url, KEY: key, EMAIL: email } = process.env;
const supabase = createClient(url, key, {
  // an app with a schema of its own; the component's functions are in public
  db: { schema: "other" },
  auth: { persistSession: false, autoRefreshToken: false },
  // Node 20 has no WebSocket, which supabase-js asks for
  realtime: { transport: class {} },
});
const { error } = await supabase.auth.signUp({ email, password: "a password" });
assert.equal(error, null);

const session = createSession({ supabase, url, key, device: "A backend" });
const seen = [];
session.subscribe(() => seen.push(session.state().name));
assert.equal((await session.start()).name, "live");
assert(session.secondsLeft() > 0);

const other = await supabase.schema("public")
  .rpc("start_session", { session_id: "other" });
const refusal = refusalOf(other.error);
assert.equal(refusal?.code, "PT409");
assert.equal(refusal.details.device, "A backend");

assert.equal((await session.complete()).name, "completing");
assert.deepEqual(await session.end(), { name: "over", reason: "completed" });
session.dispose();
console.log(seen.join(" "));
