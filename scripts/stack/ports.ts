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

/** A port that nothing listens on at this moment. */
export function freePort(): number {
  const listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
