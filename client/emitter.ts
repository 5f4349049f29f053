// Listeners. What one of them throws is reported, and reaches nobody else.

/** Listeners by name. */
export interface Emitter<Events> {
  on<Name extends keyof Events>(
    name: Name,
    listener: (event: Events[Name]) => void,
  ): () => void;
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
  clear(): void;
}

export function createEmitter<Events>(): Emitter<Events> {
  // entries, since the same function may be added twice
  const added = new Set<
    { name: keyof Events; listener: (event: never) => void }
  >();
  return {
    on(name, listener) {
      const entry = { name, listener };
      added.add(entry);
      return () => added.delete(entry);
    },
    emit(name, event) {
      for (const entry of [...added]) {
        // one before it may have removed it
        if (entry.name === name && added.has(entry)) {
          callSafely(entry.listener, event as never);
        }
      }
    },
    clear: () => added.clear(),
  };
}

/** Calls a function of the app's. */
export function callSafely<T>(listener: (event: T) => unknown, event: T): void {
  try {
    // it may be an async function
    const result = listener(event);
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
  }
}

/** As an uncaught error, without stopping anything. */
export function report(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
}
