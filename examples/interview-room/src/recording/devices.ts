// The camera and the microphone: opening, choosing, listening.
import { deviceProblem, RecordingProblem } from "./problem.ts";

/** Ids of the chosen devices; the browser's choice where there is none. */
export interface Choice {
  camera?: string | undefined;
  microphone?: string | undefined;
}

/** What there is to choose from. */
export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

/**
 * Opens both, or the one that there is. Asks for permission where the browser
 * wants it. Rejects with a `RecordingProblem`.
 */
export async function openDevices(choice: Choice = {}): Promise<MediaStream> {
  if (!isSecureContext) throw new RecordingProblem("insecure");
  if (!navigator.mediaDevices) throw new RecordingProblem("unsupported");
  const video = { width: 640, height: 480, ...exactly(choice.camera) };
  const audio = choice.microphone ? exactly(choice.microphone) : true;
  const open = (constraints: MediaStreamConstraints) =>
    navigator.mediaDevices.getUserMedia(constraints)
      .catch((cause) => Promise.reject(deviceProblem(cause)));
  try {
    return await open({ video, audio });
  } catch (problem) {
    if (!isNone(problem)) throw problem;
  }
  try {
    return await open({ audio });
  } catch (problem) {
    if (!isNone(problem)) throw problem;
    return await open({ video });
  }
}

function exactly(deviceId?: string): MediaTrackConstraints {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

function isNone(problem: unknown): boolean {
  return problem instanceof RecordingProblem && problem.kind === "none";
}

/** The devices by name, which a page learns once it has permission. */
export async function listDevices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const ofKind = (kind: MediaDeviceKind) =>
    all.filter((device) => device.kind === kind && device.deviceId);
  return { cameras: ofKind("videoinput"), microphones: ofKind("audioinput") };
}

/** Turns devices off. */
export function close(stream: MediaStream | null | undefined) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Reports how loud it is, from 0 to 1, several times a second. */
export function listen(
  stream: MediaStream,
  onLevel: (level: number) => void,
): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) /
      samples.length;
    const decibels = 10 * Math.log10(power + 1e-10);
    onLevel(Math.min(1, Math.max(0, 1 + decibels / 60)));
  }, 100);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
