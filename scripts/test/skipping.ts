// Loaded before a file of Deno tests: ignores the tests whose names TEST_SKIPPED lists,
// a JSON array.
import process from "node:process";

const skipped: string[] = JSON.parse(process.env.TEST_SKIPPED ?? "[]");
const register = Deno.test;

function registerUnlessSkipped(name: string, work: () => Promise<void>) {
  if (skipped.includes(name)) register.ignore(name, work);
  else register(name, work);
}

Deno.test = Object.assign(registerUnlessSkipped, register) as typeof Deno.test;
