// How tests wait: for an event, never for an amount of time. All waits share one
// ceiling, far above what a slow and busy machine needs; a test that reaches it
// fails because the event does not happen.

/** How long an event may take before the test fails, in milliseconds. */
export const ceilingMs = 120_000;

const lookEveryMs = 20;

/** Waits until `condition` holds; fails when the ceiling is reached. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + ceilingMs;
  while (!await condition()) {
    if (performance.now() > giveUpAt) throw didNotHappen(what);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** Resolves with `event`; fails when the ceiling is reached before that. */
export async function awaited<T>(what: string, event: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = setTimeout(() => reject(didNotHappen(what)), ceilingMs);
  try {
    return await Promise.race([event, promise]);
  } finally {
    clearTimeout(giveUp);
  }
}

function didNotHappen(what: string): Error {
  return new Error(`This did not happen in ${ceilingMs / 1000} s: ${what}.`);
}
