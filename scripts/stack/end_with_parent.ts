// Loaded into each Edge Function's process before the function: ends it when the
// stack is gone, in whatever way. The stack holds the other end of its standard
// input, and nothing is ever written to it.
Deno.stdin.readable.pipeTo(new WritableStream()).finally(() => Deno.exit());
