// Loaded before a file of Deno tests: ignores the tests whose names match a regular
// expression in TEST_SKIPPED, a JSON array.
import process from "node:process";

const skipped = (JSON.parse(process.env.TEST_SKIPPED ?? "[]") as string[])
  .map((source) => new RegExp(source));
const register = Deno.test;
let isAnyRun = false;

function registerUnlessSkipped(name: string, work: () => Promise<void>) {
  const isSkipped = skipped.some((names) => names.test(name));
  if (!isSkipped) isAnyRun = true;
  (isSkipped ? register.ignore : register)(name, work);
}

/** What nobody needs may be what cannot be done. */
function beforeAll(work: () => void | Promise<void>) {
  register.beforeAll(async () => {
    if (isAnyRun) await work();
  });
}

Object.assign(Deno, {
  test: Object.assign(registerUnlessSkipped, register, { beforeAll }),
});
