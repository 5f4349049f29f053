// Asks the system about TCP ports of this machine.
import { StackProblem } from "./problem.ts";

const hostname = "127.0.0.1";

/** Refuses a port that something else listens on, and says what to do. */
export function requireFreePort(port: number, what: string, option: string) {
  try {
    Deno.listen({ hostname, port }).close();
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) {
      throw portTaken(port, what, option, cause);
    }
    throw new StackProblem(
      `Port ${port} cannot be used for ${what}: ${(cause as Error).message}. ` +
        `Choose another one with ${option}.`,
      { cause },
    );
  }
}

/** The sentence for a port that is taken. */
export function portTaken(
  port: number,
  what: string,
  option: string,
  cause?: unknown,
): StackProblem {
  return new StackProblem(
    `Port ${port}, wanted for ${what}, is taken by another program. ` +
      `Stop that program, or choose another port with ${option}.`,
    { cause },
  );
}

/**
 * A port that nothing listens on at this moment. Below those that the system gives
 * to outgoing connections (from 32768 on Linux, 49152 on macOS): one of these would
 * take it while a server is restarted on it.
 */
export function freePort(): number {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    try {
      Deno.listen({ hostname, port }).close();
      return port;
    } catch (cause) {
      if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    }
  }
}
