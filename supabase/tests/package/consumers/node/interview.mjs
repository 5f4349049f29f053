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

const session = createSession(supabase, { device: "A backend" });
const seen = [];
session.subscribe(({ name }) => seen.push(name));
const { state, error: problem } = await session.start();
assert.equal(problem, null);
assert.equal(state.name, "live");
assert(session.secondsLeft() > 0);

const other = await supabase.schema("public")
  .rpc("start_session", { session_id: "other" });
const refusal = refusalOf(other.error);
assert.equal(refusal?.code, "PT409");
assert.equal(refusal.details.device, "A backend");

const submitted = await session.submit(({ fence }) => {
  assert.equal(session.state().name, "completing");
  assert(fence > 0);
  return Promise.resolve();
});
assert.equal(submitted.error, null);
assert.equal(submitted.state.reason, "completed");
session.dispose();
console.log(seen.join(" "));
