// A page with the app's recording and no more of the app: tests call `room`.
import { MantineProvider } from "@mantine/core";
import { createClient } from "@supabase/supabase-js";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { DeviceCheck } from "../../../../examples/interview-room/src/recording/device_check.tsx";
import { openDevices } from "../../../../examples/interview-room/src/recording/devices.ts";
import type { RecordingProblem } from "../../../../examples/interview-room/src/recording/problem.ts";
import {
  createRecording,
  type Recording,
} from "../../../../examples/interview-room/src/recording/recording.ts";
import {
  createStore,
  type Part,
} from "../../../../examples/interview-room/src/recording/store.ts";

import type { Credentials, Room } from "../recording_room.ts";

const config = await (await fetch("/config.json")).json();
const supabase = createClient(config.apiUrl, config.publishableKey);
const store = createStore();

let userId = "";
let recording: Recording;

const room: Room = {
  async signUp(who: Credentials) {
    const { data, error } = await supabase.auth.signUp(who);
    if (error) throw error;
    return userId = data.user!.id;
  },
  async signIn(who: Credentials) {
    const { data, error } = await supabase.auth.signInWithPassword(who);
    if (error) throw error;
    return userId = data.user.id;
  },
  async signOut() {
    await supabase.auth.signOut({ scope: "local" });
  },
  token: async () =>
    (await supabase.auth.getSession()).data.session!.access_token,
  async call(name: string, args: Record<string, unknown>) {
    const { data, error } = await supabase.rpc(name, args);
    if (error) throw new Error(`${name}: ${error.message}`);
    return data;
  },
  async startSession(interviewId: string, takeover = false) {
    const session_id = crypto.randomUUID();
    const interview = { session_id, takeover, interview_id: interviewId };
    await room.call("start_session", interview);
    return session_id;
  },
  open(interviewId: string, retryDelays?: number[]) {
    recording = createRecording({
      supabase,
      url: config.apiUrl,
      key: config.publishableKey,
      userId,
      interviewId,
      ...(retryDelays && { retryDelays }),
    });
  },
  async record(sessionId?: string) {
    recording.start(await openDevices());
    if (sessionId) recording.belongsTo(sessionId);
  },
  stop: () => recording.stop(),
  belongsTo: (sessionId) => recording.belongsTo(sessionId),
  upload: () =>
    recording.upload().then(
      () => null,
      (problem: RecordingProblem) => problem.kind ?? String(problem),
    ),
  state() {
    const { isRecording, problem, upload } = recording.state();
    return { isRecording, problem: problem?.kind ?? null, upload: upload.name };
  },
  async kept(interviewId: string) {
    const parts = await store.parts(userId, interviewId);
    return await Promise.all(parts.map(async (part) => {
      const file = await store.file(part);
      return { ...part, size: file.size, sha256: await hashOf(file) };
    }));
  },
  async recorded(interviewId: string) {
    const part = (await store.parts(userId, interviewId)).at(-1);
    return part ? await secondsOf(await store.file(part)) : 0;
  },
  async leave(interviewId, sessionId, size, id = crypto.randomUUID()) {
    const part: Part = {
      id,
      userId,
      interviewId,
      sessionId,
      type: "video/webm",
      startedAt: new Date().toISOString(),
      uploadUrl: null,
    };
    await store.addPart(part);
    const mebibyte = 1024 * 1024;
    for (let i = 0; i * mebibyte < size; i++) {
      const piece = new Uint8Array(Math.min(mebibyte, size - i * mebibyte));
      for (let at = 0; at < piece.length; at += 65_536) {
        crypto.getRandomValues(piece.subarray(at, at + 65_536));
      }
      await store.addPiece(part.id, i, new Blob([piece]));
    }
  },
  async play(base64: string) {
    const file = new Blob([Uint8Array.fromBase64(base64)], {
      type: "video/webm",
    });
    const video = document.createElement("video");
    video.muted = true;
    video.src = URL.createObjectURL(file);
    document.body.append(video);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    video.onended = () => resolve(video.currentTime);
    video.onerror = () => reject(new Error(video.error?.message));
    await video.play();
    return await promise;
  },
};

/** Where a player lands that goes beyond the end; 0 if nothing can be played yet. */
async function secondsOf(file: Blob): Promise<number> {
  const video = document.createElement("video");
  video.muted = true;
  video.src = URL.createObjectURL(file);
  const { promise, resolve } = Promise.withResolvers<number>();
  video.onloadedmetadata = () => video.currentTime = 1e6;
  video.onseeked = () => resolve(video.currentTime);
  video.onerror = () => resolve(0);
  try {
    return await promise;
  } finally {
    URL.revokeObjectURL(video.src);
    video.removeAttribute("src");
    video.load();
  }
}

async function hashOf(file: Blob): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return new Uint8Array(hash).toHex();
}

Object.assign(globalThis, { room });

/** What the device check ended with. */
function onReady(chosen: MediaStream | null) {
  Object.assign(globalThis, { chosen });
}

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <MantineProvider>
      <DeviceCheck onReady={onReady} />
    </MantineProvider>
  </StrictMode>,
);
