// A backend that holds a session for each of its users with that user's token, and
// one supabase client for all of them.
import assert from "node:assert/strict";
import process from "node:process";
import { createClient } from "@supabase/supabase-js";
import { createSession } from "interview-sessions";
import { nodeEnvironment } from "interview-sessions/node";

const { URL: url, KEY: key } = process.env;
const tokens = new Map(Object.entries(JSON.parse(process.env.TOKENS)));
const supabase = createClient(url, key, {
  auth: { persistSession: false, autoRefreshToken: false },
  realtime: { transport: class {} },
});

function sessionOf(user) {
  return createSession(supabase, {
    device: `Backend for ${user}`,
    environment: nodeEnvironment({ accessToken: () => Promise.resolve(tokens.get(user)) }),
  });
}

const [ada, bob] = ["ada", "bob"].map(sessionOf);
const started = await Promise.all([ada.start(), bob.start()]);
assert.deepEqual(started.map(({ error }) => error), [null, null]);
const [one, other] = started.map(({ state }) => state.session);
assert.notEqual(one.user_id, other.user_id);

// the backend confuses its users: bob's session is not continued with ada's token
tokens.set("bob", tokens.get("ada"));
const over = new Promise((resolve) => bob.on("lost", resolve));
bob.check();
assert.equal((await over).reason, "user_changed");

assert.equal((await ada.submit()).error, null);
for (const session of [ada, bob]) session.dispose();
console.log("done");
