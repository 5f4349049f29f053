// The upload of the recording: pretended, there is none. It takes as long as one
// does; `?upload=1` in the page's address makes it one second.

const SECONDS = 6;
const STEP_MS = 50;

/** Tells how far it is, from 0 to 1. Resolves when all of it is there. */
export async function upload(onProgress: (part: number) => void) {
  const wanted = new URLSearchParams(location.search).get("upload");
  const ms = 1000 * (wanted === null ? SECONDS : Number(wanted) || 0);
  const began = performance.now();
  for (let part = 0; part < 1;) {
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    part = Math.min(1, (performance.now() - began) / Math.max(ms, 1));
    onProgress(part);
  }
}
