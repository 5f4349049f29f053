// A timer that runs at full rate in a hidden tab: browsers throttle the timers of
// hidden pages to one a minute, but not those of workers.

const source =
  `let t;onmessage=({data})=>{clearInterval(t);if(data)t=setInterval(()=>postMessage(0),data)}`;

/** A repeating timer. */
export interface Ticks {
  /** Sets the interval in milliseconds; 0 stops. */
  every(ms: number): void;
  stop(): void;
}

/** Calls `tick` repeatedly, from the first call of `every` on. */
export function startTicks(tick: () => void): Ticks {
  const worker = makeWorker(tick);
  let timer: ReturnType<typeof setInterval> | undefined;
  let current = 0;
  return {
    every(ms) {
      if (ms === current) return;
      current = ms;
      if (worker) return worker.postMessage(ms);
      clearInterval(timer);
      timer = ms ? setInterval(tick, ms) : undefined;
    },
    stop() {
      clearInterval(timer);
      worker?.terminate();
    },
  };
}

/** Undefined in Node, and where a content security policy forbids workers. */
function makeWorker(tick: () => void): Worker | undefined {
  if (typeof Worker === "undefined") return undefined;
  try {
    const url = URL.createObjectURL(
      new Blob([source], { type: "text/javascript" }),
    );
    const worker = new Worker(url);
    URL.revokeObjectURL(url);
    worker.onmessage = tick;
    return worker;
  } catch {
    return undefined;
  }
}
