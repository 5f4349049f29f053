// Records while the session is live, and uploads what is on this device.
import { useEffect, useState, useSyncExternalStore } from "react";
import type { InterviewSession } from "interview-sessions";
import { useSessionState } from "interview-sessions/react";
import { close } from "./devices.ts";
import {
  createRecording,
  type RecordingOptions,
  type RecordingState,
} from "./recording.ts";

/**
 * The recording of the interview that `session` holds: of `stream`, or of nothing.
 * Parts that a crash left on this device are uploaded at once. For another user or
 * interview, mount the component anew.
 */
export function useRecording(
  session: InterviewSession,
  { stream, ...o }: RecordingOptions & { stream: MediaStream | null },
): {
  state: RecordingState;
  /** Stops recording and uploads all of it: for the work of `submit`. */
  finish(): Promise<void>;
} {
  const [recording] = useState(() => createRecording(o));
  const state = useSyncExternalStore(recording.subscribe, recording.state);
  const sessionState = useSessionState(session);
  const { name } = sessionState;
  const id = "session" in sessionState
    ? sessionState.session.session_id
    : undefined;

  useEffect(() => {
    uploadInBackground();
    return recording.release;
  }, [recording]);

  useEffect(() => {
    if (id) recording.belongsTo(id);
    if (stream && (name === "live" || name === "unregistered")) {
      recording.start(stream);
    }
    if (id) uploadInBackground();
    if (name === "over") finish().catch(() => {});
  }, [recording, stream, name, id]);

  /** `state` tells of a failure. */
  function uploadInBackground() {
    recording.upload().catch(() => {});
  }

  async function finish() {
    await recording.stop();
    close(stream);
    await recording.upload();
  }

  return { state, finish };
}
