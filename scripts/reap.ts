// `npm run reap`: `npx interview-sessions reap`, in a clone of the repository.
import process from "node:process";

process.argv.splice(2, 0, "reap");
await import("../cli/main.ts");
