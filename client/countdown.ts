// Counts down to the deadline, on the environment's clock.
import type { Environment } from "./environment.ts";

/** A timer longer than 24 days overflows in browsers: none is longer than a day. */
export const longestTimer = 86_400;

/** Counts down to one deadline at a time. */
export interface Countdown {
  /** The deadline is `at` by the server's clock, and `on` by the environment's. */
  set(at: string, on: number): void;
  clear(): void;
  /** Seconds until the deadline. */
  left(): number | undefined;
}

/**
 * Calls `warn` when so many seconds are left, once for each deadline, and `reached`
 * when none are.
 */
export function createCountdown(
  environment: Environment,
  warnAt: readonly number[],
  warn: (secondsLeft: number) => void,
  reached: () => void,
): Countdown {
  let deadline: { at: string; on: number; next: number[] } | undefined;
  let cancel = () => {};

  const left = () => deadline && Math.max(0, deadline.on - environment.now());

  function look() {
    cancel();
    const seconds = left();
    if (!deadline || seconds === undefined) return;
    if (seconds === 0) return reached();
    const isDue = deadline.next.some((at) => at >= seconds);
    deadline.next = deadline.next.filter((at) => at < seconds);
    const wait = seconds - Math.max(0, ...deadline.next);
    // not too early by a rounded clock
    cancel = environment.after(
      Math.min(Math.max(wait, 0.05), longestTimer),
      look,
    );
    if (isDue) warn(seconds);
  }

  return {
    set(at, on) {
      const next = deadline?.at === at ? deadline.next : [...warnAt];
      deadline = { at, on, next };
      look();
    },
    clear() {
      deadline = undefined;
      cancel();
    },
    left,
  };
}
