// Plays the story and prints a line of JSON for each step.
import process from "node:process";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { complete, end, heartbeat, keep, Refusal, start } from "./client.ts";

const { URL = "", KEY = "", EMAIL = "", PASSWORD = "" } = process.env;
const interview_id = "attempt-1";

function say(step: string, answer: Record<string, unknown>) {
  console.log(JSON.stringify({ step, ...answer }));
}

function inWords({ code, message, details, hint }: Refusal) {
  return { code, message, details, hint };
}

async function tell(step: string, call: Promise<unknown>) {
  try {
    say(step, { row: await call });
  } catch (error) {
    if (error instanceof Refusal) say(step, { refusal: inWords(error) });
    else say(step, { trouble: String(error) });
  }
}

function client(): SupabaseClient {
  return createClient(URL, KEY, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

async function device(): Promise<SupabaseClient> {
  const supabase = client();
  const { error } = await supabase.auth.signInWithPassword({
    email: EMAIL,
    password: PASSWORD,
  });
  if (error) throw error;
  return supabase;
}

await tell("signed out", start(client(), "phone"));

const phone = await device();
const laptop = await device();
await tell("bad argument", start(phone, ""));
await tell("start", start(phone, "phone", { device: "Phone", interview_id }));
await tell("heartbeat", heartbeat(phone, "phone"));
await tell("refused", start(laptop, "laptop", { device: "Laptop" }));

const kept = keep(phone, "phone", 50);
for (const step of ["no answer", "retry"]) {
  const takeover = { takeover: true, device: "Laptop", interview_id };
  await tell(step, start(laptop, "laptop", takeover));
}
say("lost", { refusal: inWords(await kept) });
await tell("end of the lost", end(phone, "phone"));

await tell("error page", heartbeat(laptop, "laptop"));
await tell("complete", complete(laptop, "laptop"));
await tell("end", end(laptop, "laptop"));
await tell("unknown", end(laptop, "never"));
await tell("submitted", start(phone, "again", { interview_id }));
await tell("deleted user", start(phone, "late"));
