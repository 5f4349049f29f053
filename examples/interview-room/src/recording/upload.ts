// Uploads a part to Supabase Storage's resumable endpoint (tus), from where the
// server is.
import {
  DefaultHttpStack,
  type DetailedError,
  type HttpRequest,
  type HttpResponse,
  type HttpStack,
  Upload,
} from "tus-js-client";
import { RecordingProblem } from "./problem.ts";
import type { Part, Store } from "./store.ts";

/** Where recordings go. */
export interface Destination {
  /** `https://<project>.supabase.co`, or its host for storage. */
  url: string;
  /** The publishable key. */
  key: string;
  /** The user's access token; a new one if the server refused the last one. */
  token(o: { isRefused: boolean }): Promise<string>;
}

export const bucket = "recordings";

/** Storage accepts no other size, except for the last one. */
const chunkSize = 6 * 1024 * 1024;

/** Milliseconds before each further attempt; progress starts them afresh. */
const usualRetryDelays = [0, 1_000, 3_000, 5_000, 10_000, 20_000];

/** Uploads a part. Resolves when the server has confirmed all of it. */
export function uploadPart(
  o: {
    part: Part;
    sessionId: string;
    file: Blob;
    store: Store;
    to: Destination;
    retryDelays?: number[] | undefined;
    signal: AbortSignal;
    onProgress(bytes: number): void;
  },
): Promise<void> {
  const { part, to } = o;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const upload = new Upload(o.file, {
    endpoint: `${to.url.replace(/\/+$/, "")}/storage/v1/upload/resumable`,
    uploadUrl: part.uploadUrl,
    headers: { apikey: to.key, "x-upsert": "false" },
    metadata: {
      bucketName: bucket,
      objectName: objectName(part, o.sessionId),
      contentType: o.file.type,
      cacheControl: "3600",
      metadata: JSON.stringify({ startedAt: part.startedAt }),
    },
    chunkSize,
    // the URL is known, and kept, before there is anything to resume
    uploadDataDuringCreation: false,
    onUploadUrlAvailable: () => {
      const uploadUrl = upload.url;
      void o.store.changePart(part.id, { uploadUrl }).catch(() => {});
    },
    // kept with the part instead
    storeFingerprintForResuming: false,
    retryDelays: o.retryDelays ?? usualRetryDelays,
    onShouldRetry: (error) => isWorthRetrying(error),
    httpStack: withFreshTokens(to),
    onProgress: o.onProgress,
    onSuccess: () => resolve(),
    onError: (error) =>
      isThereAlready(error) ? resolve() : reject(problemOf(error)),
  });
  o.signal.addEventListener("abort", () => {
    void upload.abort();
    reject(o.signal.reason);
  });
  upload.start();
  return promise;
}

/** The name of a part in the bucket. */
function objectName(part: Part, sessionId: string): string {
  const extension = part.type.includes("mp4") ? "mp4" : "webm";
  const { userId, interviewId, id } = part;
  return `${userId}/${interviewId}/${sessionId}/${id}.${extension}`;
}

function statusOf(error: Error): number {
  const response = (error as DetailedError).originalResponse;
  return response?.getStatus() ?? 0;
}

/** No answer, a fault of the server, or another request on the same upload. */
function isWorthRetrying(error: Error): boolean {
  const { causingError } = error as DetailedError;
  if (causingError instanceof RecordingProblem) return false;
  const status = statusOf(error);
  return status === 0 || status >= 500 || status === 423 ||
    (status === 409 && !isThereAlready(error));
}

/**
 * A part has a name of its own and is complete when its upload begins: what is
 * there under that name is this part, from an upload whose confirmation was lost.
 */
function isThereAlready(error: Error): boolean {
  const { originalResponse: response } = error as DetailedError;
  return response?.getStatus() === 409 &&
    /already exists/i.test(response.getBody());
}

function problemOf(error: Error): unknown {
  const { causingError } = error as DetailedError;
  if (causingError instanceof RecordingProblem) return causingError;
  if (isWorthRetrying(error)) return new RecordingProblem("unreachable", error);
  const kind = statusOf(error) === 413 ? "too-large" : "refused";
  return new RecordingProblem(kind, error);
}

/**
 * Each request carries the latest token. One that is refused as a bad token would
 * be is sent again with a new token: tus-js-client gives an upload up, and starts
 * it from the beginning, when the server does not say where it is.
 */
function withFreshTokens(to: Destination): HttpStack {
  const plain = new DefaultHttpStack({});
  return {
    getName: () => "FreshTokens",
    createRequest: (method, url) => freshRequest(plain, method, url, to),
  };
}

function freshRequest(
  stack: HttpStack,
  method: string,
  url: string,
  to: Destination,
): HttpRequest {
  const headers: Record<string, string> = {};
  let onProgress = (_bytes: number) => {};
  let isAborted = false;
  let current = stack.createRequest(method, url);

  async function attempt(body: unknown, isRefused: boolean) {
    const authorization = `Bearer ${await to.token({ isRefused })}`;
    if (isAborted) throw new DOMException("Aborted", "AbortError");
    if (isRefused) current = stack.createRequest(method, url);
    for (const [name, value] of Object.entries({ ...headers, authorization })) {
      current.setHeader(name, value);
    }
    current.setProgressHandler(onProgress);
    return await current.send(body);
  }

  return {
    getMethod: () => method,
    getURL: () => url,
    setHeader: (name, value) => headers[name] = value,
    getHeader: (name) => headers[name],
    setProgressHandler: (handler) => onProgress = handler,
    async send(body) {
      let response = await attempt(body, false);
      // Storage answers 400 to an expired token
      if ([400, 401, 403].includes(response.getStatus())) {
        response = await attempt(body, true);
      }
      if (method === "HEAD") requireKnown(response);
      return response;
    },
    async abort() {
      isAborted = true;
      await current.abort();
    },
    getUnderlyingObject: () => current.getUnderlyingObject(),
  };
}

/** Only these say that there is no such upload any more. */
function requireKnown(response: HttpResponse) {
  const status = response.getStatus();
  const isAnswer = status < 300 || [404, 410, 423].includes(status);
  if (!isAnswer) throw new Error(`The server answered ${status}.`);
}
