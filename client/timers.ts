// Timers that are on time in a hidden page: browsers throttle the timers of hidden
// pages to one a minute, but not those of workers. Each timer runs in both places,
// and the first one counts, so a worker that does not run, because of a content
// security policy say, is not missed.
import { after, attempt } from "./common.ts";

const source = `onmessage=({data:[id,ms]})=>setTimeout(()=>postMessage(id),ms)`;

/** Timers, and the worker that they share. */
export interface Timers {
  after(seconds: number, work: () => void): () => void;
  /** Ends the worker; the next timer starts another. */
  release(): void;
}

/** Starts nothing until the first timer. */
export function createTimers(): Timers {
  const pending = new Map<number, () => void>();
  let worker: Worker | undefined;
  let last = 0;
  return {
    after(seconds, work) {
      const id = ++last;
      const fire = () => {
        cancel();
        work();
      };
      const cancelOwn = after(seconds, fire);
      const cancel = () => {
        cancelOwn();
        pending.delete(id);
      };
      pending.set(id, fire);
      worker ??= makeWorker((id) => pending.get(id)?.());
      worker?.postMessage([id, seconds * 1000]);
      return cancel;
    },
    release() {
      worker?.terminate();
      worker = undefined;
    },
  };
}

/** Undefined where a content security policy forbids workers at once. */
function makeWorker(fired: (id: number) => void): Worker | undefined {
  return attempt(() => {
    const url = URL.createObjectURL(
      new Blob([source], { type: "text/javascript" }),
    );
    const worker = new Worker(url);
    URL.revokeObjectURL(url);
    worker.onmessage = ({ data }) => fired(data);
    return worker;
  });
}
