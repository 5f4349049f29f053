// A timer that a hidden tab does not slow down: browsers throttle a page's own
// timers to one a minute, a worker's they do not.

const source =
  `let t;onmessage=({data})=>{clearInterval(t);if(data)t=setInterval(()=>postMessage(0),data)}`;

/** Something that ticks. */
export interface Ticks {
  /** Milliseconds from one tick to the next, from now on. */
  every(ms: number): void;
  stop(): void;
}

/** Calls `tick` again and again, once `every` has said how often. */
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
      timer = setInterval(tick, ms);
    },
    stop() {
      clearInterval(timer);
      worker?.terminate();
    },
  };
}

/** Undefined where a worker is not allowed (a content security policy). */
function makeWorker(tick: () => void): Worker | undefined {
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
